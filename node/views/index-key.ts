// What sorted runs go by: nine bytes, of which the first says what kind of thing the other eight begin.
//
//   00 <member number, 2> <first 6 bytes of the record id>    a member's record
//   01..05 <first 8 bytes of the hash>                        a hash (hash-key.ts)

import { type Binary, readU32 } from './binary.js';
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
