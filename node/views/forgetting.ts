// Taking the last traces of dead entries out of the views: packs that hold their records, rows of sorted runs that
// hold the first bytes of their hashes, and empty rows that stand for those. Nothing that any view says changes by it.

import { entryOrNothing } from '../statements/entry.js';
import type { Binary } from './binary.js';
import type { BufferedDb } from './buffered-db.js';
import { shortKey } from './hash-key.js';
import { type IndexKey, recordKey } from './index-key.js';
import { type LiveRecord, parseLive, recordIn } from './live-records.js';
import { packedAt, packKey, packWithout } from './packs.js';
import { indexOf, logNumberOf, memberNumberOf, type Position } from './position.js';
import type { ShortIndex } from './short-index.js';
import { SPACE } from './spaces.js';

/** A dead entry with its bytes, as far as they are still here. */
export interface DeadEntry {
  readonly position: Position;
  readonly bytes: Uint8Array | undefined;
}

/** Forgets the entries as far as they are dead indeed; one that lives again meanwhile is left alone. */
export async function forgetDead(
  db: BufferedDb,
  index: ShortIndex,
  entries: readonly DeadEntry[],
): Promise<void> {
  const positions = entries.map(({ position }) => position);
  const stillDead = await db.getMany(positions.map((position) => SPACE.dead + position));
  const dead = entries.filter((_entry, i) => stillDead[i] !== undefined);
  const packed = await packedAt(
    db,
    dead.map(({ position }) => position),
  );
  const records = dead.flatMap(
    ({ position, bytes }) => recordOf(position, packed.get(position), bytes) ?? [],
  );
  await unpack(db, [...packed.keys()]);
  await index.runs.drop(
    db,
    records.flatMap((record) => keysOf(record).map(([key]) => [key, record.position] as const)),
  );
  await dropEmptyRows(db, index, records);
}

function recordOf(
  position: Position,
  packed: Binary | undefined,
  bytes: Uint8Array | undefined,
): LiveRecord | undefined {
  if (packed !== undefined) return parseLive(position, packed);
  const entry = bytes === undefined ? undefined : entryOrNothing(bytes);
  return entry === undefined ? undefined : recordIn(entry, position);
}

/** Takes records out of their packs, and away what stood for their being dead. */
async function unpack(db: BufferedDb, positions: readonly Position[]): Promise<void> {
  const gone = new Set(positions);
  const keys = [...new Set(positions.map((position) => packKey(logNumberOf(position), indexOf(position))))];
  for (const [i, pack] of (await db.getMany(keys)).entries()) {
    const key = keys[i] as Binary;
    const left = packWithout(key, pack as Binary, gone);
    if (left === undefined) db.delete(key);
    else db.put(key, left);
  }
  for (const position of positions) db.delete(SPACE.live + position);
}

/** By what the runs know the record, and the row that counts instead. */
function keysOf(record: LiveRecord): [key: IndexKey, row: Binary][] {
  const member = memberNumberOf(record.position);
  return [
    [recordKey(member, record.recordId), SPACE.version + member + record.recordId],
    ...record.hashes.map((hash): [IndexKey, Binary] => [shortKey(hash), SPACE.posting + shortKey(hash)]),
  ];
}

/** An empty row says that what a run has under the key is gone; where no run has it any more, it says nothing. */
async function dropEmptyRows(
  db: BufferedDb,
  index: ShortIndex,
  records: readonly LiveRecord[],
): Promise<void> {
  const keys = records.flatMap(keysOf);
  const rows = await db.getMany(keys.map(([, row]) => row));
  const inRuns = await index.runs.find(
    db,
    keys.map(([key]) => key),
  );
  for (const [i, [, row]] of keys.entries()) {
    if (rows[i] === '' && inRuns[i] === undefined) db.delete(row);
  }
}
