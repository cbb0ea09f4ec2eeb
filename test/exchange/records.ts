// Entries for the tests: media records, each with a hash of its own.

import { create } from '@bufbuild/protobuf';
import { buildEntry } from '../../node/statements/build.js';
import { MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { random } from './random.js';

/** A media record with a SHA-256 hash of its own. */
export function aRecord(): Uint8Array {
  return buildEntry({
    statement: {
      case: 'mediaRecord',
      value: create(MediaRecordSchema, { recordId: random(16), sha256: random(32) }),
    },
    now: Math.floor(Date.now() / 1000),
    random,
  });
}

export function someRecords(count: number): Uint8Array[] {
  return Array.from({ length: count }, aRecord);
}
