// The index by short keys as the follower has it: the sorted runs, and what rows there are beside them, so that
// keys which nobody has yet are told from the others without a look at the disk.

import { Bloom } from './bloom.js';
import { type BufferedDb, scan, type ViewsDatabase } from './buffered-db.js';
import {
  highOf,
  type IndexKey,
  kindOf,
  lowOf,
  RECORD_KIND,
  recordKey,
  recordKeyNumbers,
} from './index-key.js';
import { NamedMedia } from './named-media.js';
import type { MemberNumber } from './position.js';
import { FAN_IN, RunMerger } from './run-merge.js';
import { Runs } from './runs.js';
import { rangeOf, SPACE } from './spaces.js';

/** Keys for which the filter over rows has room at least. */
const LEAST_ROWS = 500_000;

export interface BulkOptions {
  /** With at least so many entries of a log to follow, they are followed in bulk. */
  readonly least: number;
  /** So many at once; a multiple of 16. */
  readonly most: number;
  /**
   * While entries come by the dozen they gather, at most so long, until there are enough: followed as they come,
   * each would cost four times as much. What comes singly never waits.
   */
  readonly gatherMs: number;
  /** Sorted runs that become one. */
  readonly fanIn: number;
}

/** A step of 32,768 entries of three hashes makes a run of 131,072 keys. */
export const BULK: BulkOptions = { least: 256, most: 32_768, gatherMs: 100, fanIn: FAN_IN };

interface RowFilter {
  readonly filter: Bloom;
  keys: number;
}

export class ShortIndex {
  readonly #database: ViewsDatabase;
  readonly #merger: RunMerger;
  readonly runs: Runs;
  readonly named: NamedMedia;
  /** Every key that has a row, and some others; undefined until somebody asks. */
  #rows: RowFilter | undefined;

  private constructor(database: ViewsDatabase, runs: Runs, fanIn: number) {
    this.#database = database;
    this.runs = runs;
    this.named = new NamedMedia(database);
    this.#merger = new RunMerger(fanIn);
  }

  static async load(database: ViewsDatabase, { fanIn }: Pick<BulkOptions, 'fanIn'>): Promise<ShortIndex> {
    return new ShortIndex(database, await Runs.load(database), fanIn);
  }

  /** Must be told of every row that is written. */
  noteRow(key: IndexKey): void {
    if (this.#rows === undefined) return;
    this.#rows.filter.add(kindOf(key), highOf(key), lowOf(key));
    this.#rows.keys += 1;
    if (this.#rows.keys > this.#rows.filter.capacity) this.#rows = undefined;
  }

  /** False when no sorted run has the key. */
  runsMayHave(key: IndexKey): boolean {
    return this.runs.mayHave(kindOf(key), highOf(key), lowOf(key));
  }

  /** False for a record that nobody has: said without a look at the disk, once it was read which rows there are. */
  mayHaveRecord(member: MemberNumber, recordId: Uint8Array): boolean {
    const filter = this.#rows?.filter;
    if (filter === undefined) return true;
    const [high, low] = recordKeyNumbers(member, recordId);
    return filter.mayHave(RECORD_KIND, high, low) || this.runs.mayHave(RECORD_KIND, high, low);
  }

  /**
   * Filters that together know every key which any record has, and every hash that statements name. Nothing may have been written in this batch yet:
   * which rows there are is read once, when somebody first asks.
   */
  async filters(db: BufferedDb): Promise<Uint8Array[]> {
    const rows = this.#rows ?? (await this.#readRows(db));
    await this.named.load(db);
    const named = this.named.bytes();
    const filters = this.runs.all.map(({ bloom }) => bloom.bytes);
    if (named !== undefined) filters.unshift(named);
    return rows.keys === 0 ? filters : [rows.filter.bytes, ...filters];
  }

  async #readRows(db: BufferedDb): Promise<RowFilter> {
    await db.written();
    const keys: IndexKey[] = [];
    for await (const [row] of scan(this.#database, ...rangeOf(SPACE.version))) {
      keys.push(recordKey(row.slice(1, 3), row.slice(3)));
    }
    for await (const [row] of scan(this.#database, ...rangeOf(SPACE.posting))) keys.push(row.slice(1));
    const rows = { filter: Bloom.forKeys(Math.max(LEAST_ROWS, 2 * keys.length)), keys: 0 };
    this.#rows = rows;
    for (const key of keys) this.noteRow(key);
    return rows;
  }

  /** Deletes what is left of runs that were merged, when no look-up can be reading it any more. */
  dropPassed(): Promise<void> {
    return this.#merger.dropPassed(this.#database);
  }

  /** Merges runs when enough are alike; true when the batch has to be committed. */
  mergeDue(db: BufferedDb): Promise<boolean> {
    return this.#merger.mergeDue(this.#database, db, this.runs);
  }
}
