// The small databases of a simulated node, as LevelDB keeps them: one journal for all. What was written survives the end
// of the process. A power cut takes what no synced write has followed, but for as much of it as chance lets reach the
// platter.

import type { TextDatabase } from '../../node/store/text-database.js';
import type { Chance } from './chance.js';

interface Write {
  readonly key: string;
  /** Undefined = deleted. */
  readonly value: string | undefined;
}

export interface TextDisk {
  /** A database of that name, for the process that runs until the next crash. */
  database(name: string): TextDatabase;
  /** The process is gone; `powerCut` says whether the machine is too. */
  crash(powerCut: boolean): void;
  /** All pairs as they are now. */
  copy(): ReadonlyMap<string, string>;
}

/** `sync` resolves when the journal is on the platter; `content` is what is there from the beginning. */
export function newTextDisk(
  sync: () => Promise<void>,
  chance: Chance,
  content: ReadonlyMap<string, string> = new Map(),
): TextDisk {
  const synced = new Map(content);
  let journal: Write[] = [];
  let process = {};

  function reachPlatter(writes: number): void {
    replay(journal.splice(0, writes), synced);
  }

  function current(): Map<string, string> {
    const pairs = new Map(synced);
    replay(journal, pairs);
    return pairs;
  }

  return {
    copy: current,
    database(name) {
      const mine = process;
      const prefix = `${name}!`;

      async function write(key: string, value: string | undefined, isSynced: boolean): Promise<void> {
        if (process !== mine) return new Promise<never>(() => {});
        const written = { key: prefix + key, value };
        journal.push(written);
        if (!isSynced) return;
        await sync();
        if (process !== mine) return new Promise<never>(() => {});
        reachPlatter(journal.indexOf(written) + 1);
      }

      return {
        get: async (key) => current().get(prefix + key),
        put: (key, value, options) => write(key, value, options?.sync === true),
        del: (key) => write(key, undefined, false),
        async *iterator() {
          const pairs = [...current()].filter(([key]) => key.startsWith(prefix)).sort();
          for (const [key, value] of pairs) yield [key.slice(prefix.length), value] as const;
        },
      } as TextDatabase;
    },
    crash(powerCut) {
      process = {};
      if (!powerCut) return;
      reachPlatter(chance.int(0, Math.min(3, journal.length)));
      journal = [];
    },
  };
}

function replay(writes: readonly Write[], pairs: Map<string, string>): void {
  for (const { key, value } of writes) {
    if (value === undefined) pairs.delete(key);
    else pairs.set(key, value);
  }
}
