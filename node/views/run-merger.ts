// Which sorted runs are merged, and when: eight of one size become one of the next, so that a key is looked for in a
// few runs however long the logs are. A merge goes on beside the steps that follow the logs, and waits, unless there are
// twice as many runs, until these have nothing more to do. Its run counts when the heads change, in one batch; the old
// blocks go at the next merge, when no look-up can be reading them any more.

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

/** Merging more would keep one processor busy for many seconds. */
const MAX_KEYS = 4_000_000;

/** A merge under way. */
interface Merge {
  readonly runs: readonly Run[];
  /** The run that comes in their place. */
  readonly merged: Promise<Run>;
  isOver: boolean;
}

export class RunMerger {
  readonly #database: ViewsDatabase;
  readonly #runs: Runs;
  readonly #fanIn: number;
  readonly #sorter: BulkSorter;
  #merge: Merge | undefined;
  #passed: readonly Run[] = [];

  constructor(database: ViewsDatabase, runs: Runs, fanIn: number, sorter: BulkSorter) {
    this.#database = database;
    this.#runs = runs;
    this.#fanIn = fanIn;
    this.#sorter = sorter;
  }

  /** True when there is something to merge as soon as nothing else is to be done. */
  get waitsForQuiet(): boolean {
    return this.#merge === undefined && this.#due(this.#fanIn) !== undefined;
  }

  /**
   * Puts what was merged in its place, in the batch of `db`, and is then true; otherwise begins to merge what is due, if
   * anything, and calls back when that is over, well or not. Throws what a merge threw.
   */
  async goOn(db: BufferedDb, isQuiet: boolean, over: () => void): Promise<boolean> {
    if (this.#merge?.isOver === true) return await this.finish(db);
    if (this.#merge !== undefined) return false;
    const due = this.#due(isQuiet ? this.#fanIn : 2 * this.#fanIn);
    if (due === undefined) return false;
    await db.written();
    await this.dropPassed();
    const merge: Merge = { runs: due, merged: this.#mergeOf(due), isOver: false };
    this.#merge = merge;
    const end = (): void => {
      merge.isOver = true;
      over();
    };
    merge.merged.then(end, end);
    return false;
  }

  /** Waits for the merge that is under way, and puts its run in place; true when there was one. */
  async finish(db: BufferedDb): Promise<boolean> {
    const merge = this.#merge;
    if (merge === undefined) return false;
    const merged = await merge.merged;
    this.#runs.replace(db, merge.runs, merged);
    this.#passed = merge.runs;
    this.#merge = undefined;
    return true;
  }

  /** Waits for the merge that is under way and lets it be for nothing. */
  async abandon(): Promise<void> {
    await this.#merge?.merged.catch(() => undefined);
    this.#merge = undefined;
  }

  /** Deletes the blocks of runs that were merged, when no look-up can be reading them any more. */
  async dropPassed(): Promise<void> {
    for (const { id } of this.#passed) {
      await this.#database.clear({
        gte: fromBinary(SPACE.runBlock + u32(id)),
        lt: fromBinary(SPACE.runBlock + u32(id + 1)),
      });
    }
    this.#passed = [];
  }

  async #mergeOf(due: readonly Run[]): Promise<Run> {
    const keys = due.reduce((sum, run) => sum + run.keys, 0);
    const id = this.#runs.newId();
    const runs = due.map((run) => ({ id: run.id, blocks: run.fences.length }));
    const { fences, filter } = await this.#sorter.merge(this.#database, { runs, id, keys });
    return { id, keys, fences, bloom: new Bloom(filter) };
  }

  /** Runs that become one, when at least so many are of their size. */
  #due(least: number): readonly Run[] | undefined {
    for (
      let limit = LEAST_KEYS, from = 0;
      from * this.#fanIn <= MAX_KEYS;
      from = limit, limit *= this.#fanIn
    ) {
      const alike = this.#runs.all.filter(({ keys }) => keys > from && keys <= limit);
      if (alike.length >= least) return alike.slice(0, this.#fanIn);
    }
    return undefined;
  }
}
