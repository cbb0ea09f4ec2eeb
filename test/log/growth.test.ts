import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAppender } from '../../node/log/appender.js';
import type { Log } from '../../node/log/log.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { leafHash } from '../../node/tlog/hash.js';
import { verifyConsistency, verifyInclusion } from '../../node/tlog/proof.js';
import { aLog, entries, NL, openLog, SIGNER, segmentOf } from './logs.js';

const batches = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 12 });

async function tiles(store: ReturnType<typeof createMemoryStore>): Promise<Record<string, string>> {
  const keys = await store.keys(NL, 'tile/');
  const values = await store.objects(NL, keys);
  return Object.fromEntries(keys.map((key, at) => [key, Buffer.from(values[at] ?? []).toString('base64')]));
}

async function proofs(log: Log, sizes: readonly number[]): Promise<unknown> {
  const all: unknown[] = [];
  for (const size of sizes) {
    all.push(await log.rootAt(size), await log.consistency(size, log.size));
    if (size > 0) all.push(await log.inclusion(size - 1, log.size));
  }
  return all;
}

describe('a log that grows', () => {
  it('is the same after any batches as after one, also when it is opened again', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.boolean(), async (counts, reopened) => {
        const total = counts.reduce((sum, count) => sum + count, 0);
        const [one, other] = [createMemoryStore(), createMemoryStore()];
        const whole = await aLog(total, one);
        let grown = await openLog(other);
        let size = 0;
        for (const count of counts) {
          await grown.append(entries(count, size), SIGNER);
          size += count;
          if (reopened) grown = await openLog(other);
        }
        grown = await openLog(other);
        expect(grown.root).toEqual(whole.root);
        expect(await tiles(other)).toEqual(await tiles(one));
        expect(await grown.read(0, total)).toEqual(await whole.read(0, total));
        const sizes = [0, 1, Math.floor(total / 3), Math.floor(total / 2), total];
        expect(await proofs(grown, sizes)).toEqual(await proofs(whole, sizes));
        // The pieces of the growing bundle are gone when it is full.
        const pieces = await other.keys(NL, 'tail/');
        expect(pieces.every((key) => Number(key.slice(5)) >= total - (total % 256))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('lies in few pieces however small the commits are, and is whole when it is opened again', async () => {
    const store = createMemoryStore();
    const log = await openLog(store);
    for (let size = 0; size < 255; size++) {
      await log.append(entries(1, size), SIGNER);
      expect((await store.keys(NL, 'tail/')).length).toBeLessThan(32);
    }
    const again = await openLog(store);
    expect(await again.read(0, 255)).toEqual(entries(255));
    expect(again.root).toEqual(log.root);
    await again.append(entries(1, 255), SIGNER);
    expect(await store.keys(NL, 'tail/')).toEqual([]);
  });

  it('is the same across the second level of tiles', async () => {
    const [one, other] = [createMemoryStore(), createMemoryStore()];
    const all = entries(66_000);
    const whole = await openLog(one);
    await whole.append(all, SIGNER);
    let grown = await openLog(other);
    for (const end of [65_000, 65_535, 65_536, 65_537, 65_800, 66_000]) {
      await grown.append(all.slice(grown.size, end), SIGNER);
      grown = await openLog(other);
    }
    expect(grown.root).toEqual(whole.root);
    expect(await tiles(other)).toEqual(await tiles(one));
    for (const size of [1, 256, 65_535, 65_536, 65_537]) {
      const proof = await grown.consistency(size, 66_000);
      expect(verifyConsistency(size, 66_000, await grown.rootAt(size), grown.root, proof)).toBe(true);
      const path = await grown.inclusion(size - 1, 66_000);
      expect(verifyInclusion(size - 1, 66_000, leafHash(all[size - 1] as Uint8Array), path, whole.root)).toBe(
        true,
      );
    }
  });

  it('is the same at a reader that gets it in runs of any length', async () => {
    const author = await aLog(1500);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 }),
        async (lengths) => {
          const store = createMemoryStore();
          let reader = await openLog(store);
          for (const length of lengths) {
            if (reader.size === 1500) break;
            await reader.extend(await segmentOf(author, reader.size, length));
          }
          reader = await openLog(store);
          if (reader.size < 1500) await reader.extend(await segmentOf(author, reader.size));
          expect(reader.root).toEqual(author.root);
          expect(reader.settled?.note).toEqual(author.settled?.note);
          expect(await reader.read(0, 1500)).toEqual(await author.read(0, 1500));
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('group commit', () => {
  it('writes one checkpoint for many callers, in the order in which they came', async () => {
    let commits = 0;
    const store = createMemoryStore({
      sync: async () => {
        commits++;
      },
    });
    const log = await openLog(store);
    const appender = createAppender(log, SIGNER);
    const all = entries(1000);
    const indices = await Promise.all(all.map((entry) => appender.append([entry])));
    expect(indices).toEqual(all.map((_, index) => index));
    expect(commits).toBe(1);
    expect(await log.read(0, 1000)).toEqual(all);
  });

  it('gathers what comes while it syncs into the next batch', async () => {
    let commits = 0;
    let release = (): void => {};
    const store = createMemoryStore({
      sync: () => {
        commits++;
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    });
    const log = await openLog(store);
    const appender = createAppender(log, SIGNER);
    const first = appender.append(entries(1));
    while (commits === 0) await new Promise((resolve) => setImmediate(resolve));
    const later = entries(50, 1).map((entry) => appender.append([entry]));
    release();
    await first;
    while (commits === 1) await new Promise((resolve) => setImmediate(resolve));
    release();
    expect(await Promise.all(later)).toEqual(entries(50).map((_, i) => i + 1));
    expect(commits).toBe(2);
    await appender.drained();
  });
});
