// Merging sorted runs: eight of one size become one of the next, so that a key is looked for in a few runs
// however long the logs are. The merged blocks are written beside the old ones and count when the heads
// change, in one batch; the old blocks go at the next merge, when no look-up can be reading them any more.

import { fromBinary, u32 } from './binary.js';
import type { BufferedDb, ViewsDatabase } from './buffered-db.js';
import { INDEX_KEY_BYTES, type IndexKey } from './index-key.js';
import { BLOCK_BYTES, blockKey, RUN_ROW_BYTES, type Run, type Runs } from './runs.js';
import { SPACE } from './spaces.js';

/** Runs that become one. */
export const FAN_IN = 8;

/** Runs of a class have at most so many keys, or FAN_IN times, or its square times as many, and so on. */
const LEAST_KEYS = 2048;

/** Merging more would hold up the views for seconds. */
const MAX_KEYS = 4_000_000;

/** Blocks read from each run, and written, at once. */
const CHUNK_BLOCKS = 64;

export class RunMerger {
  readonly #fanIn: number;
  #passed: Run[] = [];

  constructor(fanIn: number) {
    this.#fanIn = fanIn;
  }

  /** Merges what is due, if anything; the heads are changed in the batch of `db`. */
  async mergeDue(database: ViewsDatabase, db: BufferedDb, runs: Runs): Promise<boolean> {
    const due = dueIn(runs.all, this.#fanIn);
    if (due === undefined) return false;
    await db.written();
    await this.dropPassed(database);
    const keys = due.reduce((sum, run) => sum + run.keys, 0);
    const merged = runs.begin(keys);
    await writeMerged(database, due, merged);
    runs.replace(db, due, merged);
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

/** One run while it is merged: a chunk of its blocks, and the row that is next. */
interface Stream {
  readonly run: Run;
  nextBlock: number;
  chunk: Buffer;
  at: number;
  /** The key of that row in two numbers, which sort as it does: its kind and first four bytes, and its last four. */
  first: number;
  last: number;
}

/** The merged run as far as it is made. */
interface Merged {
  readonly run: Run & { readonly fences: IndexKey[] };
  /** The block that is being filled. */
  block: Buffer;
  filled: number;
  /** Blocks to be written. */
  puts: { type: 'put'; key: Uint8Array; value: Uint8Array }[];
}

async function writeMerged(
  database: ViewsDatabase,
  runs: readonly Run[],
  run: Run & { readonly fences: IndexKey[] },
): Promise<void> {
  const streams: Stream[] = [];
  for (const one of runs) {
    const stream: Stream = { run: one, nextBlock: 0, chunk: Buffer.alloc(0), at: 0, first: 0, last: 0 };
    if (await readOn(database, stream)) streams.push(stream);
  }
  const merged: Merged = { run, block: Buffer.allocUnsafe(BLOCK_BYTES), filled: 0, puts: [] };
  while (streams.length > 0) {
    const atEnd = moveRows(streams, merged);
    if (atEnd !== undefined && !(await readOn(database, atEnd))) streams.splice(streams.indexOf(atEnd), 1);
    if (merged.puts.length >= CHUNK_BLOCKS) await database.batch(merged.puts.splice(0));
  }
  if (merged.filled > 0) endBlock(merged);
  await database.batch(merged.puts);
}

/**
 * Moves the first rows of the streams until there are blocks enough to write, or one of the streams, which is returned,
 * has to be read on. Apart from all that waits, so that the compiler makes the most of it.
 */
function moveRows(streams: readonly Stream[], merged: Merged): Stream | undefined {
  while (merged.puts.length < CHUNK_BLOCKS) {
    const stream = firstOf(streams);
    const { chunk, at } = stream;
    const { block, filled } = merged;
    for (let i = 0; i < RUN_ROW_BYTES; i++) block[filled + i] = chunk[at + i] as number;
    merged.run.bloom.add(chunk[at] as number, stream.first % 2 ** 32, stream.last);
    merged.filled = filled + RUN_ROW_BYTES;
    if (merged.filled === BLOCK_BYTES) endBlock(merged);
    stream.at = at + RUN_ROW_BYTES;
    if (stream.at === chunk.length) return stream;
    readKey(stream);
  }
  return undefined;
}

function endBlock(merged: Merged): void {
  const { run, block, filled } = merged;
  const key = fromBinary(blockKey(run.id, run.fences.length));
  run.fences.push(block.toString('latin1', 0, INDEX_KEY_BYTES));
  merged.puts.push({ type: 'put', key, value: block.subarray(0, filled) });
  merged.block = Buffer.allocUnsafe(BLOCK_BYTES);
  merged.filled = 0;
}

function firstOf(streams: readonly Stream[]): Stream {
  let first = streams[0] as Stream;
  for (let i = 1; i < streams.length; i++) {
    const other = streams[i] as Stream;
    if (other.first < first.first || (other.first === first.first && other.last < first.last)) {
      first = other;
    }
  }
  return first;
}

/** Reads the next blocks of the run; false at its end. */
async function readOn(database: ViewsDatabase, stream: Stream): Promise<boolean> {
  const { run } = stream;
  do {
    const to = Math.min(run.fences.length, stream.nextBlock + CHUNK_BLOCKS);
    if (stream.nextBlock === to) return false;
    const keys: Uint8Array[] = [];
    for (let block = stream.nextBlock; block < to; block++) keys.push(fromBinary(blockKey(run.id, block)));
    const values = await database.getMany(keys);
    stream.chunk = Buffer.concat(values.map((value) => value as Uint8Array));
    stream.nextBlock = to;
    // Blocks may have lost all their rows.
  } while (stream.chunk.length === 0);
  stream.at = 0;
  readKey(stream);
  return true;
}

function readKey(stream: Stream): void {
  const { chunk, at } = stream;
  stream.first = (chunk[at] as number) * 2 ** 32 + chunk.readUInt32BE(at + 1);
  stream.last = chunk.readUInt32BE(at + 5);
}
