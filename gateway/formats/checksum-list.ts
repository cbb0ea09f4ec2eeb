// Checksum lists, as md5sum, sha1sum and sha256sum write them, in any mixture. File names are never kept:
// they may name people.
//
//   d7a8fbb3...  name       GNU, text mode         \d7a8fbb3...  na\nme    GNU, a name with an escape
//   d7a8fbb3... *name       GNU, binary mode       SHA256 (name) = d7a8... BSD, and GNU with --tag
//   d7a8fbb3... name        BSD with -r            d7a8fbb3...             a bare hash

import { create } from '@bufbuild/protobuf';
import { HASH_BYTES } from '../../node/statements/hashes.js';
import { parseHex } from '../../node/statements/hex.js';
import { checkMediaContent } from '../../node/statements/media-record.js';
import { MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { isBlank, type Line } from './lines.js';
import {
  type FormatReader,
  goodLine,
  type RecordDefaults,
  type RecordLine,
  refusedLine,
} from './record-line.js';

const DIGEST_FIRST = /^\\?([0-9A-Fa-f]+)(?: .*)?$/s;
const TAGGED = /^\\?([A-Z][A-Z0-9/-]{1,15}) \(.*\) = ([0-9A-Fa-f]+)$/s;

const EXACT = ['sha256', 'sha1', 'md5'] as const;
type Exact = (typeof EXACT)[number];

const TAGS: ReadonlyMap<string, Exact> = new Map([
  ['SHA256', 'sha256'],
  ['SHA1', 'sha1'],
  ['MD5', 'md5'],
]);

/** Shorter runs of hex digits are words (`add`, `face`) before they are hashes. */
const SHORTEST_DIGEST = 16;

/** True for a line that a checksum tool may have written, of whatever algorithm. */
export function isChecksumLine(text: string): boolean {
  const digest = DIGEST_FIRST.exec(text)?.[1] ?? TAGGED.exec(text)?.[2];
  return digest !== undefined && digest.length >= SHORTEST_DIGEST;
}

/** The reader of checksum lists. */
export function checksumListReader(defaults: RecordDefaults): FormatReader {
  return {
    read: (lines) => lines.filter((line) => !isBlank(line)).map((line) => readChecksum(line, defaults)),
    end: () => [],
  };
}

function readChecksum(from: Line, defaults: RecordDefaults): RecordLine {
  const line = from.number;
  if ('reason' in from) return refusedLine(line, [from.reason]);
  const tagged = TAGGED.exec(from.text);
  const digest = tagged?.[2] ?? DIGEST_FIRST.exec(from.text)?.[1];
  if (digest === undefined) return refusedLine(line, ['not a checksum line']);
  const algorithm = EXACT.find((name) => HASH_BYTES[name] * 2 === digest.length);
  if (tagged !== null) {
    const tag = tagged[1] as string;
    const named = TAGS.get(tag);
    if (named === undefined)
      return refusedLine(line, [`${tag} is not exchanged: only MD5, SHA1 and SHA256 are`]);
    if (named !== algorithm) {
      return refusedLine(line, [`${tag}: ${digest.length} hex digits, must be ${HASH_BYTES[named] * 2}`]);
    }
  }
  if (algorithm === undefined) {
    return refusedLine(line, [`${digest.length} hex digits, must be 32 (MD5), 40 (SHA-1) or 64 (SHA-256)`]);
  }
  const record = create(MediaRecordSchema);
  record[algorithm] = parseHex(digest, HASH_BYTES[algorithm]) ?? new Uint8Array();
  const reasons: string[] = [];
  checkMediaContent(record, reasons);
  return reasons.length > 0 ? refusedLine(line, reasons) : goodLine(line, record, 0, defaults);
}
