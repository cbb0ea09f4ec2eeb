// The live media records, as much of them as views and look-ups need, and when they end. Kept so that a record can
// be taken back out of every view when its bytes are gone, and so that records can be compared and shown without
// reading and decoding bundles of 256 entries.
//
//   e <position>        -> keep-until day (4), record id (16), length (1) and text of the classification,
//                          hash keys, strongest first; nothing where a record that came in a pack (packs.ts) is no longer live
//   d <day> <position>  -> nothing

import type { Entry, MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import { hashesOf } from '../statements/hashes.js';
import { type Binary, readU32, toBinary, u32 } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { type HashKey, hashKey, splitHashKeys } from './hash-key.js';
import { packedAt } from './packs.js';
import type { Position } from './position.js';
import { SPACE } from './spaces.js';

export interface LiveRecord {
  readonly position: Position;
  /** 16 bytes. */
  readonly recordId: Binary;
  /** 0 = no end. */
  readonly keepUntilDay: number;
  /** `SCHEME:CODE`, or empty. */
  readonly classification: Binary;
  /** Strongest first. */
  readonly hashes: readonly HashKey[];
}

/** The media record of a decoded entry; undefined when it is another statement. */
export function recordIn(entry: Entry, position: Position): LiveRecord | undefined {
  if (entry.statement.case !== 'mediaRecord') return undefined;
  const record = entry.statement.value;
  return {
    position,
    recordId: toBinary(record.recordId),
    keepUntilDay: entry.handling?.keepUntilDay ?? 0,
    classification: classificationText(record),
    hashes: hashesOf(record).map(hashKey),
  };
}

/** Scheme and code are held to patterns without a colon, in ASCII, of 24 characters together. */
function classificationText({ classification }: MediaRecord): Binary {
  return classification === undefined ? '' : `${classification.scheme}:${classification.code}`;
}

export function putLive(db: BufferedDb, record: LiveRecord): void {
  const { keepUntilDay, recordId, classification, hashes, position } = record;
  const length = String.fromCharCode(classification.length);
  db.put(SPACE.live + position, u32(keepUntilDay) + recordId + length + classification + hashes.join(''));
  if (record.keepUntilDay !== 0) db.put(expiryKey(record), '');
}

export async function deleteLive(db: BufferedDb, records: readonly LiveRecord[]): Promise<void> {
  const packed = await packedAt(
    db,
    records.map(({ position }) => position),
  );
  for (const record of records) {
    if (packed.has(record.position)) db.put(SPACE.live + record.position, '');
    else db.delete(SPACE.live + record.position);
    if (record.keepUntilDay !== 0) db.delete(expiryKey(record));
  }
}

export function expiryKey(entry: { readonly keepUntilDay: number; readonly position: Position }): Binary {
  return SPACE.expiry + u32(entry.keepUntilDay) + entry.position;
}

/** The live records at the positions; those where none is are left out. */
export async function liveAt(db: Reader, positions: Iterable<Position>): Promise<Map<Position, LiveRecord>> {
  const wanted = [...new Set(positions)];
  const values = await db.getMany(wanted.map((position) => SPACE.live + position));
  const packed = await packedAt(
    db,
    wanted.filter((_position, i) => values[i] === undefined),
  );
  const found = new Map<Position, LiveRecord>();
  for (const [i, position] of wanted.entries()) {
    const value = values[i] ?? packed.get(position) ?? '';
    if (value !== '') found.set(position, parseLive(position, value));
  }
  return found;
}

export function parseLive(position: Position, value: Binary): LiveRecord {
  const hashesAt = 21 + value.charCodeAt(20);
  return {
    position,
    keepUntilDay: readU32(value, 0),
    recordId: value.slice(4, 20),
    classification: value.slice(21, hashesAt),
    hashes: splitHashKeys(value.slice(hashesAt)),
  };
}
