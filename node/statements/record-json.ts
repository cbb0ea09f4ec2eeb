// Our JSON form of a media record, for files and the HTTP interface. Everything but one hash is optional.
//
//   { "sha256": "9f86…0a08", "sha1": "…", "md5": "…", "pdq": { "hash": "…", "quality": 84 },
//     "photodna": "<base64>", "kind": "image", "size": 48213, "mime": "image/jpeg",
//     "classification": { "scheme": "NL", "code": "1" }, "series": "<UUID>",
//     "flags": ["victim-identified"], "recordId": "<UUID>", "keepUntil": "2030-12-31" }

import { create } from '@bufbuild/protobuf';
import {
  ClassificationSchema,
  type MediaFlag,
  type MediaRecord,
  MediaRecordSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import { dayText, parseDay } from './day.js';
import { HASH_BYTES, parsePhotodna, photodnaText } from './hashes.js';
import { hexText } from './hex.js';
import { checkKeys, hexField, isObject, shown, textField, wholeField, wordField } from './json-fields.js';
import { checkHasHash, checkMediaContent } from './media-record.js';
import { quoted } from './quoted.js';
import { parseUuid, uuidText } from './uuid.js';
import { MEDIA_FLAGS, MEDIA_KINDS, MIME_TYPES } from './vocabulary.js';

export interface RecordJson {
  sha256?: string;
  sha1?: string;
  md5?: string;
  pdq?: { hash: string; quality?: number };
  photodna?: string;
  kind?: string;
  size?: number;
  mime?: string;
  classification?: { scheme: string; code: string };
  series?: string;
  flags?: string[];
  recordId?: string;
  keepUntil?: string;
}

export interface ReadRecord {
  /** `recordId` is empty when the input has none. */
  readonly record: MediaRecord;
  /** 0 = no end. */
  readonly keepUntilDay: number;
}

/** Input that is no media record: `code` is 'bad-record', `reasons` has every fault. */
export class BadRecord extends Failure {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super('bad-record', `not a media record: ${reasons.join('; ')}`);
    this.reasons = reasons;
  }
}

/** Reads the JSON form. Throws BadRecord. */
export function recordFromJson(value: unknown): ReadRecord {
  if (!isObject(value)) throw new BadRecord(['a record is a JSON object']);
  const reasons: string[] = [];
  const record = create(MediaRecordSchema);
  let keepUntilDay = 0;
  let namesHash = false;
  for (const key in value) {
    const given = value[key];
    switch (key) {
      case 'sha256':
      case 'sha1':
      case 'md5':
        namesHash = true;
        record[key] = hexField(key, HASH_BYTES[key], given, reasons);
        break;
      case 'pdq':
        namesHash = true;
        readPdq(record, given, reasons);
        break;
      case 'photodna':
        namesHash = true;
        record.photodna =
          textField(key, given, parsePhotodna, '192 characters of base64', reasons) ?? record.photodna;
        break;
      case 'kind':
        record.kind = wordField(key, MEDIA_KINDS, given, reasons);
        break;
      case 'size':
        record.size = BigInt(wholeField(key, given, reasons));
        break;
      case 'mime':
        record.mime = wordField(key, MIME_TYPES, given, reasons);
        break;
      case 'classification':
        readClassification(record, given, reasons);
        break;
      case 'series':
      case 'recordId':
        record[key] = textField(key, given, parseUuid, 'a UUID', reasons) ?? record[key];
        break;
      case 'flags':
        record.flags = readFlags(given, reasons);
        break;
      case 'keepUntil':
        keepUntilDay = textField(key, given, parseDay, 'a day after 1970-01-01 as YYYY-MM-DD', reasons) ?? 0;
        break;
      default:
        reasons.push(`unknown key ${quoted(key)}`);
    }
  }
  // A hash that could not be read has its own reason.
  if (!namesHash) checkHasHash(record, reasons);
  checkMediaContent(record, reasons);
  if (reasons.length > 0) throw new BadRecord(reasons);
  return { record, keepUntilDay };
}

/** The JSON form of a record: the inverse of `recordFromJson`, with absent values left out. */
export function recordToJson(record: MediaRecord, keepUntilDay: number): RecordJson {
  const json: RecordJson = {};
  if (record.sha256.length > 0) json.sha256 = hexText(record.sha256);
  if (record.sha1.length > 0) json.sha1 = hexText(record.sha1);
  if (record.md5.length > 0) json.md5 = hexText(record.md5);
  if (record.pdq.length > 0) {
    json.pdq = { hash: hexText(record.pdq) };
    if (record.pdqQuality > 0) json.pdq.quality = record.pdqQuality;
  }
  if (record.photodna.length > 0) json.photodna = photodnaText(record.photodna);
  const kind = MEDIA_KINDS.wordOf.get(record.kind);
  if (kind !== undefined) json.kind = kind;
  if (record.size > 0n) json.size = Number(record.size);
  const mime = MIME_TYPES.wordOf.get(record.mime);
  if (mime !== undefined) json.mime = mime;
  if (record.classification !== undefined) {
    json.classification = { scheme: record.classification.scheme, code: record.classification.code };
  }
  if (record.series.length > 0) json.series = uuidText(record.series);
  const flags = record.flags.map((flag) => MEDIA_FLAGS.wordOf.get(flag)).filter((word) => word !== undefined);
  if (flags.length > 0) json.flags = flags;
  if (record.recordId.length > 0) json.recordId = uuidText(record.recordId);
  if (keepUntilDay > 0) json.keepUntil = dayText(keepUntilDay);
  return json;
}

function readPdq(record: MediaRecord, value: unknown, reasons: string[]): void {
  if (!isObject(value)) {
    reasons.push('pdq: must be an object with a hash and perhaps a quality');
    return;
  }
  checkKeys('pdq', value, ['hash', 'quality'], reasons);
  record.pdq = hexField('pdq hash', HASH_BYTES.pdq, value.hash, reasons);
  // The quality of a hash that could not be read would only add a second reason for the same fault.
  const quality = value.quality === undefined ? 0 : wholeField('pdq quality', value.quality, reasons);
  if (record.pdq.length > 0) record.pdqQuality = quality;
}

function readClassification(record: MediaRecord, value: unknown, reasons: string[]): void {
  if (!isObject(value) || typeof value.scheme !== 'string' || typeof value.code !== 'string') {
    reasons.push('classification: must have a scheme and a code');
    return;
  }
  checkKeys('classification', value, ['scheme', 'code'], reasons);
  record.classification = create(ClassificationSchema);
  record.classification.scheme = value.scheme;
  record.classification.code = value.code;
}

/** In any order: people's tools do not know ours. */
function readFlags(value: unknown, reasons: string[]): MediaFlag[] {
  if (!Array.isArray(value)) {
    reasons.push(`flags: must be a list of ${[...MEDIA_FLAGS.valueOf.keys()].join(', ')}`);
    return [];
  }
  // One reason for a list of thousands, not thousands of reasons.
  if (value.length > MEDIA_FLAGS.valueOf.size) {
    reasons.push(`flags: ${value.length} given, must be at most ${MEDIA_FLAGS.valueOf.size}`);
    return [];
  }
  const flags: MediaFlag[] = [];
  for (const word of value) {
    const flag = typeof word === 'string' ? MEDIA_FLAGS.valueOf.get(word) : undefined;
    if (flag !== undefined) flags.push(flag);
    else reasons.push(`flags: ${shown(word)} is none of ${[...MEDIA_FLAGS.valueOf.keys()].join(', ')}`);
  }
  return flags.sort((a, b) => a - b);
}
