import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Log } from '../../node/log/log.js';
import { readFill } from '../../node/log/read-segment.js';
import { LYON } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { leafHash } from '../../node/tlog/hash.js';
import { HoleReason, HoleSchema, type Segment, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { aLog, entries, NL, openLog, rules, SIGNER, segmentOf } from './logs.js';

/** The segment with the entries at these indices told as holes. */
function withHoles(segment: Segment, indices: readonly number[], reason = HoleReason.MISSING): Segment {
  const from = Number(segment.from);
  return create(SegmentSchema, {
    ...segment,
    entries: segment.entries.map((entry, offset) =>
      indices.includes(from + offset) ? new Uint8Array(0) : entry,
    ),
    holes: indices.map((index) =>
      create(HoleSchema, {
        index: BigInt(index),
        leafHash: leafHash(segment.entries[index - from] as Uint8Array),
        reason,
      }),
    ),
  });
}

describe('a segment', () => {
  let author: Log;
  beforeAll(async () => {
    author = await aLog(600);
  });

  it('altered in any one byte changes nothing, or nothing that counts', async () => {
    const bytes = toBinary(SegmentSchema, await segmentOf(author, 100, 1200));
    let store = createMemoryStore();
    let reader = await openLog(store);
    await reader.extend(await segmentOf(author, 0, 1e6, 100));
    expect(reader.size).toBe(100);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const altered = new Uint8Array(bytes);
          altered[at] = (altered[at] as number) ^ flip;
          let segment: Segment;
          try {
            segment = fromBinary(SegmentSchema, altered);
          } catch {
            return;
          }
          try {
            await reader.extend(segment);
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^(bad-segment|bad-proof|gap|size-out-of-range)$/),
            });
            expect(reader.size).toBe(100);
            expect((await openLog(store)).size).toBe(100);
            return;
          }
          // What was taken nevertheless is the author's: a flipped bit in what we do not read.
          expect(await reader.read(0, reader.size)).toEqual(await author.read(0, reader.size));
          store = createMemoryStore();
          reader = await openLog(store);
          await reader.extend(await segmentOf(author, 0, 1e6, 100));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('that does not follow the log is a gap', async () => {
    const reader = await openLog();
    await expect(reader.extend(await segmentOf(author, 5))).rejects.toMatchObject({ code: 'gap' });
  });

  it('that overlaps the log is taken from its end on, and one that is known brings nothing', async () => {
    const reader = await openLog();
    await reader.extend(await segmentOf(author, 0, 1e6, 300));
    await reader.extend(await segmentOf(author, 200));
    expect(reader.root).toEqual(author.root);
    expect(await reader.extend(await segmentOf(author, 200))).toBe(600);
  });

  it('from a relay that is behind the checkpoint is proven in two steps', async () => {
    const relay = await openLog();
    await relay.extend(await segmentOf(author, 0, 1e6, 450));
    expect(relay.settled).toBeUndefined();
    const reader = await openLog();
    const first = await segmentOf(relay, 0, 1e6, 200);
    expect(first.via?.size).toBe(450n);
    await reader.extend(first);
    await reader.extend(await segmentOf(relay, 200));
    expect(reader.size).toBe(450);
    await reader.extend(await segmentOf(author, 450));
    expect(reader.root).toEqual(author.root);
  });

  it('whose two steps do not meet is refused', async () => {
    const relay = await openLog();
    await relay.extend(await segmentOf(author, 0, 1e6, 450));
    const segment = await segmentOf(relay, 0, 1e6, 200);
    const other = await segmentOf(relay, 0, 1e6, 201);
    const via = { ...segment.via, proof: other.via?.proof ?? [] } as NonNullable<Segment['via']>;
    const reader = await openLog();
    await expect(reader.extend({ ...segment, via })).rejects.toMatchObject({ code: 'bad-proof' });
    expect(reader.size).toBe(0);
  });

  it('holds no more memory than its own bytes once it is in the tail', async () => {
    const reader = await openLog();
    const wire = toBinary(SegmentSchema, await segmentOf(author, 0));
    await reader.extend(fromBinary(SegmentSchema, wire));
    const kept = (await reader.read(512, 600)) as Uint8Array[];
    expect(kept).toHaveLength(88);
    for (const entry of kept) expect(entry.buffer.byteLength).toBe(entry.length);
  });
});

describe('holes', () => {
  it('are kept, counted, and filled once with the right bytes only', async () => {
    const author = await aLog(600);
    const store = createMemoryStore();
    let reader = await openLog(store);
    const wanted = [0, 3, 255, 256, 513, 599];
    await reader.extend(withHoles(await segmentOf(author, 0), wanted));
    expect(reader.root).toEqual(author.root);
    expect(reader.holes).toBe(6);
    expect((await reader.listDueHoles(100)).map((hole) => Number(hole.index))).toEqual(wanted);
    reader = await openLog(store);
    expect(reader.holes).toBe(6);
    const wrong = create(SegmentSchema, { log: NL, from: 3n, entries: entries(1, 4), fill: true });
    await expect(reader.fill(wrong)).rejects.toMatchObject({ code: 'bad-proof' });
    expect(reader.holes).toBe(6);
    const whole = (await readFill(author, LYON, 0, 600, 1e6)) as Segment;
    expect(await reader.fill(whole)).toBe(6);
    expect(await reader.fill(whole)).toBe(0);
    for (const log of [reader, await openLog(store)]) {
      expect(log.holes).toBe(0);
      expect(await log.listDueHoles(10)).toEqual([]);
      expect(await log.read(0, 600)).toEqual(entries(600));
    }
  });

  it('whose bytes come and break a rule are asked for no longer, and told of once', async () => {
    const author = await aLog(6);
    const told: string[] = [];
    const examine = () => ({ reason: HoleReason.REFUSED, rule: 'no hash' }) as const;
    const refusing = rules({ examine });
    const reader = await Log.open(NL, createMemoryStore(), refusing, (_log, index, rule) =>
      told.push(`${index}: ${rule}`),
    );
    await reader.extend(withHoles(await segmentOf(author, 0), [0, 1, 2, 3, 4, 5]));
    const fill = (await readFill(author, LYON, 4, 5, 1e6)) as Segment;
    for (let times = 0; times < 2; times++) expect(await reader.fill(fill)).toBe(0);
    expect(told).toEqual(['4: no hash']);
    const holes = await reader.listDueHoles(10);
    expect(holes.map(({ reason }) => HoleReason[reason])).toEqual([
      ...['MISSING', 'MISSING', 'MISSING', 'MISSING'],
      ...['REFUSED', 'MISSING'],
    ]);
    expect(reader).toMatchObject({ holes: 6, dueHoles: 6 });
  });

  it('that are filled while the log grows cost it nothing', async () => {
    const author = await aLog(300);
    const store = createMemoryStore();
    const reader = await openLog(store);
    await reader.extend(withHoles(await segmentOf(author, 0), [10, 280]));
    const fill = (await readFill(author, LYON, 0, 300, 1e6)) as Segment;
    await author.append(entries(700, 300), SIGNER);
    const filling = [reader.fill(fill), reader.fill(fill)];
    const growing: Promise<unknown>[] = [];
    for (let from = 300; from < 1000; from += 70) {
      growing.push(reader.extend(await segmentOf(author, from, 1e6, from + 70)));
    }
    await Promise.all(growing);
    const filled = await Promise.all(filling);
    expect(filled.reduce((sum, count) => sum + count, 0)).toBe(2);
    const again = await openLog(store);
    expect(again.size).toBe(1000);
    expect(again.holes).toBe(0);
    expect(await again.read(0, 1000)).toEqual(entries(1000));
  });

  it('in a bundle that fills later stay holes', async () => {
    const author = await aLog(200);
    const store = createMemoryStore();
    const reader = await openLog(store);
    await reader.extend(withHoles(await segmentOf(author, 0), [150]));
    await author.append(entries(200, 200), SIGNER);
    await reader.extend(await segmentOf(author, 200));
    const again = await openLog(store);
    expect((await again.listDueHoles(10)).map((hole) => Number(hole.index))).toEqual([150]);
    const relayed = await segmentOf(again, 0);
    expect(relayed.holes.map((hole) => Number(hole.index))).toEqual([150]);
    expect(relayed.entries[150]).toHaveLength(0);
  });

  it('stand for entries that break a rule, and are told on as missing', async () => {
    const author = await aLog(10);
    const log = await openLog(createMemoryStore(), {
      examine: (index) => (index === 4 ? { reason: HoleReason.REFUSED, rule: 'no hash' } : undefined),
    });
    await log.extend(await segmentOf(author, 0));
    expect(log.holes).toBe(1);
    expect(log.root).toEqual(author.root);
    const relayed = await segmentOf(log, 0);
    expect(relayed.holes.map((hole) => hole.reason)).toEqual([HoleReason.MISSING]);
  });

  it('carry nothing but what a hole has', async () => {
    const author = await aLog(10);
    const segment = withHoles(await segmentOf(author, 0), [4]);
    const hole = segment.holes[0] as NonNullable<Segment['holes'][0]>;
    hole.$unknown = [{ no: 99, wireType: 2, data: new Uint8Array(Buffer.from('\u0008a secret')) }];
    const reader = await openLog();
    await reader.extend(segment);
    const relayed = toBinary(SegmentSchema, await segmentOf(reader, 0));
    expect(Buffer.from(relayed).includes('a secret')).toBe(false);
  });

  it('are read for a peer in runs that fit the wire', async () => {
    const log = await openLog();
    await log.append(
      Array.from({ length: 256 }, () => new Uint8Array(8000)),
      SIGNER,
    );
    const fill = (await readFill(log, LYON, 0, 256, 768 * 1024)) as Segment;
    expect(toBinary(SegmentSchema, fill).length).toBeLessThan(1024 * 1024);
  });
});
