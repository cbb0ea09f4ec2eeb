// The rules of a link, and the things that it joins: which relation holds between which kinds of things.
//
//   same-as          victim, suspect, place or series, with one of its own kind
//   depicts          media                 -> victim, suspect, place
//   part-of          media, series         -> series
//   taken-at         media, series         -> place
//   near-duplicate   media                 -> media

import { create } from '@bufbuild/protobuf';
import { type Link, Relation, type Thing, ThingSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { BadName, type MemberCode } from '../names.js';
import { quoted } from './quoted.js';
import {
  checkMediaHash,
  checkSubject,
  mediaText,
  parseMedia,
  parseSubject,
  subjectText,
} from './references.js';
import { CONFIDENCES, RELATIONS } from './vocabulary.js';

export type ThingKind = Exclude<Thing['thing']['case'], undefined>;

const SUBJECT_KINDS = ['victim', 'suspect', 'place', 'series'] as const;

interface Ends {
  readonly from: readonly ThingKind[];
  readonly to: readonly ThingKind[];
  readonly sameKind?: boolean;
}

const ENDS: ReadonlyMap<Relation, Ends> = new Map([
  [Relation.SAME_AS, { from: SUBJECT_KINDS, to: SUBJECT_KINDS, sameKind: true }],
  [Relation.DEPICTS, { from: ['media'], to: ['victim', 'suspect', 'place'] }],
  [Relation.PART_OF, { from: ['media', 'series'], to: ['series'] }],
  [Relation.TAKEN_AT, { from: ['media', 'series'], to: ['place'] }],
  [Relation.NEAR_DUPLICATE, { from: ['media'], to: ['media'] }],
]);

/** Adds the rules that the link breaks. */
export function checkLink({ from, relation, to, confidence }: Link, reasons: string[]): void {
  const word = RELATIONS.wordOf.get(relation);
  if (word === undefined) {
    reasons.push(relation === 0 ? 'relation: missing' : `relation: unknown value ${relation}`);
  }
  if (!CONFIDENCES.wordOf.has(confidence)) {
    reasons.push(confidence === 0 ? 'confidence: missing' : `confidence: unknown value ${confidence}`);
  }
  const before = reasons.length;
  checkThing('from', from, reasons);
  checkThing('to', to, reasons);
  if (reasons.length > before || from === undefined || to === undefined) return;
  const ends = ENDS.get(relation);
  const [fromKind, toKind] = [from.thing.case as ThingKind, to.thing.case as ThingKind];
  if (ends !== undefined && !ends.from.includes(fromKind)) {
    reasons.push(`from: a ${fromKind} is not ${word}; one of ${ends.from.join(', ')} is`);
  } else if (ends?.sameKind === true && fromKind !== toKind) {
    reasons.push(`to: a ${toKind}, but a ${fromKind} is ${word} a ${fromKind} only`);
  } else if (ends !== undefined && !ends.to.includes(toKind)) {
    reasons.push(`to: ${word} leads to ${ends.to.join(', ')}, not to a ${toKind}`);
  }
  if (thingText(from) === thingText(to)) reasons.push('to: the same thing as from');
}

function checkThing(field: string, thing: Thing | undefined, reasons: string[]): void {
  const { case: kind, value } = thing?.thing ?? { case: undefined };
  if (kind === undefined || value === undefined) reasons.push(`${field}: missing`);
  else if (kind === 'media') checkMediaHash(field, value, reasons);
  else checkSubject(field, value, reasons);
}

/** A hash, or `victim:NL/<UUID>`: the text that `parseThing` reads. */
export function thingText({ thing }: Thing): string {
  if (thing.case === undefined) throw new TypeError('a thing that is nothing was let in');
  return thing.case === 'media' ? mediaText(thing.value) : `${thing.case}:${subjectText(thing.value)}`;
}

/** Reads a hash, or `KIND:[MEMBER/]UUID`; a bare UUID is of the kind given, and of `me`. Throws BadName, BadHash. */
export function parseThing(text: string, me: MemberCode, kindOfBare: ThingKind = 'victim'): Thing {
  const match = /^(?:([a-z]+):)?((?:[A-Za-z]+\/)?[0-9A-Fa-f]{8}-[0-9A-Fa-f-]+)$/.exec(text);
  if (match === null) return create(ThingSchema, { thing: { case: 'media', value: parseMedia(text) } });
  const kind = (match[1] ?? kindOfBare) as (typeof SUBJECT_KINDS)[number];
  if (!SUBJECT_KINDS.includes(kind)) {
    throw new BadName(
      `${quoted(text)}: a thing is a hash, or one of ${SUBJECT_KINDS.join(', ')} with a UUID`,
    );
  }
  return create(ThingSchema, { thing: { case: kind, value: parseSubject(match[2] as string, me) } });
}

/** The kind that a bare UUID has at the far end of a relation. */
export function kindAtEnd(relation: Relation): ThingKind {
  if (relation === Relation.TAKEN_AT) return 'place';
  if (relation === Relation.PART_OF) return 'series';
  return 'victim';
}
