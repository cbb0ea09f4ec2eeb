// Following a long log: of thousands of entries at once, those records that stand alone go into packs and one
// sorted run, in a few large writes; all others take the way that single entries take. Which way a record took
// shows nowhere but in the time that it takes.

import { setImmediate } from 'node:timers/promises';
import {
  HASH_SIZES,
  newPlainScan,
  type PlainScan,
  RECORD_ID_BYTES,
  scanPlain,
} from '../statements/plain-scan.js';
import type { BufferedDb } from './buffered-db.js';
import type { LiveChange } from './current-records.js';
import { grow } from './jobs.js';
import { KeyColumns } from './key-columns.js';
import { expiryKey, isLiveOn, type LiveRecord, liveRecordIn } from './live-records.js';
import type { FollowedLog, LogTable } from './log-table.js';
import { PACK_HEAD_BYTES, PACK_RECORDS, packKey } from './packs.js';
import { NO_PLAIN_RECORDS, type PlainRecords } from './plain-records.js';
import { memberNumberOf, positionOf } from './position.js';
import type { ShortIndex } from './short-index.js';
import { SPACE } from './spaces.js';

/** Other work on the thread goes on after so many entries: some milliseconds. */
const PAUSE_ENTRIES = 1024;

/** A record in a pack is at most its day, its id, and every hash behind its kind. */
const MAX_PACKED_BYTES = 4 + RECORD_ID_BYTES + HASH_SIZES.reduce((sum, size) => sum + 1 + size, 0);

/** What becomes of an entry that does not stay 0, nothing: it stands alone, or takes the way of single entries. */
const PLAIN = 1;
const SINGLE = 2;

interface Stretch {
  readonly log: FollowedLog;
  /** The index of the first entry. */
  readonly from: number;
  readonly entries: readonly (Uint8Array | undefined)[];
  readonly day: number;
}

/** The entries [cursor, cursor + length) of a log are applied; `plain` is what needs no further look. */
export async function growInBulk(
  db: BufferedDb,
  index: ShortIndex,
  logs: LogTable,
  log: FollowedLog,
  entries: readonly (Uint8Array | undefined)[],
  day: number,
): Promise<LiveChange & { readonly plain: PlainRecords }> {
  const stretch: Stretch = { log, from: log.cursor, entries, day };
  // After a cut that was taken back these places have rows already, which say more than a pack would.
  if (await hasRows(db, stretch)) {
    return { ...grow(db, logs, log, entries, day), plain: NO_PLAIN_RECORDS };
  }
  await index.prepare(db);
  const keys = new KeyColumns(log.number, entries.length);
  const fates = await fatesOf(stretch, keys);
  const sorted = keys.sorted();
  keys.shared(
    sorted,
    (kind, high, low) => index.mayHave(kind, high, low),
    (owner) => {
      fates[owner] = SINGLE;
    },
  );
  const rows = keys.rows(sorted, (owner) => fates[owner] === PLAIN, stretch.from);
  if (rows.length > 0) index.runs.add(db, rows);
  await setImmediate();
  putPacks(db, stretch, fates);
  const born: LiveRecord[] = [];
  for (const [offset, bytes] of entries.entries()) {
    const position = positionOf(log.number, stretch.from + offset);
    if (bytes === undefined) db.put(SPACE.hole + position, '');
    if (bytes === undefined || fates[offset] !== SINGLE) continue;
    const record = liveRecordIn(bytes, position, day);
    if (record !== undefined) born.push(record);
  }
  logs.moveCursor(db, log, stretch.from + entries.length);
  return { born, died: [], plain: plainAmong(stretch, fates) };
}

async function hasRows(db: BufferedDb, { log, from, entries }: Stretch): Promise<boolean> {
  const first = SPACE.live + positionOf(log.number, from);
  const end = SPACE.live + positionOf(log.number, from + entries.length);
  for await (const _row of db.scan(first, end)) return true;
  return false;
}

/** Says which way each entry takes, as far as it alone can tell, and collects the keys of the plain ones. */
async function fatesOf({ from, entries, day }: Stretch, keys: KeyColumns): Promise<Uint8Array> {
  const fates = new Uint8Array(entries.length);
  const scan = newPlainScan();
  // A pack is written whole or not at all.
  const firstPacked = (PACK_RECORDS - (from % PACK_RECORDS)) % PACK_RECORDS;
  const endPacked = entries.length - ((from + entries.length) % PACK_RECORDS);
  for (const [offset, bytes] of entries.entries()) {
    if (offset % PAUSE_ENTRIES === PAUSE_ENTRIES - 1) await setImmediate();
    if (bytes === undefined) continue;
    if (offset < firstPacked || offset >= endPacked || !scanPlain(bytes, scan)) {
      fates[offset] = SINGLE;
    } else if (isLiveOn(scan.keepUntilDay, day)) {
      fates[offset] = PLAIN;
      keys.add(offset, bytes, scan);
    }
  }
  return fates;
}

function putPacks(db: BufferedDb, { log, from, entries }: Stretch, fates: Uint8Array): void {
  const scan = newPlainScan();
  const scratch = Buffer.alloc(PACK_HEAD_BYTES + PACK_RECORDS * MAX_PACKED_BYTES);
  const firstPacked = (PACK_RECORDS - (from % PACK_RECORDS)) % PACK_RECORDS;
  for (let start = firstPacked; start + PACK_RECORDS <= entries.length; start += PACK_RECORDS) {
    let end = PACK_HEAD_BYTES;
    for (let place = 0; place < PACK_RECORDS; place++) {
      const bytes = entries[start + place];
      const isPlain = bytes !== undefined && fates[start + place] === PLAIN && scanPlain(bytes, scan);
      const next = isPlain ? writeRecord(scratch, end, bytes, scan) : end;
      scratch.writeUInt16BE(next - end, place * 2);
      if (isPlain && scan.keepUntilDay !== 0) {
        const position = positionOf(log.number, from + start + place);
        db.put(expiryKey({ keepUntilDay: scan.keepUntilDay, position }), '');
      }
      end = next;
    }
    if (end > PACK_HEAD_BYTES) db.put(packKey(log.number, from + start), scratch.toString('latin1', 0, end));
  }
}

/** Writes the record as live-records.ts keeps it; returns where it ends. */
function writeRecord(into: Buffer, from: number, bytes: Uint8Array, scan: PlainScan): number {
  let at = into.writeUInt32BE(scan.keepUntilDay, from);
  into.set(bytes.subarray(scan.recordIdAt, scan.recordIdAt + RECORD_ID_BYTES), at);
  at += RECORD_ID_BYTES;
  for (let place = 0; place < scan.hashAt.length; place++) {
    const hashAt = scan.hashAt[place] as number;
    if (hashAt === 0) continue;
    const size = HASH_SIZES[place] as number;
    into[at++] = place + 1;
    into.set(bytes.subarray(hashAt, hashAt + size), at);
    at += size;
  }
  return at;
}

function plainAmong({ log, from, entries, day }: Stretch, fates: Uint8Array): PlainRecords {
  return {
    member: memberNumberOf(log.number),
    count: fates.reduce((count, fate) => count + Number(fate === PLAIN), 0),
    records: () =>
      entries.flatMap((bytes, offset) => {
        if (bytes === undefined || fates[offset] !== PLAIN) return [];
        return liveRecordIn(bytes, positionOf(log.number, from + offset), day) ?? [];
      }),
  };
}
