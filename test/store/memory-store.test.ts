import { describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../node/store/memory-store.js';
import { AU, itKeepsTheLogStoreContract, move, NL, text } from './contract.js';

describe('the log store in memory', () => {
  itKeepsTheLogStoreContract({
    open: async () => createMemoryStore(),
    reopen: async (store) => {
      await store.close();
      return (store as MemoryStore).powerCut();
    },
  });

  it('shows a commit only once it is durable', async () => {
    const disk = aDisk();
    const store = createMemoryStore({ sync: disk.sync });
    const commit = store.commit([move(NL, undefined, '1', { a: '1' })]);
    expect(await store.head(NL)).toBeUndefined();
    expect(await store.object(NL, 'a')).toBeUndefined();
    disk.finishSync();
    await commit;
    expect(text(await store.head(NL))).toBe('1');
  });

  it('writes what came in during a sync with the next one', async () => {
    const disk = aDisk();
    const store = createMemoryStore({ sync: disk.sync });
    const commits = [store.commit([move(NL, undefined, '1')])];
    for (let i = 1; i <= 10; i += 1) commits.push(store.commit([move(NL, String(i), String(i + 1))]));
    disk.finishSync();
    await commits[0];
    disk.finishSync();
    await Promise.all(commits);
    expect(disk.syncs).toBe(2);
  });

  it('loses in a power cut what was not durable, and nothing else', async () => {
    const disk = aDisk();
    const store = createMemoryStore({ sync: disk.sync });
    const durable = store.commit([move(NL, undefined, '1', { a: '1' })]);
    disk.finishSync();
    await durable;
    const lost = store.commit([move(NL, '1', '2', { a: '2' }), move(AU, undefined, '1')]);
    const found = store.powerCut();
    await expect(lost).rejects.toMatchObject({ code: 'power-cut' });
    disk.finishSync();
    await expect(store.head(NL)).rejects.toMatchObject({ code: 'store-closed' });
    expect(await found.logs()).toEqual([NL]);
    expect(text(await found.head(NL))).toBe('1');
    expect(text(await found.object(NL, 'a'))).toBe('1');
  });

  it('may keep in a power cut what nobody was told of', async () => {
    const store = createMemoryStore({ sync: aDisk().sync });
    const commits = [store.commit([move(NL, undefined, '1')]), store.commit([move(AU, undefined, '1')])];
    const found = store.powerCut(1);
    const results = await Promise.allSettled(commits);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await found.logs()).toEqual([NL]);
  });

  it('takes no further commit after a disk that is full, and shows nothing of the one that failed', async () => {
    let isFull = false;
    const sync = async () => {
      if (isFull) throw new Error('ENOSPC');
    };
    const store = createMemoryStore({ sync });
    await store.commit([move(NL, undefined, '1')]);
    isFull = true;
    const queued = [store.commit([move(NL, '1', '2', { a: '2' })]), store.commit([move(AU, undefined, '1')])];
    for (const commit of queued) await expect(commit).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(text(await store.head(NL))).toBe('1');
    expect(await store.object(NL, 'a')).toBeUndefined();
    isFull = false;
    await expect(store.commit([move(NL, '1', '2')])).rejects.toMatchObject({ code: 'store-unwritable' });
    await store.powerCut().commit([move(NL, '1', '2')]);
  });
});

/** A disk whose syncs end when the test says so. */
function aDisk() {
  let finish = () => {};
  const disk = {
    syncs: 0,
    sync: () => {
      disk.syncs += 1;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
    finishSync: () => finish(),
  };
  return disk;
}
