// Merging sorted runs: eight of one size become one of the next, so that a key is looked for in a few runs
// however long the logs are. The merged blocks are written beside the old ones and count when the heads
// change, in one batch; the old blocks go at the next merge, when no look-up can be reading them any more.

import { fromBinary, u32 } from './binary.js';
import type { BufferedDb, ViewsDatabase } from './buffered-db.js';
import { BLOCK_ROWS, blockKey, noteBlock, RUN_ROW_BYTES, type Run, type Runs } from './runs.js';
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
  kind: number;
  high: number;
  low: number;
}

async function writeMerged(
  database: ViewsDatabase,
  runs: readonly Run[],
  merged: Run & { readonly fences: string[] },
): Promise<void> {
  const streams: Stream[] = [];
  for (const run of runs) {
    const stream: Stream = { run, nextBlock: 0, chunk: Buffer.alloc(0), at: 0, kind: 0, high: 0, low: 0 };
    if (await readOn(database, stream)) streams.push(stream);
  }
  let block = Buffer.allocUnsafe(BLOCK_ROWS * RUN_ROW_BYTES);
  let filled = 0;
  let operations: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = [];
  const endBlock = (): void => {
    const value = block.subarray(0, filled);
    const key = fromBinary(blockKey(merged.id, merged.fences.length));
    noteBlock(merged, value);
    operations.push({ type: 'put', key, value });
    block = Buffer.allocUnsafe(BLOCK_ROWS * RUN_ROW_BYTES);
    filled = 0;
  };
  while (streams.length > 0) {
    const first = firstOf(streams);
    first.chunk.copy(block, filled, first.at, first.at + RUN_ROW_BYTES);
    filled += RUN_ROW_BYTES;
    first.at += RUN_ROW_BYTES;
    if (filled === block.length) endBlock();
    if (operations.length === CHUNK_BLOCKS) {
      await database.batch(operations);
      operations = [];
    }
    if (first.at < first.chunk.length) readKey(first);
    else if (!(await readOn(database, first))) streams.splice(streams.indexOf(first), 1);
  }
  if (filled > 0) endBlock();
  await database.batch(operations);
}

function firstOf(streams: readonly Stream[]): Stream {
  let first = streams[0] as Stream;
  for (let i = 1; i < streams.length; i++) {
    const other = streams[i] as Stream;
    if (
      other.kind < first.kind ||
      (other.kind === first.kind &&
        (other.high < first.high || (other.high === first.high && other.low < first.low)))
    ) {
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
  stream.kind = stream.chunk[stream.at] as number;
  stream.high = stream.chunk.readUInt32BE(stream.at + 1);
  stream.low = stream.chunk.readUInt32BE(stream.at + 5);
}
