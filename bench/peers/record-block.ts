// A record as the peers carry it: the same fields, serialised as our own entries are, less the envelope.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type MediaRecord, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { mediaRecord } from '../media-records.js';

const SERIES = 'peer';

/** The record's bytes. */
export function recordBlock(number: number): Uint8Array {
  return toBinary(MediaRecordSchema, mediaRecord(SERIES, number).record);
}

/** The record of the bytes. */
export function recordOf(block: Uint8Array): MediaRecord {
  return fromBinary(MediaRecordSchema, block);
}
