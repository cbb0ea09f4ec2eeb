// The log store in memory, for tests and for the simulator: the contract of the one on disk, a disk whose
// syncs the caller times or fails, and power cuts.

import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { CommitQueue } from './commit-queue.js';
import { type Commit, checkObjectKey, type LogStore, StoreClosed, StoreUnwritable } from './log-store.js';

export interface MemoryStoreOptions {
  /** Awaited before a write becomes durable; when it throws, the disk is full. */
  readonly sync?: (() => Promise<void>) | undefined;
}

export interface MemoryStore extends LogStore {
  /**
   * Fails every commit under way with the code 'power-cut', and this store with them. Returns the store that
   * is found at the next start: what was durable, and the first `kept` of the commits under way, which reached
   * the disk although nobody was told.
   */
  powerCut(kept?: number): MemoryStore;
}

interface LogOnDisk {
  readonly head: Uint8Array;
  readonly objects: Map<string, Uint8Array>;
}

type Disk = Map<LogName, LogOnDisk>;

export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return openDisk(new Map(), options);
}

function openDisk(disk: Disk, options: MemoryStoreOptions): MemoryStore {
  let isOpen = true;
  const heads = new Map([...disk].map(([log, { head }]) => [log, head]));
  const queue = new CommitQueue(heads, async (commits) => {
    try {
      await options.sync?.();
    } catch (cause) {
      throw new StoreUnwritable('memory', cause);
    }
    if (isOpen) apply(disk, commits);
  });
  const objects = async (log: LogName, keys: readonly string[]) => {
    if (!isOpen) throw new StoreClosed();
    keys.forEach(checkObjectKey);
    return keys.map((key) => disk.get(log)?.objects.get(key)?.slice());
  };
  return {
    async logs() {
      if (!isOpen) throw new StoreClosed();
      return queue.logs();
    },
    async head(log) {
      if (!isOpen) throw new StoreClosed();
      return queue.head(log);
    },
    async object(log, key) {
      const [value] = await objects(log, [key]);
      return value;
    },
    objects,
    async keys(log, prefix) {
      if (!isOpen) throw new StoreClosed();
      const all = disk.get(log)?.objects.keys() ?? [];
      return [...all].filter((key) => key.startsWith(prefix)).sort();
    },
    commit: (commits) => queue.commit(commits),
    async scrub() {
      if (!isOpen) throw new StoreClosed();
    },
    async close() {
      await queue.close();
      isOpen = false;
    },
    powerCut(kept = 0) {
      isOpen = false;
      const lost = queue.abandon(new Failure('power-cut', 'the power was cut before the commit was on disk'));
      for (const commits of lost.slice(0, kept)) apply(disk, commits);
      return openDisk(disk, options);
    },
  };
}

function apply(disk: Disk, commits: readonly Commit[]): void {
  for (const { log, head, puts, deletes } of commits) {
    const objects = disk.get(log)?.objects ?? new Map<string, Uint8Array>();
    for (const key of deletes) objects.delete(key);
    for (const [key, value] of puts) objects.set(key, value.slice());
    disk.set(log, { head, objects });
  }
}
