// A thing that statements name, as one binary string that is the same on every node.
//
//   01..05 <hash>                                 a medium, by one of its hashes (hash-key.ts)
//   10 <UUID, 16> <length, 1> <member code>       a subject: a victim, a suspect, a place or a series
//
// A subject is the pair of member and UUID. Its kind is no part of the key, because an investigation names its
// subject without saying of which kind it is; kinds are told from the statements that name it (part.ts).

import type { Subject, Thing } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import { hashText } from '../statements/hashes.js';
import { parseThing, type ThingKind } from '../statements/link.js';
import { namedMedia } from '../statements/references.js';
import { uuidText } from '../statements/uuid.js';
import { type Binary, fromBinary, toBinary } from './binary.js';
import { hashKey, namedHash } from './hash-key.js';

export type ThingKey = Binary;

export interface NamedThing {
  readonly key: ThingKey;
  /** Undefined where the statement does not say it. */
  readonly kind: ThingKind | undefined;
}

const SUBJECT = '\x10';
const ID_BYTES = 16;

/** How people write a subject of which no statement says the kind. */
export const UNKNOWN_KIND = 'subject';

export function subjectKey({ member, id }: Pick<Subject, 'member' | 'id'>): ThingKey {
  return subjectKeyOf(toBinary(id), member);
}

export function subjectKeyOf(id: Binary, member: string): ThingKey {
  return SUBJECT + id + String.fromCharCode(member.length) + member;
}

/** The key of a thing that keeps the rules. */
export function thingKey({ thing }: Thing): ThingKey {
  if (thing.case === undefined) throw new TypeError('a thing that is nothing was let in');
  return thing.case === 'media' ? hashKey(namedMedia(thing.value)) : subjectKey(thing.value);
}

export function isMedia(key: ThingKey): boolean {
  return key[0] !== SUBJECT;
}

/** Whose pseudonym a subject is; undefined for a medium. */
export function ownerOf(key: ThingKey): MemberCode | undefined {
  return isMedia(key) ? undefined : (key.slice(2 + ID_BYTES) as MemberCode);
}

/** A hash, or `victim:NL/<UUID>`; `subject:NL/<UUID>` where the kind is not known. */
export function thingKeyText(key: ThingKey, kind: ThingKind | undefined): string {
  if (isMedia(key)) {
    const { algorithm, hash } = namedHash(key);
    return hashText(algorithm, hash);
  }
  const id = uuidText(fromBinary(key.slice(1, 1 + ID_BYTES)));
  return `${kind ?? UNKNOWN_KIND}:${ownerOf(key)}/${id}`;
}

/** Reads what `thingKeyText` writes, and a bare UUID as one of `me`. Throws BadName, BadHash. */
export function parseThingKey(text: string, me: MemberCode): ThingKey {
  const prefix = `${UNKNOWN_KIND}:`;
  return thingKey(parseThing(text.startsWith(prefix) ? text.slice(prefix.length) : text, me));
}
