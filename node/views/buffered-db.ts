// The views' database as one batch of work sees it: reads go through what this batch has written so far and
// through the batch that is still on its way to disk, so that a batch can be made while the last one is
// written. Nothing is synced: after power loss LevelDB has all batches up to some point and none after it,
// cursors among them, and the entries behind that point are simply applied again.

import type { ClassicLevel } from 'classic-level';
import { type Binary, fromBinary, toBinary } from './binary.js';

/** Opened with the encoding 'view' for keys and values. */
export type ViewsDatabase = ClassicLevel<Uint8Array, Uint8Array>;
export type Snapshot = ReturnType<ViewsDatabase['snapshot']>;

/** Rows taken from LevelDB at once: enough to make the hop to its thread cheap, few enough to stay small. */
const SCAN_ROWS = 1000;

/**
 * So few are read on this thread: a key that nobody has, as nearly all that are asked for, costs less than a microsecond
 * by LevelDB's filters, and the way to its own thread and back a hundred.
 */
const FEW_KEYS = 64;

export type Row = readonly [key: Binary, value: Binary];

export interface Reader {
  getMany(keys: readonly Binary[]): Promise<(Binary | undefined)[]>;
}

/** Values of the keys, as committed. */
export async function getMany(
  db: ViewsDatabase,
  keys: readonly Binary[],
  snapshot?: Snapshot,
): Promise<(Binary | undefined)[]> {
  if (keys.length === 0) return [];
  const values = await db.getMany(keys.map(fromBinary), snapshot === undefined ? {} : { snapshot });
  return values.map((value) => (value === undefined ? undefined : toBinary(value)));
}

/** The same, on this thread where they are few. */
export async function getManyOrFew(
  db: ViewsDatabase,
  keys: readonly Binary[],
): Promise<(Binary | undefined)[]> {
  if (keys.length > FEW_KEYS) return await getMany(db, keys);
  return keys.map((key) => {
    const value = db.getSync(fromBinary(key));
    return value === undefined ? undefined : toBinary(value);
  });
}

/** Rows with from <= key < to in order, as committed (in the snapshot). */
export async function* scan(
  db: ViewsDatabase,
  from: Binary,
  to: Binary,
  options: { reverse?: boolean; snapshot?: Snapshot } = {},
): AsyncGenerator<Row> {
  const range = { gte: fromBinary(from), lt: fromBinary(to) };
  const rows = db.iterator({ ...range, ...options });
  try {
    for (let page = await rows.nextv(SCAN_ROWS); page.length > 0; page = await rows.nextv(SCAN_ROWS)) {
      for (const [key, value] of page) yield [toBinary(key), toBinary(value)];
    }
  } finally {
    await rows.close();
  }
}

export class BufferedDb implements Reader {
  readonly #db: ViewsDatabase;
  /** What this batch has written; null = deleted. */
  #pending = new Map<Binary, Binary | null>();
  /** The batch before, which may not be in the database yet. */
  #writing: ReadonlyMap<Binary, Binary | null> = new Map();
  #written: Promise<void> = Promise.resolve();

  constructor(db: ViewsDatabase) {
    this.#db = db;
  }

  put(key: Binary, value: Binary): void {
    this.#pending.set(key, value);
  }

  delete(key: Binary): void {
    this.#pending.set(key, null);
  }

  async getMany(keys: readonly Binary[]): Promise<(Binary | undefined)[]> {
    const values = new Array<Binary | undefined>(keys.length);
    const missing: Binary[] = [];
    const places: number[] = [];
    for (let place = 0; place < keys.length; place++) {
      const key = keys[place] as Binary;
      let value = this.#pending.get(key);
      if (value === undefined) value = this.#writing.get(key);
      if (value === undefined) {
        missing.push(key);
        places.push(place);
      } else {
        values[place] = value ?? undefined;
      }
    }
    if (missing.length === 0) return values;
    const found = await getManyOrFew(this.#db, missing);
    for (let i = 0; i < places.length; i++) values[places[i] as number] = found[i];
    return values;
  }

  /** Rows as the batches before this one left them. */
  async *scan(from: Binary, to: Binary, options: { reverse?: boolean } = {}): AsyncGenerator<Row> {
    await this.#written;
    yield* scan(this.#db, from, to, options);
  }

  /**
   * Begins to write the batch, once the one before is written; `onWritten` is called when this one is.
   * A write that failed is thrown by the next commit, scan or `written`.
   */
  async commit(onWritten: () => void): Promise<void> {
    await this.#written;
    this.#writing = this.#pending;
    this.#pending = new Map();
    this.#written = writeAll(this.#db, this.#writing).then(onWritten);
    // Whoever comes next awaits it; until then its failure must not count as unhandled.
    this.#written.catch(() => undefined);
  }

  /** Resolves when all that was committed is written. */
  written(): Promise<void> {
    return this.#written;
  }
}

async function writeAll(db: ViewsDatabase, rows: ReadonlyMap<Binary, Binary | null>): Promise<void> {
  // Row by row, which costs a third less than an array of them; and without options, because naming encodings for each
  // row costs more than writing it.
  const batch = db.batch();
  for (const [key, value] of rows) {
    if (value === null) batch.del(fromBinary(key));
    else batch.put(fromBinary(key), fromBinary(value));
  }
  await batch.write();
}
