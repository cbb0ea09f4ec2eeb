// The rules of a media record. Each reason names the field and its value, in the words of the JSON form.

import type { Classification, MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import { ALGORITHMS, HASH_BYTES, type HashAlgorithm, isEmptyInputHash } from './hashes.js';
import { quoted } from './quoted.js';
import { MEDIA_FLAGS, MEDIA_KINDS, MIME_TYPES } from './vocabulary.js';

/** 1 PiB: above any single file, below what a double can count exactly. */
export const MAX_MEDIA_BYTES = 2n ** 50n;

/** PDQ's own scale. */
const MAX_PDQ_QUALITY = 100;

const ID_BYTES = 16;
const SCHEME = /^[A-Z][A-Z0-9-]{0,15}$/;
const CODE = /^[A-Z0-9][A-Z0-9.-]{0,7}$/;

/** Adds the rules that the record breaks. */
export function checkMediaRecord(record: MediaRecord, reasons: string[]): void {
  if (record.recordId.length !== ID_BYTES) {
    reasons.push(`recordId: ${record.recordId.length} bytes, must be ${ID_BYTES}`);
  }
  checkHasHash(record, reasons);
  checkMediaContent(record, reasons);
}

/** The rule that a record is about something. */
export function checkHasHash(record: MediaRecord, reasons: string[]): void {
  for (const algorithm of ALGORITHMS) if (record[algorithm].length > 0) return;
  reasons.push('no hash: at least one of sha256, sha1, md5, pdq, photodna');
}

/** The rules of what the record says, each field by itself. */
export function checkMediaContent(record: MediaRecord, reasons: string[]): void {
  for (const algorithm of ALGORITHMS) checkHash(algorithm, record[algorithm], reasons);
  if (record.pdqQuality !== 0) {
    if (record.pdq.length === 0) reasons.push(`pdq quality: ${record.pdqQuality} without a pdq hash`);
    if (!(record.pdqQuality >= 0 && record.pdqQuality <= MAX_PDQ_QUALITY)) {
      reasons.push(`pdq quality: ${record.pdqQuality}, must be 0 to ${MAX_PDQ_QUALITY}`);
    }
  }
  if (record.kind !== 0 && !MEDIA_KINDS.wordOf.has(record.kind))
    reasons.push(`kind: unknown value ${record.kind}`);
  if (record.size < 0n || record.size > MAX_MEDIA_BYTES) {
    reasons.push(`size: ${record.size} bytes, must be at most ${MAX_MEDIA_BYTES}`);
  }
  if (record.mime !== 0 && !MIME_TYPES.wordOf.has(record.mime))
    reasons.push(`mime: unknown value ${record.mime}`);
  if (record.classification !== undefined) checkClassification(record.classification, reasons);
  if (record.series.length !== 0 && record.series.length !== ID_BYTES) {
    reasons.push(`series: ${record.series.length} bytes, must be ${ID_BYTES}`);
  }
  if (record.flags.length > 0) checkFlags(record.flags, reasons);
}

function checkHash(algorithm: HashAlgorithm, hash: Uint8Array, reasons: string[]): void {
  if (hash.length === 0) return;
  if (hash.length !== HASH_BYTES[algorithm]) {
    reasons.push(`${algorithm}: ${hash.length} bytes, must be ${HASH_BYTES[algorithm]}`);
  } else if (isEmptyInputHash(algorithm, hash)) {
    reasons.push(`${algorithm}: the hash of empty input`);
  }
}

/** Adds the rules that a classification breaks: scheme and code, both, each of its pattern. */
export function checkClassification(
  { scheme, code }: Pick<Classification, 'scheme' | 'code'>,
  reasons: string[],
): void {
  if (!SCHEME.test(scheme)) {
    reasons.push(
      `classification scheme: ${quoted(scheme)}, must be 1 to 16 of A-Z, 0-9 and -, a letter first`,
    );
  }
  if (!CODE.test(code)) {
    reasons.push(`classification code: ${quoted(code)}, must be 1 to 8 of A-Z, 0-9, . and -`);
  }
}

function checkFlags(flags: readonly number[], reasons: string[]): void {
  if (flags.length > MEDIA_FLAGS.wordOf.size) {
    reasons.push(`flags: ${flags.length} given, must be at most ${MEDIA_FLAGS.wordOf.size}`);
    return;
  }
  let last = 0;
  for (const flag of flags) {
    const word = MEDIA_FLAGS.wordOf.get(flag);
    if (word === undefined) reasons.push(`flags: unknown value ${flag}`);
    else if (flag === last) reasons.push(`flags: ${word} is given twice`);
    else if (flag < last) reasons.push(`flags: ${word} is out of order`);
    last = flag;
  }
}
