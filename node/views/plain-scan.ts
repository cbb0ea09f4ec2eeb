// Where in the bytes of an entry stand the few things that views want of a media record. Made for bulk: it makes
// no objects. It takes only what it knows to the last byte, and leaves everything else to the full decoder; that
// the bytes are canonical was checked when they came (statements/canonical.ts).

import { ALGORITHMS, HASH_BYTES, type HashAlgorithm } from '../statements/hashes.js';

/** What was found; used again for each entry. */
export interface PlainScan {
  keepUntilDay: number;
  /** Offset of the 16 bytes of the record id. */
  recordIdAt: number;
  /** Offset of each hash, in the order of ALGORITHMS; 0 = none. */
  readonly hashAt: number[];
}

export const RECORD_ID_BYTES = 16;

/** Bytes of each hash, in the order of ALGORITHMS. */
export const HASH_SIZES: readonly number[] = ALGORITHMS.map((algorithm) => HASH_BYTES[algorithm]);

/** Tags of Entry (field number times 8, plus wire type). */
const HANDLING = 0x22;
const MEDIA_RECORD = 0x42;
/** Tags of Handling and MediaRecord. */
const KEEP_UNTIL_DAY = 0x08;
const RECORD_ID = 0x0a;
const CLASSIFICATION = 0x5a;
/** The place in ALGORITHMS of the hash with the tag. */
const HASH_TAGS: readonly (number | undefined)[] = hashTags({
  sha256: 0x12,
  sha1: 0x1a,
  md5: 0x22,
  pdq: 0x2a,
  photodna: 0x3a,
});
const VARINT_TAGS = new Set([0x30, 0x40, 0x48, 0x50]);
const SERIES = 0x62;
const FLAGS = 0x6a;

export function newPlainScan(): PlainScan {
  return { keepUntilDay: 0, recordIdAt: 0, hashAt: ALGORITHMS.map(() => 0) };
}

/** Fills in the scan; false when the entry is no media record, or not one that is known to the last byte. */
export function scanPlain(bytes: Uint8Array, scan: PlainScan): boolean {
  scan.keepUntilDay = 0;
  scan.recordIdAt = 0;
  scan.hashAt.fill(0);
  let at = 0;
  let isRecord = false;
  while (at < bytes.length) {
    const tag = bytes[at++] as number;
    if (tag === 0x10 || tag === 0x18) {
      at = afterVarint(bytes, at);
      continue;
    }
    const length = bytes[at++] as number;
    let stop = at + length;
    // A length of two bytes: a record of more than 127.
    if (length > 0x7f) {
      stop = at + 1 + (length & 0x7f) + (bytes[at] as number) * 0x80;
      if ((bytes[at++] as number) > 0x7f) return false;
    }
    if (stop > bytes.length) return false;
    if (tag === HANDLING) {
      if (!scanHandling(bytes, at, stop, scan)) return false;
    } else if (tag === MEDIA_RECORD) {
      if (!scanRecord(bytes, at, stop, scan)) return false;
      isRecord = true;
    } else if (tag !== 0x0a) {
      return false;
    }
    at = stop;
  }
  return at === bytes.length && isRecord && scan.recordIdAt !== 0;
}

function scanHandling(bytes: Uint8Array, from: number, stop: number, scan: PlainScan): boolean {
  if (from === stop) return true;
  if (bytes[from] !== KEEP_UNTIL_DAY) return false;
  let scale = 1;
  for (let at = from + 1; at < stop; at++) {
    const byte = bytes[at] as number;
    scan.keepUntilDay += (byte & 0x7f) * scale;
    scale *= 0x80;
    // Anything behind the day is an audience.
    if (byte < 0x80) return at + 1 === stop;
  }
  return false;
}

function scanRecord(bytes: Uint8Array, from: number, stop: number, scan: PlainScan): boolean {
  let at = from;
  while (at < stop) {
    const tag = bytes[at++] as number;
    if (VARINT_TAGS.has(tag)) {
      at = afterVarint(bytes, at);
      continue;
    }
    let length = bytes[at++] as number;
    if (length > 0x7f) {
      // Only PhotoDNA's 144 bytes are as long.
      length = (length & 0x7f) + (bytes[at++] as number) * 0x80;
    }
    const hash = HASH_TAGS[tag];
    if (hash !== undefined) {
      if (length !== HASH_SIZES[hash]) return false;
      scan.hashAt[hash] = at;
    } else if (tag === RECORD_ID) {
      if (length !== RECORD_ID_BYTES) return false;
      scan.recordIdAt = at;
    } else if (tag !== CLASSIFICATION && tag !== SERIES && tag !== FLAGS) {
      return false;
    }
    at += length;
  }
  return at === stop;
}

function afterVarint(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] as number) > 0x7f) at++;
  return at + 1;
}

function hashTags(tags: { readonly [algorithm in HashAlgorithm]: number }): (number | undefined)[] {
  const places: (number | undefined)[] = [];
  for (const [place, algorithm] of ALGORITHMS.entries()) places[tags[algorithm]] = place;
  return places;
}
