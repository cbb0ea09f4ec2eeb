// The rules of an identification event: what kind of event needs what.

import { EventKind, type IdentificationEvent } from '../../proto/gen/icse/v1/entry_pb.js';
import {
  type Author,
  checkId,
  checkMediaHash,
  checkReference,
  checkSubject,
  compareMedia,
  mediaText,
} from './references.js';
import { EVENT_KINDS } from './vocabulary.js';

/** One event is about a handful of media; a collection has a series. */
export const MAX_EVENT_MEDIA = 16;

/** Kinds that are about somebody or some place. */
const NEEDS_SUBJECT: ReadonlySet<EventKind> = new Set([
  EventKind.VICTIM_IDENTIFIED,
  EventKind.VICTIM_SAFEGUARDED,
  EventKind.SUSPECT_IDENTIFIED,
  EventKind.SUSPECT_ARRESTED,
  EventKind.PLACE_IDENTIFIED,
]);

/** Kinds that would tell nothing to others if they were about nothing. */
const NEEDS_TOPIC: ReadonlySet<EventKind> = new Set([
  EventKind.INVESTIGATION_OPENED,
  EventKind.ASSISTANCE_ASKED,
]);

const NEEDS_CASE: ReadonlySet<EventKind> = new Set([
  EventKind.INVESTIGATION_OPENED,
  EventKind.INVESTIGATION_CLOSED,
]);

/** Adds the rules that the event breaks. */
export function checkEvent(event: IdentificationEvent, author: Author | undefined, reasons: string[]): void {
  const { kind, subject, media, series, caseId, answers } = event;
  const word = EVENT_KINDS.wordOf.get(kind);
  if (word === undefined) reasons.push(kind === 0 ? 'event: no kind' : `event: unknown kind ${kind}`);
  if (subject !== undefined) checkSubject('subject', subject, reasons);
  if (series !== undefined) checkSubject('series', series, reasons);
  if (caseId.length > 0) checkId('case', caseId, reasons);
  checkMedia(media, reasons);
  if (answers !== undefined) checkReference('answers', answers, author, reasons);
  if (NEEDS_SUBJECT.has(kind) && subject === undefined) reasons.push(`${word}: needs a subject`);
  if (NEEDS_CASE.has(kind) && caseId.length === 0) reasons.push(`${word}: needs a case`);
  if (NEEDS_TOPIC.has(kind) && subject === undefined && series === undefined && media.length === 0) {
    reasons.push(`${word}: needs a subject, a series or media`);
  }
  if (kind === EventKind.ASSISTANCE_GIVEN && answers === undefined) {
    reasons.push(`${word}: needs the entry that it answers`);
  }
}

function checkMedia(media: IdentificationEvent['media'], reasons: string[]): void {
  if (media.length > MAX_EVENT_MEDIA) {
    reasons.push(`media: ${media.length} given, must be at most ${MAX_EVENT_MEDIA}`);
    return;
  }
  const before = reasons.length;
  for (const hash of media) checkMediaHash('media', hash, reasons);
  if (reasons.length > before) return;
  for (const [place, hash] of media.entries()) {
    const last = media[place - 1];
    if (last === undefined) continue;
    const order = compareMedia(last, hash);
    if (order === 0) reasons.push(`media: ${mediaText(hash)} is given twice`);
    else if (order > 0) reasons.push(`media: ${mediaText(hash)} is out of order`);
  }
}
