// Making an entry: the envelope around a statement, checked against every rule before it is serialised.
// The clock and the random source are handed in.

import { create } from '@bufbuild/protobuf';
import { type Entry, EntrySchema, HandlingSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import { dayOf, dayText } from './day.js';
import { encodeRecordEntry, type RecordEntry } from './encode-record.js';
import { type EntryBytes, encodeEntry, SCHEMA_VERSION } from './entry.js';
import { MAX_MEDIA_BYTES } from './media-record.js';
import { isGoodRecord } from './quick-check.js';
import type { Author } from './references.js';
import { brokenRules, SALT_BYTES } from './rules.js';
import { MEDIA_KINDS, MIME_TYPES } from './vocabulary.js';

/** An entry that breaks rules: `code` is 'rules-broken', `reasons` has every one of them. */
export class RulesBroken extends Failure {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super('rules-broken', `the entry breaks the rules: ${reasons.join('; ')}`);
    this.reasons = reasons;
  }
}

export interface EntryParts {
  readonly statement: Exclude<Entry['statement'], { case: undefined }>;
  /** Who makes a member's statement; needed for all but media records. */
  readonly author?: Author;
  /** Last UTC day on which the entry may be kept; 0 or absent = no end. */
  readonly keepUntilDay?: number;
  /** Of a sealed statement: who may read it. */
  readonly audience?: readonly string[];
  /** UTC seconds since 1970. */
  readonly now: number;
  /** Where it had to be drawn before the statement was made; otherwise it is drawn here. */
  readonly salt?: Uint8Array;
  /** Unpredictable bytes of the given length. */
  readonly random: (sizeBytes: number) => Uint8Array;
}

/** Makes the bytes of a new entry for the log that the statement belongs to. Throws RulesBroken. */
export function buildEntry(parts: EntryParts): EntryBytes {
  const { statement, author, keepUntilDay = 0, now } = parts;
  const salt = parts.salt ?? parts.random(SALT_BYTES);
  const isOver = keepUntilDay !== 0 && keepUntilDay < dayOf(now);
  if (statement.case === 'mediaRecord' && !isOver) {
    const quick = quicklyBuilt({ salt, madeAt: Math.floor(now), keepUntilDay, record: statement.value });
    if (quick !== undefined) return quick;
  }
  const entry = withEnvelope(parts, salt);
  const isMembers = author !== undefined || statement.case === 'mediaRecord';
  const reasons = brokenRules(entry, isMembers ? 'member' : 'registry', author);
  // Only for the author: an entry that has ended since is no fault at receipt.
  if (isOver) {
    reasons.push(`keepUntil: ${dayText(keepUntilDay)} is in the past`);
  }
  if (reasons.length > 0) throw new RulesBroken(reasons);
  return encodeEntry(entry);
}

/** The entry that the parts make with that salt; nothing is checked. */
export function withEnvelope(
  { statement, keepUntilDay = 0, audience = [], now }: EntryParts,
  salt: Uint8Array,
): Entry {
  const entry = create(EntrySchema);
  entry.salt = salt;
  entry.schema = SCHEMA_VERSION;
  entry.madeAt = BigInt(Math.floor(now));
  entry.statement = statement;
  if (keepUntilDay !== 0 || audience.length > 0) {
    entry.handling = create(HandlingSchema, { keepUntilDay, audience: [...audience] });
  }
  return entry;
}

/** The entry of a record that is good at first sight; undefined when it needs a closer look. */
function quicklyBuilt(parts: RecordEntry): EntryBytes | undefined {
  const { record } = parts;
  // What does not fit its field would be cut to fit it.
  const fits =
    (record.size === 0n || (record.size > 0n && record.size <= MAX_MEDIA_BYTES)) &&
    (record.kind === 0 || MEDIA_KINDS.wordOf.has(record.kind)) &&
    (record.mime === 0 || MIME_TYPES.wordOf.has(record.mime)) &&
    Number.isInteger(parts.keepUntilDay) &&
    parts.keepUntilDay >= 0;
  if (!fits || record.flags.length > 0 || record.pdqQuality !== 0) return undefined;
  const bytes = encodeRecordEntry(parts);
  return isGoodRecord(bytes) ? bytes : undefined;
}
