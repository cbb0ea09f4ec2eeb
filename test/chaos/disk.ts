// The disk of a simulated node: the memory store, whose syncs take virtual time, and which loses at a crash what
// was not synced, but for as many of the commits under way as chance lets reach the platter. A copy is a backup.

import type { Commit, LogStore } from '../../node/store/log-store.js';
import { createMemoryStore, type MemoryStore } from '../../node/store/memory-store.js';
import type { Chance } from './chance.js';
import { newTextDisk, type TextDisk } from './text-disk.js';
import type { VirtualTime } from './virtual-time.js';

export interface Disk {
  readonly store: LogStore;
  /** Each sync takes so long, at the most, from now on. */
  slowDown(ms: number): void;
  /** Calls once, in the middle of the n-th write from now on. */
  atWrite(count: number, act: () => void): void;
  /** The small databases beside the logs. */
  readonly texts: TextDisk;
  /** What was not synced is lost, of the small databases only by a power cut; the store that goes on is another. */
  crash(powerCut: boolean): void;
  /** The content as it is now. */
  copy(): Promise<readonly Commit[]>;
}

/** A disk with the content of a backup, or an empty one. */
export async function newDisk(
  time: VirtualTime,
  chance: Chance,
  content: readonly Commit[] = [],
  texts?: ReadonlyMap<string, string>,
): Promise<Disk> {
  let longestMs = 4;
  let due: { count: number; act: () => void } | undefined;
  /** While a backup is laid out nothing takes time. */
  let ready = false;

  async function sync(): Promise<void> {
    if (!ready) return;
    const ms = chance.int(1, longestMs);
    if (due !== undefined && --due.count <= 0) {
      const { act } = due;
      due = undefined;
      time.after(chance.int(0, ms), act);
    }
    await time.pause(ms);
  }

  let store: MemoryStore = createMemoryStore({ sync });
  if (content.length > 0) await store.commit(content);
  ready = true;
  const small = newTextDisk(sync, chance.fork('texts'), texts);
  return {
    get store() {
      return store;
    },
    slowDown(ms) {
      longestMs = ms;
    },
    atWrite(count, act) {
      due = { count, act };
    },
    texts: small,
    crash(powerCut) {
      due = undefined;
      small.crash(powerCut);
      store = store.powerCut(chance.int(0, 3));
    },
    async copy() {
      const commits: Commit[] = [];
      for (const log of await store.logs()) {
        const keys = await store.keys(log, '');
        const values = await store.objects(log, keys);
        const puts = keys.map((key, at) => [key, values[at] as Uint8Array] as const);
        const head = (await store.head(log)) as Uint8Array;
        commits.push({ log, expected: undefined, head, puts, deletes: [] });
      }
      return commits;
    },
  };
}
