// Where in the bytes of an entry the parts of a media record stand. Made for bulk: it makes no objects. It takes
// only what it knows to the last byte, and leaves everything else to the full decoder; that the bytes are
// canonical is checked apart (canonical.ts).

import { ALGORITHMS, HASH_BYTES, type HashAlgorithm } from './hashes.js';

/** What was found; used again for each entry. */
export interface PlainScan {
  saltBytes: number;
  schema: number;
  /** UTC seconds since 1970. */
  madeAt: number;
  keepUntilDay: number;
  /** Offset of the 16 bytes of the record id. */
  recordIdAt: number;
  /** Offset of each hash, in the order of ALGORITHMS; 0 = none. */
  readonly hashAt: number[];
  /** Bytes of the file; 0 = not known. */
  size: number;
  seriesBytes: number;
  /** Where the classification stands; 0 = nowhere. */
  classificationAt: number;
  classificationEnd: number;
  /** It has fields that this scan passes over: a PDQ quality, or flags. */
  hasMore: boolean;
}

export const RECORD_ID_BYTES = 16;

/** Bytes of each hash, in the order of ALGORITHMS. */
export const HASH_SIZES: readonly number[] = ALGORITHMS.map((algorithm) => HASH_BYTES[algorithm]);

/** Tags of Entry (field number times 8, plus wire type). */
const SALT = 0x0a;
const SCHEMA = 0x10;
const MADE_AT = 0x18;
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
const PDQ_QUALITY = 0x30;
const KIND = 0x40;
const SIZE = 0x48;
const MIME = 0x50;
const SERIES = 0x62;
const FLAGS = 0x6a;

export function newPlainScan(): PlainScan {
  return {
    saltBytes: 0,
    schema: 0,
    madeAt: 0,
    keepUntilDay: 0,
    recordIdAt: 0,
    hashAt: ALGORITHMS.map(() => 0),
    size: 0,
    seriesBytes: 0,
    classificationAt: 0,
    classificationEnd: 0,
    hasMore: false,
  };
}

/** Fills in the scan; false when the entry is no media record, or not one that is known to the last byte. */
export function scanPlain(bytes: Uint8Array, scan: PlainScan): boolean {
  clear(scan);
  let at = 0;
  let isRecord = false;
  while (at < bytes.length) {
    const tag = bytes[at++] as number;
    if (tag === SCHEMA || tag === MADE_AT) {
      if (tag === SCHEMA) scan.schema = varintAt(bytes, at);
      else scan.madeAt = varintAt(bytes, at);
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
    } else if (tag === SALT) {
      scan.saltBytes = length;
    } else {
      return false;
    }
    at = stop;
  }
  return at === bytes.length && isRecord && scan.recordIdAt !== 0;
}

function scanHandling(bytes: Uint8Array, from: number, stop: number, scan: PlainScan): boolean {
  if (from === stop || bytes[from] !== KEEP_UNTIL_DAY) return false;
  scan.keepUntilDay = varintAt(bytes, from + 1);
  // Anything behind the day is an audience.
  return afterVarint(bytes, from + 1) === stop;
}

function scanRecord(bytes: Uint8Array, from: number, stop: number, scan: PlainScan): boolean {
  let at = from;
  while (at < stop) {
    const tag = bytes[at++] as number;
    if (tag === KIND || tag === MIME || tag === SIZE || tag === PDQ_QUALITY) {
      if (tag === SIZE) scan.size = varintAt(bytes, at);
      if (tag === PDQ_QUALITY) scan.hasMore = true;
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
    } else if (tag === CLASSIFICATION) {
      scan.classificationAt = at;
      scan.classificationEnd = at + length;
    } else if (tag === SERIES) {
      scan.seriesBytes = length;
    } else if (tag === FLAGS) {
      scan.hasMore = true;
    } else {
      return false;
    }
    at += length;
  }
  return at === stop;
}

function clear(scan: PlainScan): void {
  scan.saltBytes = 0;
  scan.schema = 0;
  scan.madeAt = 0;
  scan.keepUntilDay = 0;
  scan.recordIdAt = 0;
  scan.hashAt.fill(0);
  scan.size = 0;
  scan.seriesBytes = 0;
  scan.classificationAt = 0;
  scan.classificationEnd = 0;
  scan.hasMore = false;
}

/** The number there; past 2^53 it is not exact, which is far beyond any rule. */
function varintAt(bytes: Uint8Array, from: number): number {
  let value = 0;
  let scale = 1;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 0x80;
  }
  return value;
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
