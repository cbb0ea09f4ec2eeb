// Which hashes statements name, as a filter in memory: so that a media record which bears one of them, and may thereby
// join what is said of things, is told from the millions of others without a look at the disk.

import { Bloom } from './bloom.js';
import { type BufferedDb, scan, type ViewsDatabase } from './buffered-db.js';
import { type HashKey, shortKey } from './hash-key.js';
import { highOf, kindOf, lowOf } from './index-key.js';
import { SPACE } from './spaces.js';

/** Hashes for which there is room at least. */
const LEAST_HASHES = 50_000;

export class NamedMedia {
  readonly #database: ViewsDatabase;
  #filter: { readonly bloom: Bloom; hashes: number } | undefined;

  constructor(database: ViewsDatabase) {
    this.#database = database;
  }

  /** Reads which hashes are named, where that is not known. What this batch has written is to be noted after it. */
  async load(db: BufferedDb): Promise<void> {
    if (this.#filter !== undefined) return;
    await db.written();
    const found: HashKey[] = [];
    // Keys of media begin with 1 to 5, those of subjects with more (thing-key.ts).
    for await (const [row] of scan(this.#database, SPACE.thing, `${SPACE.thing}\x06`))
      found.push(row.slice(1));
    this.#filter = { bloom: Bloom.forKeys(Math.max(LEAST_HASHES, 2 * found.length)), hashes: 0 };
    for (const key of found) this.note(key);
  }

  /** Must be told of every hash under which a row is written. */
  note(key: HashKey): void {
    if (this.#filter === undefined) return;
    const { bloom } = this.#filter;
    const short = shortKey(key);
    bloom.add(kindOf(short), highOf(short), lowOf(short));
    this.#filter.hashes += 1;
    if (this.#filter.hashes > bloom.capacity) this.#filter = undefined;
  }

  /** False when no statement names the hash. */
  mayName(key: HashKey): boolean {
    if (this.#filter === undefined) return true;
    const short = shortKey(key);
    return this.#filter.bloom.mayHave(kindOf(short), highOf(short), lowOf(short));
  }

  /** The filter's bytes, once it is loaded; undefined while no hash is named. */
  bytes(): Uint8Array | undefined {
    return this.#filter === undefined || this.#filter.hashes === 0 ? undefined : this.#filter.bloom.bytes;
  }
}
