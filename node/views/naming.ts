// What a statement says of things: which it names, and which of them belong together by it. A link joins its two
// ends. An event joins its first thing (the subject, else the series, else the first medium) to each of the others.

import { EventKind, type IdentificationEvent } from '../../proto/gen/icse/v1/entry_pb.js';
import type { ThingKind } from '../statements/link.js';
import { namedMedia } from '../statements/references.js';
import { CONFIDENCES, EVENT_KINDS, RELATIONS } from '../statements/vocabulary.js';
import { hashKey } from './hash-key.js';
import type { Said } from './live-statements.js';
import { type NamedThing, subjectKey, type ThingKey } from './thing-key.js';

export interface Join {
  readonly from: ThingKey;
  readonly to: ThingKey;
  /** The word of the relation, or of the kind of event. */
  readonly relation: string;
  /** The word; undefined for an event, which says that something happened. */
  readonly confidence: string | undefined;
}

const SUBJECT_KIND: ReadonlyMap<EventKind, ThingKind> = new Map([
  [EventKind.VICTIM_IDENTIFIED, 'victim'],
  [EventKind.VICTIM_SAFEGUARDED, 'victim'],
  [EventKind.SUSPECT_IDENTIFIED, 'suspect'],
  [EventKind.SUSPECT_ARRESTED, 'suspect'],
  [EventKind.PLACE_IDENTIFIED, 'place'],
]);

/** The things that the statement names, each once. */
export function thingsIn(said: Said): NamedThing[] {
  if (said.case === 'link') {
    const [from, to] = said.value.ends;
    return from !== undefined && from.key === to?.key ? [from] : [...said.value.ends];
  }
  return said.case === 'event' ? thingsOf(said.value) : [];
}

/** The things that the event names, each once. */
export function thingsOf({ kind, subject, series, media }: IdentificationEvent): NamedThing[] {
  const named = new Map<ThingKey, NamedThing>();
  const name = (key: ThingKey, of: ThingKind | undefined): void => {
    if (!named.has(key)) named.set(key, { key, kind: of });
  };
  if (subject !== undefined) name(subjectKey(subject), SUBJECT_KIND.get(kind));
  if (series !== undefined) name(subjectKey(series), 'series');
  for (const hash of media) name(hashKey(namedMedia(hash)), 'media');
  return [...named.values()];
}

/** What belongs together by the statement. */
export function joinsIn(said: Said): Join[] {
  const [first, ...others] = thingsIn(said);
  if (first === undefined) return [];
  if (said.case !== 'link' && said.case !== 'event') return [];
  const relation =
    said.case === 'link'
      ? RELATIONS.wordOf.get(said.value.relation)
      : EVENT_KINDS.wordOf.get(said.value.kind);
  const confidence = said.case === 'link' ? CONFIDENCES.wordOf.get(said.value.confidence) : undefined;
  return others.map(({ key }) => ({ from: first.key, to: key, relation: relation ?? '', confidence }));
}
