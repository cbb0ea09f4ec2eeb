// The rules of a retraction: a member takes back what it said itself, and nothing else.

import type { Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import { type Author, checkId, checkReference, referenceText } from './references.js';
import { RETRACTION_REASONS } from './vocabulary.js';

/** Adds the rules that the retraction breaks. */
export function checkRetraction(
  { target, reason }: Retraction,
  author: Author | undefined,
  reasons: string[],
): void {
  if (target.case === undefined) reasons.push('target: missing');
  else if (target.case === 'recordId') checkId('recordId', target.value, reasons);
  else if (author !== undefined && target.value.member !== author.member) {
    reasons.push(
      `entry: ${referenceText(target.value)} is not an entry of ${author.member}, who retracts it`,
    );
  } else checkReference('entry', target.value, author, reasons);
  if (!RETRACTION_REASONS.wordOf.has(reason)) {
    reasons.push(reason === 0 ? 'reason: missing' : `reason: unknown value ${reason}`);
  }
}
