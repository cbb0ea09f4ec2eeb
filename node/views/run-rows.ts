// All rows of all sorted runs in one order, as a snapshot has them: for whoever reads everything.

import { type Binary, u32 } from './binary.js';
import { type Row, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { INDEX_KEY_BYTES } from './index-key.js';
import { RUN_ROW_BYTES } from './runs.js';
import { rangeOf, SPACE } from './spaces.js';

/** A run as it is read: a block, and the row in it that is next. */
interface Stream {
  readonly blocks: AsyncGenerator<Row>;
  block: Binary;
  at: number;
  key: Binary;
}

/** Index key and position of each row, in the order of keys. */
export async function* rowsOfRuns(db: ViewsDatabase, snapshot: Snapshot): AsyncGenerator<Row> {
  const streams: Stream[] = [];
  for await (const [head] of scan(db, ...rangeOf(SPACE.runHead), { snapshot })) {
    const id = head.slice(1);
    const blocks = scan(db, SPACE.runBlock + id, SPACE.runBlock + id + u32(0xffffffff), { snapshot });
    const stream = { blocks, block: '', at: 0, key: '' };
    if (await readOn(stream)) streams.push(stream);
  }
  while (streams.length > 0) {
    let first = streams[0] as Stream;
    for (const stream of streams) if (stream.key < first.key) first = stream;
    yield [first.key, first.block.slice(first.at + INDEX_KEY_BYTES, first.at + RUN_ROW_BYTES)];
    first.at += RUN_ROW_BYTES;
    if (first.at < first.block.length) first.key = first.block.slice(first.at, first.at + INDEX_KEY_BYTES);
    else if (!(await readOn(first))) streams.splice(streams.indexOf(first), 1);
  }
}

/** Takes the next block; false at the end of the run. */
async function readOn(stream: Stream): Promise<boolean> {
  let next = await stream.blocks.next();
  // A block whose rows are all gone.
  while (next.done !== true && next.value[1] === '') next = await stream.blocks.next();
  if (next.done === true) return false;
  stream.block = next.value[1];
  stream.at = 0;
  stream.key = stream.block.slice(0, INDEX_KEY_BYTES);
  return true;
}
