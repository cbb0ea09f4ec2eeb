// Making an entry: the envelope around a statement, checked against every rule before it is serialised.
// The clock and the random source are handed in.

import { create } from '@bufbuild/protobuf';
import { type Entry, EntrySchema, HandlingSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import { dayOf, dayText } from './day.js';
import { type EntryBytes, encodeEntry, SCHEMA_VERSION } from './entry.js';
import { brokenRules, SALT_BYTES } from './rules.js';

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
  /** Last UTC day on which the entry may be kept; 0 or absent = no end. */
  readonly keepUntilDay?: number;
  /** UTC seconds since 1970. */
  readonly now: number;
  /** Unpredictable bytes of the given length. */
  readonly random: (sizeBytes: number) => Uint8Array;
}

/** Makes the bytes of a new entry for the log that the statement belongs to. Throws RulesBroken. */
export function buildEntry({ statement, keepUntilDay = 0, now, random }: EntryParts): EntryBytes {
  const entry = create(EntrySchema);
  entry.salt = random(SALT_BYTES);
  entry.schema = SCHEMA_VERSION;
  entry.madeAt = BigInt(Math.floor(now));
  entry.statement = statement;
  if (keepUntilDay !== 0) {
    entry.handling = create(HandlingSchema);
    entry.handling.keepUntilDay = keepUntilDay;
  }
  const reasons = brokenRules(entry, statement.case === 'mediaRecord' ? 'member' : 'registry');
  // Only for the author: an entry that has ended since is no fault at receipt.
  if (keepUntilDay !== 0 && keepUntilDay < dayOf(now)) {
    reasons.push(`keepUntil: ${dayText(keepUntilDay)} is in the past`);
  }
  if (reasons.length > 0) throw new RulesBroken(reasons);
  return encodeEntry(entry);
}
