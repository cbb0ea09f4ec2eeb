// The rows of the holdings on disk: typed reads and synced writes, over a database that is replaced by a copy
// of itself when what was deleted must be gone.
//
//   i <holding key>  -> hash keys (holding.ts)
//   h <hash key>     -> keys of the holdings that have it (reference-lists.ts)
//   p <holding key>  -> nothing: not yet matched against what is there
//   c                -> nothing: something was removed and is still on the disk

import { Failure } from '../failure.js';
import { type Binary, fromBinary, toBinary } from '../views/binary.js';
import type { HashKey } from '../views/hash-key.js';
import { copyToNext, deleteGeneration, type Generation, type HoldingsDatabase } from './generations.js';
import { type Holding, parseHolding } from './holding.js';
import { splitReferences } from './reference-lists.js';

/** Holdings read or written at once: enough to share a sync, little enough to stay in memory. */
export const PAGE = 1000;

/** The holdings could not be written: `code` is 'holdings-failed'. The node must be started again. */
export class HoldingsFailed extends Failure {
  constructor(cause: unknown) {
    super('holdings-failed', `holdings cannot be written: ${(cause as Error).message}`, cause);
  }
}

export class HoldingsDb {
  readonly #directory: string;
  #generation: Generation;
  /** The first failed write is the last write: LevelDB may lose what follows a torn record in its log file. */
  #failure: HoldingsFailed | undefined;
  /** Reads under way, for which a database is kept open. */
  readonly #reads = new Set<Promise<unknown>>();

  constructor(directory: string, generation: Generation) {
    this.#directory = directory;
    this.#generation = generation;
  }

  /** Up to a page of holdings with from <= key < to. */
  async page(from: Binary, to: Binary): Promise<Holding[]> {
    const rows = await this.#read((db) => db.iterator(rangeOf(`i${from}`, `i${to}`)).all());
    return rows.map(([key, value]) => parseHolding(toBinary(key).slice(1), toBinary(value)));
  }

  async holdingsAt(keys: ReadonlySet<Binary>): Promise<Map<Binary, Holding>> {
    const list = [...keys];
    const values = await this.#values(list.map((key) => `i${key}`));
    const found = new Map<Binary, Holding>();
    for (const [i, key] of list.entries()) {
      const value = values[i];
      if (value !== undefined) found.set(key, parseHolding(key, value));
    }
    return found;
  }

  /** For each hash the keys of the holdings that have it. */
  async referencesOf(hashes: readonly HashKey[]): Promise<Binary[][]> {
    return (await this.#values(hashes.map((hash) => `h${hash}`))).map(splitReferences);
  }

  /** Up to a page of the keys of holdings that are not yet matched. */
  async unmatchedKeys(): Promise<Set<Binary>> {
    const keys = await this.#read((db) => db.keys(rangeOf('p', 'q')).all());
    return new Set(keys.map((key) => toBinary(key).slice(1)));
  }

  async hasRemains(): Promise<boolean> {
    return (await this.#values(['c']))[0] !== undefined;
  }

  /** Writes the rows, all or none; undefined = delete. Throws HoldingsFailed. */
  async write(rows: ReadonlyMap<Binary, Binary | undefined>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const batch = this.#generation.db.batch();
    for (const [key, value] of rows) {
      if (value === undefined) batch.del(fromBinary(key));
      else batch.put(fromBinary(key), fromBinary(value));
    }
    try {
      await batch.write({ sync: true });
    } catch (error) {
      this.#failure = new HoldingsFailed(error);
      throw this.#failure;
    }
  }

  /** Takes what was deleted off the disk. Nobody may write meanwhile; reads go on. Throws HoldingsFailed. */
  async renew(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const old = this.#generation;
    try {
      this.#generation = await copyToNext(this.#directory, old);
    } catch (error) {
      // The old database is whole and goes on.
      throw new HoldingsFailed(error);
    }
    await Promise.allSettled(this.#reads);
    await old.db.close();
    await deleteGeneration(this.#directory, old.number);
    await this.write(new Map([['c', undefined]]));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#reads);
    await this.#generation.db.close();
  }

  async #values(keys: readonly Binary[]): Promise<(Binary | undefined)[]> {
    const values = await this.#read((db) => db.getMany(keys.map(fromBinary)));
    return values.map((value) => (value === undefined ? undefined : toBinary(value)));
  }

  async #read<T>(read: (db: HoldingsDatabase) => Promise<T>): Promise<T> {
    const reading = read(this.#generation.db);
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }
}

function rangeOf(from: Binary, to: Binary): { gte: Buffer; lt: Buffer; limit: number } {
  return { gte: fromBinary(from), lt: fromBinary(to), limit: PAGE };
}
