// The records that everything here is measured with: three hashes each, drawn from a number, so that whoever
// has the number has the hashes and nobody keeps them.

import { createHash } from 'node:crypto';
import { type ReadRecord, type RecordJson, recordFromJson } from '../node/statements/record-json.js';

const SHA256_HEX = 64;
const SHA1_HEX = 40;
const MD5_HEX = 32;
const UUID_HEX = 32;

/** The hashes of a record: hex, of 32, 20 and 16 bytes. */
export interface RecordHashes {
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
}

/** Record number `number` of a series; another series has other hashes. */
export function recordJson(series: string, number: number): RecordJson & RecordHashes {
  const hex = drawn(series, number);
  const sha1At = SHA256_HEX;
  const md5At = sha1At + SHA1_HEX;
  const uuidAt = md5At + MD5_HEX;
  return {
    sha256: hex.slice(0, SHA256_HEX),
    sha1: hex.slice(sha1At, md5At),
    md5: hex.slice(md5At, uuidAt),
    kind: 'image',
    size: 100_000 + number,
    mime: 'image/jpeg',
    classification: { scheme: 'INTERPOL', code: '1' },
    series: uuid(hex.slice(uuidAt)),
  };
}

/** The same as the program's own record, without a record id, which the author's node derives. */
export function mediaRecord(series: string, number: number): ReadRecord {
  return recordFromJson(recordJson(series, number));
}

function drawn(series: string, number: number): string {
  const outputLength = (SHA256_HEX + SHA1_HEX + MD5_HEX + UUID_HEX) / 2;
  return createHash('shake256', { outputLength }).update(`${series} ${number}`).digest('hex');
}

/** Version 4, as whoever made the series would have drawn it. */
function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
