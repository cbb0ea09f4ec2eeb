// The rules of an entry as a whole: the envelope here, what it says in the files of the statements.
// All broken rules are told at once. An entry that breaks one is refused at publishing, and becomes a hole
// with the reason 'refused' at receipt (DESIGN sections 5 and 7).

import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import { checkAssessment } from './assessment.js';
import { SCHEMA_VERSION } from './entry.js';
import { checkEvent } from './event.js';
import { checkHandling } from './handling.js';
import { checkLink } from './link.js';
import { checkMediaRecord } from './media-record.js';
import type { Author } from './references.js';
import { checkRegistryAct } from './registry-acts.js';
import { checkRetraction } from './retraction.js';
import { checkAudience, checkSealed } from './sealed.js';

export const SALT_BYTES = 16;

/** 2200-01-01: a clock that is past it is broken. */
export const MADE_BEFORE = 7_258_118_400n;

/**
 * The rules that the entry breaks in a member's log or in the registry; empty when it is good. Without an author it
 * says what is wrong with the entry wherever it stood.
 */
export function brokenRules(entry: Entry, where: 'member' | 'registry', author?: Author): string[] {
  const reasons: string[] = [];
  if (entry.salt.length !== SALT_BYTES)
    reasons.push(`salt: ${entry.salt.length} bytes, must be ${SALT_BYTES}`);
  if (entry.schema !== SCHEMA_VERSION) reasons.push(`schema: ${entry.schema}, must be ${SCHEMA_VERSION}`);
  if (entry.madeAt <= 0n || entry.madeAt >= MADE_BEFORE) {
    reasons.push(`madeAt: ${entry.madeAt}, must be after 1970 and before 2200, in seconds`);
  }
  if (where === 'registry') {
    // An act that expired would leave a leaf without bytes, which no registry may have.
    if (entry.handling !== undefined) reasons.push('handling: must be left out in the registry');
    checkRegistryAct(entry.statement, reasons);
  } else {
    const isSealed = entry.statement.case === 'sealed';
    if (entry.handling !== undefined) checkHandling(entry.handling, isSealed, reasons);
    checkMemberStatement(entry, author, reasons);
  }
  return reasons;
}

/** Adds the rules that a member's statement breaks, whether it is open or the content of a sealed one. */
export function checkMemberStatement(
  { statement, handling }: Pick<Entry, 'statement' | 'handling'>,
  author: Author | undefined,
  reasons: string[],
): void {
  switch (statement.case) {
    case 'mediaRecord':
      checkMediaRecord(statement.value, reasons);
      return;
    case 'event':
      checkEvent(statement.value, author, reasons);
      return;
    case 'link':
      checkLink(statement.value, reasons);
      return;
    case 'assessment':
      checkAssessment(statement.value, author, reasons);
      return;
    case 'retraction':
      // What it takes back must not come back, so it has no end.
      if (handling !== undefined) reasons.push('handling: must be left out of a retraction');
      checkRetraction(statement.value, author, reasons);
      return;
    case 'sealed':
      checkAudience(handling, author, reasons);
      checkSealed(statement.value, handling?.audience ?? [], reasons);
      return;
    case undefined:
      reasons.push('statement: missing');
      return;
    default:
      reasons.push(`${statement.case}: a statement of the registry, not for a member's log`);
  }
}
