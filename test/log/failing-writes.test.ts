import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAppender } from '../../node/log/appender.js';
import type { Log } from '../../node/log/log.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { openCheckpoint } from '../../node/tlog/checkpoint.js';
import { ed25519Verifier } from '../../node/tlog/note.js';
import { FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { AUTHOR, aLog, entries, NL, noteOver, openLog, SIGNER, segmentOf } from './logs.js';

describe('a write that fails', () => {
  it('leaves the log where the disk stands, and takes what is queued behind it along', async () => {
    let disk: 'good' | 'full' = 'good';
    const store = createMemoryStore({
      sync: async () => {
        if (disk === 'full') throw new Error('no space left on device');
      },
    });
    const author = await aLog(30);
    const reader = await openLog(store);
    await reader.extend(await segmentOf(author, 0, 1e6, 10));
    disk = 'full';
    const runs = [await segmentOf(author, 10, 1e6, 20), await segmentOf(author, 20, 1e6, 30)];
    const writes = runs.map((run) => reader.extend(run));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    expect(reader.size).toBe(10);
    expect(await reader.read(0, 100)).toEqual(entries(10));
  });

  it('because of a cut does not stop what is below the cut', async () => {
    const author = await aLog(30);
    const root = await author.rootAt(15);
    const reader = await openLog(createMemoryStore(), { cut: () => ({ size: 15, root }) });
    const runs = [await segmentOf(author, 0, 1e6, 20), await segmentOf(author, 20, 1e6, 30)];
    const over = runs.map((run) => reader.extend(run));
    const outcomes = await Promise.allSettled(over);
    expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.code)).toEqual([
      'closed',
      'write-abandoned',
    ]);
    expect(await reader.extend(await segmentOf(author, 0, 1e6, 15))).toBe(15);
    await expect(reader.extend(await segmentOf(author, 15))).rejects.toMatchObject({ code: 'closed' });
  });

  it('because of a cut does not pass for what another peer sends meanwhile, up to the cut', async () => {
    const author = await aLog(30);
    const root = await author.rootAt(15);
    const reader = await openLog(createMemoryStore(), { cut: () => ({ size: 15, root }) });
    const runs = [await segmentOf(author, 0, 1e6, 20), await segmentOf(author, 0, 1e6, 15)];
    const [over, upToCut] = runs.map((run) => reader.extend(run));
    await expect(over).rejects.toMatchObject({ code: 'closed' });
    expect(await upToCut).toBe(15);
    expect(await reader.read(0, 100)).toEqual(entries(15));
  });

  it('because the tree at the cut is another than the registry names is refused', async () => {
    const author = await aLog(30);
    const reader = await openLog(createMemoryStore(), {
      cut: () => ({ size: 15, root: new Uint8Array(32) }),
    });
    await expect(reader.extend(await segmentOf(author, 0, 1e6, 15))).rejects.toMatchObject({
      code: 'cut-differs',
    });
    expect(reader.size).toBe(0);
  });

  it('makes an author whose log is cut append nothing more', async () => {
    let cut: { size: number; root: Uint8Array } | undefined;
    const log = await openLog(createMemoryStore(), { cut: () => cut });
    await log.append(entries(5), SIGNER);
    cut = { size: 5, root: log.root };
    await expect(log.append(entries(1, 5), SIGNER)).rejects.toMatchObject({ code: 'closed' });
    expect(log.size).toBe(5);
  });
});

describe('what was to be written behind a write that fails', () => {
  /** A log of ten on a disk that has stopped, with a run past its cut and what `then` writes queued behind it. */
  async function behindACut(then: (log: Log, author: Log) => Promise<unknown>): Promise<Log> {
    const author = await aLog(20);
    const root = await author.rootAt(15);
    let disk = Promise.resolve();
    const store = createMemoryStore({ sync: () => disk });
    const log = await openLog(store, { cut: () => ({ size: 15, root }) });
    await log.extend(await segmentOf(author, 0, 1e6, 10));
    const runs = [await segmentOf(author, 10, 1e6, 12), await segmentOf(author, 12, 1e6, 20)];
    let goOn = (): void => {};
    disk = new Promise((resolve) => {
      goOn = resolve;
    });
    const [good, over] = runs.map((run) => log.extend(run));
    const done = then(log, author);
    // It is queued by then: nothing before it waits for the disk.
    setImmediate(goOn);
    await expect(over).rejects.toMatchObject({ code: 'closed' });
    await good;
    await done;
    return log;
  }

  it('is still purged', async () => {
    const fates = new Map([[3, { kind: 'retracted', by: 4, generation: 0 } as const]]);
    const log = await behindACut(async (log) => expect(await log.purge(fates)).toBe(1));
    expect([log.size, log.purged]).toEqual([12, 1]);
  });

  it('is still kept as the proof of a fork', async () => {
    const log = await behindACut((log, author) => {
      const other = noteOver([...entries(7), ...entries(1, 7, 'other')]);
      const proof = { log: NL, first: other, second: author.checkpoint?.note as Uint8Array };
      return log.freeze(create(FaultSchema, proof));
    });
    expect(log.fault).toBeDefined();
    expect(log.size).toBe(12);
  });
});

describe('power cut', () => {
  it('loses nothing that was acknowledged and no checkpoint that anyone saw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
        fc.nat({ max: 8 }),
        fc.nat({ max: 3 }),
        async (batches, synced, kept) => {
          let syncs = 0;
          let stuck = (): void => {};
          const isStuck = new Promise<void>((resolve) => {
            stuck = resolve;
          });
          const store = createMemoryStore({
            sync: () => {
              if (syncs++ < synced) return Promise.resolve();
              stuck();
              return new Promise(() => {});
            },
          });
          const log = await openLog(store);
          const seen: Uint8Array[] = [];
          const acknowledged: number[] = [];
          log.onChange((changed) => {
            if (changed.checkpoint !== undefined) seen.push(changed.checkpoint.note);
          });
          const appender = createAppender(log, SIGNER);
          let next = 0;
          const working = (async () => {
            for (const count of batches) {
              const all = entries(count, next).map((entry) => appender.append([entry]));
              next += count;
              acknowledged.push(...(await Promise.all(all)));
            }
          })().catch(() => {});
          await Promise.race([isStuck, working]);
          const after = await openLog(store.powerCut(kept));
          await working;
          expect(await after.read(0, after.size)).toEqual(entries(after.size));
          expect(after.size).toBeGreaterThanOrEqual(acknowledged.length);
          for (const note of seen) {
            const head = openCheckpoint(note, ed25519Verifier(NL, AUTHOR.publicKey));
            expect(Buffer.compare(await after.rootAt(head.size), head.root)).toBe(0);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('an author that was set back', () => {
  it('appends nothing below a checkpoint that it signed itself', async () => {
    const author = await aLog(100);
    const restored = await openLog();
    await restored.extend(await segmentOf(author, 0, 1e6, 60));
    await expect(restored.append(entries(1, 60, 'other'), SIGNER)).rejects.toMatchObject({
      code: 'behind-own-checkpoint',
    });
    await restored.extend(await segmentOf(author, 60));
    expect((await restored.append(entries(1, 100), SIGNER)).size).toBe(101);
  });
});
