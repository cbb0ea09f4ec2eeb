// What has become of a member's own retractions: who has signed that the bytes are gone (PurgedUpTo), who has not yet
// and has the retraction (by its receipt) or has not been reached, and who is suspended and will not be.

import type { PurgedBook } from '../exchange/purged-book.js';
import type { ReceiptBook } from '../exchange/receipt-book.js';
import { type LogName, type MemberCode, positionText } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { referenceText } from '../statements/references.js';
import { uuidText } from '../statements/uuid.js';
import { RETRACTION_REASONS } from '../statements/vocabulary.js';
import type { SaidRetraction } from '../views/retractions-of.js';

/** One retraction, as people see it. */
export interface RetractionReport {
  /** Where it stands, as `NL:14`. */
  readonly retraction: string;
  /** The entry that it takes back, as `NL:12`; null when it takes back all records with an id. */
  readonly entry: string | null;
  readonly recordId: string | null;
  readonly reason: string;
  readonly confirmed: readonly MemberCode[];
  readonly pending: readonly MemberCode[];
  /** Of those that are pending the ones whose receipt says that they have the retraction. */
  readonly reached: readonly MemberCode[];
  readonly outOfReach: readonly MemberCode[];
}

/** What members have signed of this one's logs. */
export interface RetractionBooks {
  readonly purged: PurgedBook;
  readonly receipts: ReceiptBook;
}

/** What has become of the retractions of `me`, in their order. */
export function reportRetractions(
  said: readonly SaidRetraction[],
  registry: RegistryState,
  me: MemberCode,
  books: RetractionBooks,
): RetractionReport[] {
  return said.map(({ log, index, retraction: { target, reason } }) => ({
    retraction: positionText(log, index),
    entry: target.case === 'entry' ? referenceText(target.value) : null,
    recordId: target.case === 'recordId' ? uuidText(target.value) : null,
    reason: RETRACTION_REASONS.wordOf.get(reason) ?? '',
    ...standing(log, index, registry, me, books),
  }));
}

function standing(
  log: LogName,
  index: number,
  { members }: RegistryState,
  me: MemberCode,
  { purged, receipts }: RetractionBooks,
): Pick<RetractionReport, 'confirmed' | 'pending' | 'reached' | 'outOfReach'> {
  const confirmed: MemberCode[] = [];
  const pending: MemberCode[] = [];
  const outOfReach: MemberCode[] = [];
  for (const { code, suspended } of members.values()) {
    if (code === me) continue;
    if ((purged.get(log, code)?.size ?? 0) > index) confirmed.push(code);
    else if (suspended) outOfReach.push(code);
    else pending.push(code);
  }
  pending.sort();
  const reached = pending.filter((code) => (receipts.get(log, code)?.size ?? 0) > index);
  return { confirmed: confirmed.sort(), pending, reached, outOfReach: outOfReach.sort() };
}
