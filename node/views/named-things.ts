// Which things statements name, as a filter in memory: so that one which nobody has named yet is told from the others
// without a look at the disk, and so is a media record which bears a hash that is named, and may thereby join what is
// said of things, from the millions of others.

import { type BufferedDb, scan, type ViewsDatabase } from './buffered-db.js';
import { GrowingBloom } from './growing-bloom.js';
import type { HashKey } from './hash-key.js';
import { highOf, type IndexKey, kindOf, lowOf } from './index-key.js';
import { rangeOf, SPACE } from './spaces.js';
import type { ThingKey } from './thing-key.js';

/** Things for which there is room at first: 120 kB. */
const FIRST_THINGS = 50_000;

/** The kind of thing and eight bytes of it: enough to tell nearly all apart. */
const FILTERED_BYTES = 9;

export class NamedThings {
  readonly #database: ViewsDatabase;
  #filter: GrowingBloom | undefined;

  constructor(database: ViewsDatabase) {
    this.#database = database;
  }

  /** Reads once which things are named. What this batch has written is to be noted after it. */
  async load(db: BufferedDb): Promise<void> {
    if (this.#filter !== undefined) return;
    await db.written();
    const filter = new GrowingBloom(FIRST_THINGS);
    for await (const [row] of scan(this.#database, ...rangeOf(SPACE.thing)))
      filter.add(filtered(row.slice(1)));
    this.#filter = filter;
  }

  /** Must be told of every thing under which a row is written. */
  note(thing: ThingKey): void {
    this.#filter?.add(filtered(thing));
  }

  /** False when no statement names the thing, or the hash. */
  mayName(thing: ThingKey | HashKey): boolean {
    if (this.#filter === undefined) return true;
    const key = filtered(thing);
    return this.#filter.mayHave(kindOf(key), highOf(key), lowOf(key));
  }

  /** The filters' bytes; none while nothing is named, or it is not known. */
  parts(): Uint8Array[] {
    return this.#filter?.parts() ?? [];
  }
}

function filtered(thing: ThingKey): IndexKey {
  return thing.slice(0, FILTERED_BYTES);
}
