// Merging the rows of sorted runs into one: the merged blocks are written beside the old ones, and nobody reads them
// before a head names them (run-merger.ts).

import { fromBinary } from './binary.js';
import { Bloom } from './bloom.js';
import type { ViewsDatabase } from './buffered-db.js';
import { INDEX_KEY_BYTES, type IndexKey } from './index-key.js';
import { BLOCK_BYTES, blockKey, RUN_ROW_BYTES } from './runs.js';

/** Blocks read from each run, and written, at once. */
const CHUNK_BLOCKS = 64;

/** The blocks of a run in the database. */
export interface RunBlocks {
  readonly id: number;
  readonly blocks: number;
}

export interface MergeTask {
  readonly runs: readonly RunBlocks[];
  /** The id of the merged run, which no other has. */
  readonly id: number;
  /** As many keys as the runs have together. */
  readonly keys: number;
}

/** What has to be known of the merged run beside its blocks. */
export interface MergedRun {
  readonly fences: readonly IndexKey[];
  /** The bytes of its Bloom filter, which threads can share. */
  readonly filter: Uint8Array;
}

/** One run while it is merged: a chunk of its blocks, and the row that is next. */
interface Stream {
  readonly run: RunBlocks;
  nextBlock: number;
  chunk: Buffer;
  at: number;
  /** The key of that row in two numbers, which sort as it does: its kind and first four bytes, and its last four. */
  first: number;
  last: number;
}

/** The merged run as far as it is made. */
interface Merged {
  readonly id: number;
  readonly fences: IndexKey[];
  readonly bloom: Bloom;
  /** The block that is being filled. */
  block: Buffer;
  filled: number;
  /** Blocks to be written. */
  puts: { type: 'put'; key: Uint8Array; value: Uint8Array }[];
}

/** Writes the blocks of the merged run. */
export async function mergeRuns(database: ViewsDatabase, { runs, id, keys }: MergeTask): Promise<MergedRun> {
  const streams: Stream[] = [];
  for (const run of runs) {
    const stream: Stream = { run, nextBlock: 0, chunk: Buffer.alloc(0), at: 0, first: 0, last: 0 };
    if (await readOn(database, stream)) streams.push(stream);
  }
  const bloom = Bloom.forKeys(keys);
  const merged: Merged = { id, fences: [], bloom, block: newBlock(), filled: 0, puts: [] };
  while (streams.length > 0) {
    const atEnd = moveRows(streams, merged);
    if (atEnd !== undefined && !(await readOn(database, atEnd))) streams.splice(streams.indexOf(atEnd), 1);
    if (merged.puts.length >= CHUNK_BLOCKS) await database.batch(merged.puts.splice(0));
  }
  if (merged.filled > 0) endBlock(merged);
  await database.batch(merged.puts);
  return { fences: merged.fences, filter: bloom.bytes };
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
    merged.bloom.add(chunk[at] as number, stream.first % 2 ** 32, stream.last);
    merged.filled = filled + RUN_ROW_BYTES;
    if (merged.filled === BLOCK_BYTES) endBlock(merged);
    stream.at = at + RUN_ROW_BYTES;
    if (stream.at === chunk.length) return stream;
    readKey(stream);
  }
  return undefined;
}

function endBlock(merged: Merged): void {
  const { id, fences, block, filled } = merged;
  const key = fromBinary(blockKey(id, fences.length));
  fences.push(block.toString('latin1', 0, INDEX_KEY_BYTES));
  merged.puts.push({ type: 'put', key, value: block.subarray(0, filled) });
  merged.block = newBlock();
  merged.filled = 0;
}

function newBlock(): Buffer {
  return Buffer.allocUnsafe(BLOCK_BYTES);
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
    const to = Math.min(run.blocks, stream.nextBlock + CHUNK_BLOCKS);
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
