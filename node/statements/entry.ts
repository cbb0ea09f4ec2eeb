// The serialised entry: one leaf of a log, made once by its author and never encoded again.
// Decoding checks size and canonical form (DESIGN section 5); what the entry says is checked by rules.ts.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Entry, EntrySchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import { canonicalScanner } from './canonical.js';

/** Far more than any statement needs, and little enough that a bad one costs nothing to carry and refuse. */
export const MAX_ENTRY_BYTES = 8192;

/** The version of the schema that this release writes. */
export const SCHEMA_VERSION = 1;

/** Bytes that `encodeEntry` made, or that the canonical scan has passed. */
export type EntryBytes = Uint8Array & { readonly __entry: true };

/** An entry over MAX_ENTRY_BYTES: `code` is 'entry-too-large'. */
export class EntryTooLarge extends Failure {
  constructor(sizeBytes: number) {
    super('entry-too-large', `an entry of ${sizeBytes} bytes; at most ${MAX_ENTRY_BYTES} are allowed`);
  }
}

const scanEntry = canonicalScanner(EntrySchema);

/** Serialises an entry. Throws EntryTooLarge. */
export function encodeEntry(entry: Entry): EntryBytes {
  const bytes = toBinary(EntrySchema, entry, { writeUnknownFields: false });
  if (bytes.length > MAX_ENTRY_BYTES) throw new EntryTooLarge(bytes.length);
  return bytes as EntryBytes;
}

/** Throws EntryTooLarge or NotCanonical unless the bytes are those of an entry. */
export function checkEntryBytes(bytes: Uint8Array): EntryBytes {
  if (bytes.length > MAX_ENTRY_BYTES) throw new EntryTooLarge(bytes.length);
  scanEntry(bytes);
  return bytes as EntryBytes;
}

/**
 * Reads an entry. Throws EntryTooLarge or NotCanonical. The fields are windows into the given bytes, so
 * whoever keeps a field long copies it.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  return fromBinary(EntrySchema, checkEntryBytes(bytes), { readUnknownFields: false });
}

/** The entry, or undefined when it is not known here: of a newer schema, or none at all. */
export function entryOrNothing(bytes: Uint8Array): Entry | undefined {
  try {
    return decodeEntry(bytes);
  } catch {
    return undefined;
  }
}

/**
 * What this release knows of an entry that is in a log here and may be of a newer schema: its envelope says for whom it
 * is, and how long it may be kept, whatever else it says.
 */
export function knownOf(bytes: Uint8Array): Entry {
  return fromBinary(EntrySchema, bytes, { readUnknownFields: false });
}
