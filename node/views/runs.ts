// Sorted runs: where keys stand that point to one record alone, as nearly all do while a long log is followed.
// A run is written once, in blocks, and never changed; a key is in one run at most. Whoever has to change what
// stands under a key writes a row of its own for it, which then counts instead of the run (ranked-lists.ts).
// So following costs a few large writes and not four small ones a record.
//
//   R <run>          -> keys, blocks, first key of each block, Bloom filter
//   r <run> <block>  -> <index key> <position>, up to 128 times, sorted

import { type Binary, fromBinary, readU32, toBinary, u32 } from './binary.js';
import { Bloom } from './bloom.js';
import { type BufferedDb, type Reader, scan, type ViewsDatabase } from './buffered-db.js';
import { highOf, INDEX_KEY_BYTES, type IndexKey, kindOf, lowOf } from './index-key.js';
import { POSITION_BYTES, type Position } from './position.js';
import { rangeOf, SPACE } from './spaces.js';

export const RUN_ROW_BYTES = INDEX_KEY_BYTES + POSITION_BYTES;

/** Rows in a block: 2.4 kB, little to read for one key. */
const BLOCK_ROWS = 128;

export const BLOCK_BYTES = BLOCK_ROWS * RUN_ROW_BYTES;

/** After every key. */
const NO_KEY: IndexKey = '\xff'.repeat(INDEX_KEY_BYTES);

export interface Run {
  readonly id: number;
  readonly keys: number;
  /** The first key of each block. */
  readonly fences: readonly IndexKey[];
  readonly bloom: Bloom;
}

/** A run to be added. */
export interface RunContent {
  /** Index key and position of each, sorted. */
  readonly rows: Uint8Array;
  readonly fences: readonly IndexKey[];
  /** The bytes of the Bloom filter over the keys, which threads can share. */
  readonly filter: Uint8Array;
}

export class Runs {
  /** As of the batches made so far. */
  #made: readonly Run[];
  /** As of the database. */
  #committed: readonly Run[];
  #nextId: number;

  private constructor(runs: readonly Run[]) {
    this.#made = runs;
    this.#committed = runs;
    this.#nextId = Math.max(0, ...runs.map(({ id }) => id + 1));
  }

  static async load(db: ViewsDatabase): Promise<Runs> {
    const runs: Run[] = [];
    for await (const [key, value] of scan(db, ...rangeOf(SPACE.runHead))) {
      runs.push(parseHead(readU32(key, 1), value));
    }
    await dropOrphans(db, runs);
    return new Runs(runs);
  }

  get all(): readonly Run[] {
    return this.#made;
  }

  /** False when the key is in no run. */
  mayHave(kind: number, high: number, low: number): boolean {
    return this.#made.some(({ bloom }) => bloom.mayHave(kind, high, low));
  }

  /** Adds a run whose keys are in no other. */
  add(db: BufferedDb, { rows, fences, filter }: RunContent): void {
    const keys = rows.length / RUN_ROW_BYTES;
    const run = { id: this.#nextId++, keys, fences, bloom: new Bloom(filter) };
    const all = Buffer.from(rows.buffer, rows.byteOffset, rows.length);
    for (let block = 0; block < fences.length; block++) {
      db.put(blockKey(run.id, block), all.toString('latin1', block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
    }
    db.put(headKey(run.id), headOf(run));
    this.#made = [...this.#made, run];
  }

  /** Puts one run in the place of others that hold the same rows; its blocks are in the database already. */
  replace(db: BufferedDb, merged: readonly Run[], by: Run): void {
    for (const { id } of merged) db.delete(headKey(id));
    db.put(headKey(by.id), headOf(by));
    this.#made = [...this.#made.filter((run) => !merged.includes(run)), by];
  }

  /**
   * Takes rows out of the runs. A block may be left without rows; its fence is then that of the next one, so that no
   * key is looked for in it.
   */
  async drop(db: BufferedDb, rows: readonly (readonly [IndexKey, Position])[]): Promise<void> {
    const gone = new Set(rows.map(([key, position]) => key + position));
    const keys = rows.map(([key]) => key);
    this.#made = await Promise.all(
      this.#made.map(async (run) => {
        const blocks = [...new Set(keys.map((key) => lastNotAfter(run.fences, key)))].filter((at) => at >= 0);
        const values = await db.getMany(blocks.map((block) => blockKey(run.id, block)));
        const fences = [...run.fences];
        let left = run.keys;
        for (const [i, block] of blocks.entries()) {
          const before = values[i] ?? '';
          const now = withoutRows(before, gone);
          if (now === before) continue;
          left -= (before.length - now.length) / RUN_ROW_BYTES;
          db.put(blockKey(run.id, block), now);
          fences[block] = now.slice(0, INDEX_KEY_BYTES);
        }
        if (left === run.keys) return run;
        for (let block = fences.length - 1; block >= 0; block--) {
          if (fences[block] === '') fences[block] = fences[block + 1] ?? NO_KEY;
        }
        const now = { ...run, keys: left, fences };
        db.put(headKey(run.id), headOf(now));
        return now;
      }),
    );
  }

  /** An id that no run has, nor will have. */
  newId(): number {
    return this.#nextId++;
  }

  /** To be called when the batches made so far are in the database. */
  settle(): () => void {
    const runs = this.#made;
    return () => {
      this.#committed = runs;
    };
  }

  /** Where each key points, as of the batches made so far. */
  find(db: Reader, keys: readonly IndexKey[]): Promise<(Position | undefined)[]> {
    return findIn(this.#made, db, keys);
  }

  /** Where each key points in the database. */
  findCommitted(db: Reader, keys: readonly IndexKey[]): Promise<(Position | undefined)[]> {
    return findIn(this.#committed, db, keys);
  }
}

/** What stands under each key: in a row of its own, or else (as `inRuns` answers for the keys without one) in a run. */
export async function inRowsOrRuns<K>(
  keys: readonly K[],
  rows: readonly (Binary | undefined)[],
  inRuns: (withoutRow: readonly K[]) => Promise<readonly (Binary | undefined)[]>,
): Promise<(Binary | undefined)[]> {
  const found = await inRuns(keys.filter((_key, i) => rows[i] === undefined));
  let next = 0;
  return rows.map((row) => row ?? found[next++]);
}

async function findIn(
  runs: readonly Run[],
  db: Reader,
  keys: readonly IndexKey[],
): Promise<(Position | undefined)[]> {
  const found = new Array<Position | undefined>(keys.length);
  const places: number[] = [];
  const blocks = new Map<Binary, number>();
  const blockOf: number[] = [];
  for (const [place, key] of keys.entries()) {
    const kind = kindOf(key);
    const high = highOf(key);
    const low = lowOf(key);
    for (const { id, bloom, fences } of runs) {
      if (!bloom.mayHave(kind, high, low)) continue;
      const block = lastNotAfter(fences, key);
      if (block < 0) continue;
      const row = blockKey(id, block);
      let number = blocks.get(row);
      if (number === undefined) {
        number = blocks.size;
        blocks.set(row, number);
      }
      places.push(place);
      blockOf.push(number);
    }
  }
  if (places.length === 0) return found;
  const values = await db.getMany([...blocks.keys()]);
  for (const [i, place] of places.entries()) {
    found[place] ??= positionIn(values[blockOf[i] as number] ?? '', keys[place] as IndexKey);
  }
  return found;
}

function withoutRows(block: Binary, gone: ReadonlySet<Binary>): Binary {
  let left = '';
  for (let at = 0; at < block.length; at += RUN_ROW_BYTES) {
    const row = block.slice(at, at + RUN_ROW_BYTES);
    if (!gone.has(row)) left += row;
  }
  return left;
}

/** The last place whose key is not after the one sought; -1 when there is none. */
function lastNotAfter(sorted: readonly IndexKey[], sought: IndexKey): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] as IndexKey) <= sought) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

function positionIn(block: Binary, sought: IndexKey): Position | undefined {
  let from = 0;
  let to = block.length / RUN_ROW_BYTES;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const at = middle * RUN_ROW_BYTES;
    const key = block.slice(at, at + INDEX_KEY_BYTES);
    if (key === sought) return block.slice(at + INDEX_KEY_BYTES, at + RUN_ROW_BYTES);
    if (key < sought) from = middle + 1;
    else to = middle;
  }
  return undefined;
}

/** Takes a block's first key as its fence and all its keys into the filter. */
export function noteBlock(
  { fences, bloom }: { readonly fences: IndexKey[]; readonly bloom: Bloom },
  block: Buffer,
): void {
  fences.push(block.toString('latin1', 0, INDEX_KEY_BYTES));
  for (let at = 0; at < block.length; at += RUN_ROW_BYTES) {
    bloom.add(block[at] as number, block.readUInt32BE(at + 1), block.readUInt32BE(at + 5));
  }
}

export function blockKey(id: number, block: number): Binary {
  return SPACE.runBlock + u32(id) + u32(block);
}

function headKey(id: number): Binary {
  return SPACE.runHead + u32(id);
}

function headOf({ keys, fences, bloom }: Run): Binary {
  return u32(keys) + u32(fences.length) + fences.join('') + toBinary(bloom.bytes);
}

function parseHead(id: number, head: Binary): Run {
  const fences: IndexKey[] = [];
  const filter = 8 + readU32(head, 4) * INDEX_KEY_BYTES;
  for (let at = 8; at < filter; at += INDEX_KEY_BYTES) fences.push(head.slice(at, at + INDEX_KEY_BYTES));
  const bloom = new Bloom(new Uint8Array(new SharedArrayBuffer(head.length - filter)));
  bloom.bytes.set(fromBinary(head.slice(filter)));
  return { id, keys: readU32(head, 0), fences, bloom };
}

/** Blocks of no run: it was merged into another, or its merging did not come to its end. */
async function dropOrphans(db: ViewsDatabase, runs: readonly Run[]): Promise<void> {
  const ids = runs.map(({ id }) => id).sort((a, b) => a - b);
  let [from] = rangeOf(SPACE.runBlock);
  const [, end] = rangeOf(SPACE.runBlock);
  for (const id of ids) {
    await db.clear({ gte: fromBinary(from), lt: fromBinary(SPACE.runBlock + u32(id)) });
    from = SPACE.runBlock + u32(id + 1);
  }
  await db.clear({ gte: fromBinary(from), lt: fromBinary(end) });
}
