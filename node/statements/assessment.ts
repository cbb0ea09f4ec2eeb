// The rules of an assessment: what a member thinks of another's entry.

import type { Assessment } from '../../proto/gen/icse/v1/entry_pb.js';
import { type Author, checkReference, referenceText } from './references.js';
import { ASSESSMENT_REASONS, VERDICTS } from './vocabulary.js';

/** Adds the rules that the assessment breaks. */
export function checkAssessment(
  { entry, verdict, reason }: Assessment,
  author: Author | undefined,
  reasons: string[],
): void {
  if (entry === undefined) reasons.push('entry: missing');
  else if (entry.member === author?.member) {
    reasons.push(`entry: ${referenceText(entry)} is the author's own; others assess it`);
  } else checkReference('entry', entry, author, reasons);
  if (!VERDICTS.wordOf.has(verdict)) {
    reasons.push(verdict === 0 ? 'verdict: missing' : `verdict: unknown value ${verdict}`);
  }
  if (reason !== 0 && !ASSESSMENT_REASONS.wordOf.has(reason)) {
    reasons.push(`reason: unknown value ${reason}`);
  }
}
