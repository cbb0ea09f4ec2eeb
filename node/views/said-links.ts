// What the views go by of a link, and how it is read from an entry without decoding it, which costs a third of all that
// is done with a link. Only what is known to the last byte is read so; everything else takes the way of all entries.
//
//   0a 10 <salt>  10 <schema>  18 <made at>  [22 <length> 08 <day>]  52 <length>
//     0a <length> <thing>  10 <relation>  1a <length> <thing>  20 <confidence>
//
//   a thing:  0a <length>  0a 20 <SHA-256>, 12 14 <SHA-1>, 1a 10 <MD5> or 2a 20 <PDQ>
//             12 (victim), 1a (suspect), 22 (place) or 2a (series) <length>  0a <length> <member>  12 10 <UUID>

import type { Confidence, Link, Relation } from '../../proto/gen/icse/v1/entry_pb.js';
import { ALGORITHMS, HASH_BYTES } from '../statements/hashes.js';
import type { ThingKind } from '../statements/link.js';
import { ID_BYTES } from '../statements/references.js';
import { CONFIDENCES, RELATIONS } from '../statements/vocabulary.js';
import type { Binary } from './binary.js';
import { type NamedThing, subjectKeyOf, type ThingKey, thingKey } from './thing-key.js';

/** A link as the views go by it. */
export interface SaidLink {
  readonly relation: Relation;
  readonly confidence: Confidence;
  /** From and to. */
  readonly ends: readonly NamedThing[];
}

export interface LinkEntry {
  /** UTC seconds. */
  readonly madeAt: number;
  /** 0 = no end. */
  readonly keepUntilDay: number;
  readonly link: SaidLink;
}

export function saidLink({ relation, confidence, from, to }: Link): SaidLink {
  const ends = [from, to].flatMap((end) =>
    end?.thing.case === undefined ? [] : [{ key: thingKey(end), kind: end.thing.case }],
  );
  return { relation, confidence, ends };
}

const SALT_BYTES = 16;
/** Seven bits each: longer numbers, which nothing has today, are left to the decoder. */
const MAX_DAY_BYTES = 4;
const MAX_TIME_BYTES = 6;

/** By the tag of a thing. */
const KINDS: { readonly [tag: number]: ThingKind | undefined } = {
  10: 'media',
  18: 'victim',
  26: 'suspect',
  34: 'place',
  42: 'series',
};

const MEMBER = /^[A-Z]{2,16}$/;

/** The link in the canonical bytes of an entry; undefined when it is none, or not one that is known to the last byte. */
export function readLink(entry: Binary): LinkEntry | undefined {
  const cursor = { text: entry, at: 0 };
  if (!takes(cursor, 0x0a) || !takes(cursor, SALT_BYTES)) return undefined;
  cursor.at += SALT_BYTES;
  if (!takes(cursor, 0x10) || numberAt(cursor, 1) === 0) return undefined;
  const madeAt = takes(cursor, 0x18) ? numberAt(cursor, MAX_TIME_BYTES) : 0;
  const keepUntilDay = takes(cursor, 0x22) ? lastDay(cursor) : 0;
  if (madeAt === 0 || keepUntilDay === undefined || !takes(cursor, 0x52)) return undefined;
  if (!takes(cursor, entry.length - cursor.at - 1)) return undefined;
  const from = takes(cursor, 0x0a) ? thingAt(cursor) : undefined;
  const relation: Relation = takes(cursor, 0x10) ? numberAt(cursor, 1) : 0;
  const to = takes(cursor, 0x1a) ? thingAt(cursor) : undefined;
  const confidence: Confidence = takes(cursor, 0x20) ? numberAt(cursor, 1) : 0;
  if (from === undefined || to === undefined || cursor.at !== entry.length) return undefined;
  if (!RELATIONS.wordOf.has(relation) || !CONFIDENCES.wordOf.has(confidence)) return undefined;
  return { madeAt, keepUntilDay, link: { relation, confidence, ends: [from, to] } };
}

interface Cursor {
  readonly text: Binary;
  at: number;
}

/** Goes on behind the byte, if it stands there. A length is taken in the same way, as it is below 128. */
function takes(cursor: Cursor, byte: number): boolean {
  if (byte >= 0x80 || cursor.text.charCodeAt(cursor.at) !== byte) return false;
  cursor.at += 1;
  return true;
}

/** A number of at most so many bytes; 0 where there is none, or it is not in its shortest form. */
function numberAt(cursor: Cursor, maxBytes: number): number {
  let value = 0;
  for (let n = 0, scale = 1; n < maxBytes; n++, scale *= 0x80) {
    const byte = cursor.text.charCodeAt(cursor.at++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return byte === 0 ? 0 : value;
  }
  return 0;
}

/** Undefined where there is more than a day, or none. */
function lastDay(cursor: Cursor): number | undefined {
  const end = cursor.at + 1 + cursor.text.charCodeAt(cursor.at);
  cursor.at += 1;
  const day = takes(cursor, 0x08) ? numberAt(cursor, MAX_DAY_BYTES) : 0;
  return day === 0 || cursor.at !== end ? undefined : day;
}

function thingAt(cursor: Cursor): NamedThing | undefined {
  const { text, at } = cursor;
  const length = text.charCodeAt(at);
  const end = at + 1 + length;
  const kind = KINDS[text.charCodeAt(at + 1)];
  // Two bytes of its own, tag and length, and what is in it.
  if (kind === undefined || length >= 0x80 || text.charCodeAt(at + 2) !== length - 2) return undefined;
  cursor.at = end;
  const inner = text.slice(at + 3, end);
  const key = kind === 'media' ? hashKeyIn(inner) : subjectKeyIn(inner);
  return key === undefined ? undefined : { key, kind };
}

/** `0a 20 <SHA-256>` and so on: the number of the field is the algorithm's. */
function hashKeyIn(media: Binary): ThingKey | undefined {
  const place = media.charCodeAt(0) >>> 3;
  const algorithm = ALGORITHMS[place - 1];
  if (algorithm === undefined || media.charCodeAt(0) !== place * 8 + 2) return undefined;
  const bytes = HASH_BYTES[algorithm];
  if (media.charCodeAt(1) !== bytes || media.length !== 2 + bytes || bytes >= 0x80) return undefined;
  return String.fromCharCode(place) + media.slice(2);
}

/** `0a <length> <member>  12 10 <UUID>` */
function subjectKeyIn(subject: Binary): ThingKey | undefined {
  const memberEnd = 2 + subject.charCodeAt(1);
  const member = subject.slice(2, memberEnd);
  if (subject.charCodeAt(0) !== 0x0a || !MEMBER.test(member)) return undefined;
  if (subject.charCodeAt(memberEnd) !== 0x12 || subject.charCodeAt(memberEnd + 1) !== ID_BYTES)
    return undefined;
  if (subject.length !== memberEnd + 2 + ID_BYTES) return undefined;
  return subjectKeyOf(subject.slice(memberEnd + 2), member);
}
