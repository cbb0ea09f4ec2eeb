// The index by short keys as the follower has it: the sorted runs, and what rows there are beside them, so that
// keys which nobody has yet are told from the others without a look at the disk.

import { type BufferedDb, scan, type ViewsDatabase } from './buffered-db.js';
import type { BulkSorter } from './bulk-sorter.js';
import { GrowingBloom } from './growing-bloom.js';
import {
  highOf,
  type IndexKey,
  kindOf,
  lowOf,
  RECORD_KIND,
  recordKey,
  recordKeyNumbers,
} from './index-key.js';
import { NamedThings } from './named-things.js';
import type { MemberNumber } from './position.js';
import { FAN_IN, RunMerger } from './run-merger.js';
import { Runs } from './runs.js';
import { rangeOf, SPACE } from './spaces.js';

/** Keys for which the filter over rows has room at first. */
const FIRST_ROWS = 500_000;

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

/** A step of 16,384 entries of three hashes makes a run of 65,536 keys. */
export const BULK: BulkOptions = { least: 256, most: 16_384, gatherMs: 100, fanIn: FAN_IN };

export class ShortIndex {
  readonly #database: ViewsDatabase;
  readonly runs: Runs;
  readonly merger: RunMerger;
  readonly named: NamedThings;
  /** Every key that has a row, and some others; undefined until somebody asks. */
  #rows: GrowingBloom | undefined;

  private constructor(database: ViewsDatabase, runs: Runs, fanIn: number, sorter: BulkSorter) {
    this.#database = database;
    this.runs = runs;
    this.named = new NamedThings(database);
    this.merger = new RunMerger(database, runs, fanIn, sorter);
  }

  static async load(
    database: ViewsDatabase,
    { fanIn }: Pick<BulkOptions, 'fanIn'>,
    sorter: BulkSorter,
  ): Promise<ShortIndex> {
    return new ShortIndex(database, await Runs.load(database), fanIn, sorter);
  }

  /** Must be told of every row that is written. */
  noteRow(key: IndexKey): void {
    this.#rows?.add(key);
  }

  /** False when no sorted run has the key. */
  runsMayHave(key: IndexKey): boolean {
    return this.runs.mayHave(kindOf(key), highOf(key), lowOf(key));
  }

  /** False for a record that nobody has: said without a look at the disk, once it was read which rows there are. */
  mayHaveRecord(member: MemberNumber, recordId: Uint8Array): boolean {
    if (this.#rows === undefined) return true;
    const [high, low] = recordKeyNumbers(member, recordId);
    return this.#rows.mayHave(RECORD_KIND, high, low) || this.runs.mayHave(RECORD_KIND, high, low);
  }

  /**
   * Filters that together know every key which any record has, and every hash that statements name. Nothing may have been written in this batch yet:
   * which rows there are is read once, when somebody first asks.
   */
  async filters(db: BufferedDb): Promise<Uint8Array[]> {
    const rows = this.#rows ?? (await this.#readRows(db));
    await this.named.load(db);
    return [...rows.parts(), ...this.named.parts(), ...this.runs.all.map(({ bloom }) => bloom.bytes)];
  }

  async #readRows(db: BufferedDb): Promise<GrowingBloom> {
    await db.written();
    const rows = new GrowingBloom(FIRST_ROWS);
    for await (const [row] of scan(this.#database, ...rangeOf(SPACE.version))) {
      rows.add(recordKey(row.slice(1, 3), row.slice(3)));
    }
    for await (const [row] of scan(this.#database, ...rangeOf(SPACE.posting))) rows.add(row.slice(1));
    this.#rows = rows;
    return rows;
  }
}
