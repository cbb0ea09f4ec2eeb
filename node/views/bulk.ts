// Following a long log: of thousands of entries at once, those records that stand alone go into packs and one
// sorted run, in a few large writes; all others take the way that single entries take. Which way a record took
// shows nowhere but in the time that it takes.

import type { BufferedDb } from './buffered-db.js';
import type { BulkSorter } from './bulk-sorter.js';
import { noteDead } from './dead-entries.js';
import { grow } from './jobs.js';
import { isStatement, type LiveChange, type LiveEntry, liveIn } from './live-entries.js';
import { expiryKey, type LiveRecord } from './live-records.js';
import type { FollowedLog, LogTable } from './log-table.js';
import { packKey } from './packs.js';
import { NO_PLAIN_RECORDS, type PlainRecords } from './plain-records.js';
import { memberNumberOf, positionOf } from './position.js';
import type { ShortIndex } from './short-index.js';
import { PLAIN, SINGLE, type SortedOut, type Stretch } from './sort-out.js';
import { SPACE } from './spaces.js';

type Entries = readonly (Uint8Array | undefined)[];

/** The entries [cursor, cursor + length) of a log are applied; `plain` is what needs no further look. */
export async function growInBulk(
  db: BufferedDb,
  index: ShortIndex,
  sorter: BulkSorter,
  logs: LogTable,
  log: FollowedLog,
  entries: Entries,
  day: number,
): Promise<LiveChange & { readonly plain: PlainRecords }> {
  const from = log.cursor;
  const singly = async () => ({
    ...(await grow(db, logs, log, entries, day)),
    plain: NO_PLAIN_RECORDS,
  });
  // A later log of the same member may have taken back what comes.
  if (logs.hasLater(log)) return await singly();
  const filters = await index.filters(db);
  const sorting = sorter.sort(stretchOf(log, entries, day), filters);
  // Looked for meanwhile, because the look waits for the batch before.
  const [rows, sorted] = await Promise.allSettled([hasRows(db, log, entries.length), sorting]);
  if (rows.status === 'rejected') throw rows.reason;
  if (sorted.status === 'rejected') throw sorted.reason;
  // After a cut that was taken back these places have rows already, which say more than a pack would.
  if (rows.value) return await singly();
  const { fates, run, ...packed } = sorted.value;
  if (run.rows.length > 0) index.runs.add(db, run);
  putPacks(db, log, packed);
  const born: LiveEntry[] = [];
  for (const [offset, bytes] of entries.entries()) {
    if (bytes !== undefined && fates[offset] === PLAIN) continue;
    const position = positionOf(log.number, from + offset);
    if (bytes === undefined) {
      db.put(SPACE.hole + position, '');
      continue;
    }
    const entry = fates[offset] === SINGLE ? liveIn(bytes, position, day) : undefined;
    if (entry === undefined) noteDead(db, position);
    else born.push(entry);
  }
  logs.moveCursor(db, log, from + entries.length);
  return { born, died: [], plain: plainAmong(log, from, entries, fates, day) };
}

async function hasRows(db: BufferedDb, log: FollowedLog, length: number): Promise<boolean> {
  const first = SPACE.live + positionOf(log.number, log.cursor);
  const end = SPACE.live + positionOf(log.number, log.cursor + length);
  for await (const _row of db.scan(first, end)) return true;
  return false;
}

function stretchOf(log: FollowedLog, entries: Entries, day: number): Stretch {
  const lengths = Uint32Array.from(entries, (bytes) => bytes?.length ?? 0);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry === undefined) continue;
    bytes.set(entry, at);
    at += entry.length;
  }
  return { log: log.number, from: log.cursor, day, bytes, lengths };
}

function putPacks(
  db: BufferedDb,
  log: FollowedLog,
  { packs, packStarts, packEnds, expiring }: Omit<SortedOut, 'fates' | 'run'>,
): void {
  const all = Buffer.from(packs.buffer, packs.byteOffset, packs.length);
  let begin = 0;
  for (const [i, end] of packEnds.entries()) {
    const start = log.cursor + (packStarts[i] as number);
    db.put(packKey(log.number, start), all.toString('latin1', begin, end));
    begin = end;
  }
  for (const [offset, keepUntilDay] of expiring) {
    db.put(expiryKey({ keepUntilDay, position: positionOf(log.number, log.cursor + offset) }), '');
  }
}

function plainAmong(
  log: FollowedLog,
  from: number,
  entries: Entries,
  fates: Uint8Array,
  day: number,
): PlainRecords {
  return {
    member: memberNumberOf(log.number),
    count: fates.reduce((count, fate) => count + Number(fate === PLAIN), 0),
    records: () =>
      entries.flatMap((bytes, offset): LiveRecord[] => {
        if (bytes === undefined || fates[offset] !== PLAIN) return [];
        const entry = liveIn(bytes, positionOf(log.number, from + offset), day);
        return entry === undefined || isStatement(entry) ? [] : [entry];
      }),
  };
}
