// What sorted runs go by: nine bytes, of which the first says what kind of thing the other eight begin.
//
//   00 <member number, 2> <first 6 bytes of the record id>    a member's record
//   01..05 <first 8 bytes of the hash>                        a hash (hash-key.ts)

import { type Binary, readU16, readU32 } from './binary.js';
import type { MemberNumber } from './position.js';

export type IndexKey = Binary;

export const INDEX_KEY_BYTES = 9;

export const RECORD_KIND = 0;

const RECORD_PREFIX = String.fromCharCode(RECORD_KIND);
const ID_BYTES_IN_KEY = 6;

/** The key of a member's record; others may share it, so what is found is compared by the whole id. */
export function recordKey(member: MemberNumber, recordId: Binary): IndexKey {
  return RECORD_PREFIX + member + recordId.slice(0, ID_BYTES_IN_KEY);
}

/** `highOf` and `lowOf` of a record's key, from the bytes of its id. */
export function recordKeyNumbers(member: MemberNumber, recordId: Uint8Array): [high: number, low: number] {
  const id = Buffer.from(recordId.buffer, recordId.byteOffset, recordId.length);
  return [readU16(member, 0) * 0x1_0000 + id.readUInt16BE(0), id.readUInt32BE(2)];
}

export function kindOf(key: IndexKey): number {
  return key.charCodeAt(0);
}

/** The first four of the eight bytes, as a number below 2^32. */
export function highOf(key: IndexKey): number {
  return readU32(key, 1);
}

/** The last four. */
export function lowOf(key: IndexKey): number {
  return readU32(key, 5);
}
