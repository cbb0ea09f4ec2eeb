// The rules of an entry for the case that nearly all entries are: a media record. It says that an entry is good
// from its bytes alone, in a fifth of the time that decoding takes; whatever it does not say is for rules.ts,
// which also knows the reasons.

import { LAST_DAY } from './day.js';
import { type EntryBytes, SCHEMA_VERSION } from './entry.js';
import { ALGORITHMS, type HashAlgorithm, isEmptyInputHash } from './hashes.js';
import { checkClassification, MAX_MEDIA_BYTES } from './media-record.js';
import { newPlainScan, type PlainScan, scanPlain } from './plain-scan.js';
import { MADE_BEFORE, SALT_BYTES } from './rules.js';

const SERIES_BYTES = 16;
const LAST_MOMENT = Number(MADE_BEFORE);
const MAX_SIZE = Number(MAX_MEDIA_BYTES);

/** Classifications that were found good, by their bytes: few are in use. */
const MAX_KNOWN = 256;
const goodClassifications = new Set<string>();
/** The one found last, which the next record most often has as well. */
let lastGood: Uint8Array | undefined;
const scan = newPlainScan();

/** True when the entry, whose bytes are canonical, is a media record that breaks no rule of a member's log. */
export function isGoodRecord(bytes: EntryBytes): boolean {
  if (!scanPlain(bytes, scan) || scan.hasMore) return false;
  if (scan.saltBytes !== SALT_BYTES || scan.schema !== SCHEMA_VERSION) return false;
  if (scan.madeAt <= 0 || scan.madeAt >= LAST_MOMENT) return false;
  if (scan.keepUntilDay > LAST_DAY || scan.size > MAX_SIZE) return false;
  if (scan.seriesBytes !== 0 && scan.seriesBytes !== SERIES_BYTES) return false;
  if (scan.classificationAt !== 0 && !isGoodClassification(bytes, scan)) return false;
  return hasGoodHashes(bytes, scan);
}

function hasGoodHashes(bytes: Uint8Array, { hashAt }: PlainScan): boolean {
  let found = false;
  for (let place = 0; place < hashAt.length; place++) {
    const at = hashAt[place] as number;
    if (at === 0) continue;
    found = true;
    if (isEmptyInputHash(ALGORITHMS[place] as HashAlgorithm, bytes, at)) return false;
  }
  return found;
}

function isGoodClassification(
  bytes: Uint8Array,
  { classificationAt, classificationEnd }: PlainScan,
): boolean {
  if (isAt(bytes, classificationAt, classificationEnd, lastGood)) return true;
  const part = bytes.subarray(classificationAt, classificationEnd);
  const key = Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1');
  if (goodClassifications.has(key)) {
    lastGood = new Uint8Array(part);
    return true;
  }
  const scheme = textAt(part, 0, 0x0a);
  const code = textAt(part, scheme.length + 2, 0x12);
  if (scheme.length + code.length + 4 !== part.length) return false;
  const reasons: string[] = [];
  checkClassification({ scheme, code }, reasons);
  if (reasons.length > 0) return false;
  if (goodClassifications.size === MAX_KNOWN) goodClassifications.clear();
  goodClassifications.add(key);
  return true;
}

function isAt(bytes: Uint8Array, from: number, end: number, sought: Uint8Array | undefined): boolean {
  if (end - from !== sought?.length) return false;
  for (let i = 0; i < sought.length; i++) if (bytes[from + i] !== sought[i]) return false;
  return true;
}

/** The text of the field with the tag that begins there; empty when there is none. */
function textAt(bytes: Uint8Array, at: number, tag: number): string {
  if (bytes[at] !== tag) return '';
  return Buffer.from(bytes.subarray(at + 2, at + 2 + (bytes[at + 1] as number))).toString('latin1');
}
