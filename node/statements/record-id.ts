// Record ids from content, so that importing a list again updates the same records and adds none, and
// whether two entries say the same, so that what is published twice is 'known already'.

import { equals } from '@bufbuild/protobuf';
import { type Entry, EntrySchema, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { ALGORITHMS, type Hashes, strongestHash } from './hashes.js';
import { hmacSha256Under } from './hmac.js';

const LABEL = 'icse/record-id/v1';
const RECORD_ID_BYTES = 16;
const LABELS = new Map(ALGORITHMS.map((algorithm) => [algorithm, Buffer.from(`${LABEL}\0${algorithm}\0`)]));

/**
 * Ids under a secret: HMAC-SHA-256 over the label, the algorithm and the record's strongest hash, cut to 16 bytes:
 *
 *   "icse/record-id/v1" 00 "sha256" 00 <32 bytes>
 *
 * Keyed, so that two members' ids for the same file do not show that it is the same file.
 * They throw BadHash when the record has no hash.
 */
export function recordIdsUnder(secret: Uint8Array): (record: Hashes) => Uint8Array {
  const hmac = hmacSha256Under(secret);
  return (record) => {
    const { algorithm, hash } = strongestHash(record);
    return hmac(LABELS.get(algorithm) as Buffer, hash).slice(0, RECORD_ID_BYTES);
  };
}

/** True when both entries make the same statement, to be kept equally long; salt and time do not matter. */
export function sameContent(a: Entry, b: Entry): boolean {
  if ((a.handling?.keepUntilDay ?? 0) !== (b.handling?.keepUntilDay ?? 0)) return false;
  if (a.statement.case === 'mediaRecord' && b.statement.case === 'mediaRecord') {
    return equals(MediaRecordSchema, a.statement.value, b.statement.value);
  }
  return equals(EntrySchema, withoutEnvelope(a), withoutEnvelope(b));
}

function withoutEnvelope(entry: Entry): Entry {
  const { handling: _handling, ...rest } = entry;
  return { ...rest, salt: new Uint8Array(), schema: 0, madeAt: 0n };
}
