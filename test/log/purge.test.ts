import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHole } from '../../node/log/item.js';
import type { Log } from '../../node/log/log.js';
import type { Fate } from '../../node/log/purged-hole.js';
import { readFill } from '../../node/log/read-segment.js';
import { LYON } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { leafHash } from '../../node/tlog/hash.js';
import { verifyInclusion } from '../../node/tlog/proof.js';
import { HoleReason, type Segment, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { aLog, entries, openLog, SIGNER, segmentOf } from './logs.js';

const retracted = (by: number): Fate => ({ kind: 'retracted', by, generation: 0 });

/** The log's copy at a reader that gets it in runs of at most so many bytes. */
async function copyOf(log: Log, maxBytes: number): Promise<Log> {
  const reader = await openLog();
  while (reader.size < log.size) await reader.extend(await segmentOf(log, reader.size, maxBytes));
  return reader;
}

describe('a purge', () => {
  it('never changes the root, is served, and stays, whenever it comes', async () => {
    const anAct = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 300 }) }),
      fc.record({
        kind: fc.constant('purge' as const),
        picks: fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 }),
        meanwhile: fc.integer({ min: 0, max: 200 }),
      }),
      fc.record({ kind: fc.constant('restart' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(anAct, { minLength: 2, maxLength: 10 }),
        fc.integer({ min: 200, max: 9000 }),
        async (acts, maxBytes) => {
          const store = createMemoryStore();
          const whole = await openLog();
          let log = await openLog(store);
          const purged = new Set<number>();
          const append = async (count: number): Promise<void> => {
            if (count === 0) return;
            const from = whole.size;
            await whole.append(entries(count, from), SIGNER);
            await log.append(entries(count, from), SIGNER);
          };
          for (const act of acts) {
            if (act.kind === 'restart') log = await openLog(store);
            else if (act.kind === 'append') await append(act.count);
            else {
              const picks = act.picks
                .map((pick) => pick % Math.max(1, log.size))
                .filter((at) => at < log.size);
              const fates = new Map(picks.map((at) => [at, retracted(at + 1)]));
              const fresh = new Set(picks.filter((at) => !purged.has(at))).size;
              const [dropped] = await Promise.all([log.purge(fates), append(act.meanwhile)]);
              expect(dropped).toBe(fresh);
              for (const at of picks) purged.add(at);
            }
          }
          for (const each of [log, await openLog(store), await copyOf(log, maxBytes)]) {
            expect(each.size).toBe(whole.size);
            expect(each.root).toEqual(whole.root);
            expect(each.purged + each.holes).toBe(purged.size);
            const kept = entries(whole.size);
            for (const [at, item] of (await each.read(0, each.size)).entries()) {
              expect(isHole(item)).toBe(purged.has(at));
              if (!isHole(item)) expect(Buffer.compare(item, kept[at] as Uint8Array)).toBe(0);
            }
          }
          for (const at of [...purged].slice(0, 3)) {
            const leaf = leafHash(entries(1, at)[0] as Uint8Array);
            const proof = await log.inclusion(at, log.size);
            expect(verifyInclusion(at, log.size, leaf, proof, log.root)).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('leaves nothing of the bytes on the disk of the log', async () => {
    const store = createMemoryStore();
    const log = await aLog(600, store);
    await log.purge(new Map([3, 300, 599].map((at) => [at, retracted(at + 1)])));
    for (const key of await store.keys(log.name, 't')) {
      const object = Buffer.from((await store.object(log.name, key)) as Uint8Array);
      for (const at of [3, 300, 599]) expect(object.includes(`entry ${at}\0`)).toBe(false);
    }
    expect(
      (await log.listPurged()).map(({ index, reason, by }) => [Number(index), reason, Number(by)]),
    ).toEqual([
      [3, HoleReason.RETRACTED, 4],
      [300, HoleReason.RETRACTED, 301],
      [599, HoleReason.RETRACTED, 600],
    ]);
  });

  it('is for good: the right bytes, sent again, do not come back', async () => {
    const author = await aLog(300);
    const log = await copyOf(author, 1e6);
    await log.purge(
      new Map([
        [7, retracted(200)],
        [280, { kind: 'expired', keepUntilDay: 20_000 }],
      ]),
    );
    expect(await log.fill((await readFill(author, LYON, 0, 300, 1e6)) as Segment)).toBe(0);
    await log.extend(await segmentOf(author, 0));
    expect(log.purged).toBe(2);
    expect(log.holes).toBe(0);
    expect(await log.listDueHoles(10)).toEqual([]);
  });

  it('is of bytes that were missing as well, which are then not asked for again', async () => {
    const author = await aLog(20);
    await author.purge(new Map([[5, retracted(9)]]));
    const log = await copyOf(author, 1e6);
    expect([log.holes, log.purged]).toEqual([1, 0]);
    expect(await log.purge(new Map([[5, retracted(9)]]))).toBe(0);
    expect([log.holes, log.purged]).toEqual([0, 1]);
    await log.doubt([5]);
    expect([log.holes, log.purged]).toEqual([1, 0]);
  });

  it('is told to others with its reason, also by a node that cannot check it', async () => {
    const author = await aLog(20);
    await author.purge(
      new Map<number, Fate>([
        [5, { kind: 'retracted', by: 2, generation: 3 }],
        [6, { kind: 'expired', keepUntilDay: 20_000 }],
      ]),
    );
    const relayed = await segmentOf(await copyOf(author, 1e6), 0);
    expect(relayed.holes).toEqual((await segmentOf(author, 0)).holes);
    expect(
      relayed.holes.map(({ reason, by, byGeneration, keepUntilDay }) => [
        reason,
        by,
        byGeneration,
        keepUntilDay,
      ]),
    ).toEqual([
      [HoleReason.RETRACTED, 2n, 3, 0],
      [HoleReason.EXPIRED, 0n, 0, 20_000],
    ]);
  });

  it('that a peer claims of a place by what stands before it is no claim', async () => {
    const author = await aLog(20);
    const segment = await segmentOf(author, 0);
    await author.purge(new Map([[5, retracted(3)]]));
    const told = await segmentOf(author, 0);
    const log = await openLog();
    await log.extend(create(SegmentSchema, { ...segment, entries: told.entries, holes: told.holes }));
    expect((await segmentOf(log, 0)).holes.map(({ reason }) => reason)).toEqual([HoleReason.MISSING]);
  });
});
