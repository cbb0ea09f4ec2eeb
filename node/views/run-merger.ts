// Which sorted runs are merged, and when: eight of one size become one of the next, so that a key is looked for in a
// few runs however long the logs are. The merged run counts when the heads change, in one batch; the old blocks go at
// the next merge, when no look-up can be reading them any more.

import { fromBinary, u32 } from './binary.js';
import { Bloom } from './bloom.js';
import type { BufferedDb, ViewsDatabase } from './buffered-db.js';
import type { BulkSorter } from './bulk-sorter.js';
import type { Run, Runs } from './runs.js';
import { SPACE } from './spaces.js';

/** Runs that become one. */
export const FAN_IN = 8;

/** Runs of a class have at most so many keys, or FAN_IN times, or its square times as many, and so on. */
const LEAST_KEYS = 2048;

/** Merging more would hold up the views for seconds. */
const MAX_KEYS = 4_000_000;

export class RunMerger {
  readonly #fanIn: number;
  readonly #sorter: BulkSorter;
  #passed: Run[] = [];

  constructor(fanIn: number, sorter: BulkSorter) {
    this.#fanIn = fanIn;
    this.#sorter = sorter;
  }

  /** Merges what is due, if anything; the heads are changed in the batch of `db`. */
  async mergeDue(database: ViewsDatabase, db: BufferedDb, runs: Runs): Promise<boolean> {
    const due = dueIn(runs.all, this.#fanIn);
    if (due === undefined) return false;
    await db.written();
    await this.dropPassed(database);
    const keys = due.reduce((sum, run) => sum + run.keys, 0);
    const id = runs.newId();
    const blocks = due.map((run) => ({ id: run.id, blocks: run.fences.length }));
    const { fences, filter } = await this.#sorter.merge(database, { runs: blocks, id, keys });
    runs.replace(db, due, { id, keys, fences, bloom: new Bloom(filter) });
    this.#passed = [...due];
    return true;
  }

  /** Deletes the blocks of runs that were merged, when no look-up can be reading them any more. */
  async dropPassed(database: ViewsDatabase): Promise<void> {
    for (const { id } of this.#passed.splice(0)) {
      await database.clear({
        gte: fromBinary(SPACE.runBlock + u32(id)),
        lt: fromBinary(SPACE.runBlock + u32(id + 1)),
      });
    }
  }
}

function dueIn(runs: readonly Run[], fanIn: number): readonly Run[] | undefined {
  for (let limit = LEAST_KEYS, from = 0; from * fanIn <= MAX_KEYS; from = limit, limit *= fanIn) {
    const alike = runs.filter(({ keys }) => keys > from && keys <= limit);
    if (alike.length >= fanIn) return alike.slice(0, fanIn);
  }
  return undefined;
}
