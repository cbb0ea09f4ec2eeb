// What statements refer to: pseudonymous subjects, places in members' logs, and hashes of media; their rules, and
// how people write them.
//
//   subject     NL/0b8e9a3e-…        a bare UUID is the writer's own
//   entry       NL:5, NL.2:5
//   media       a hash as in look-ups (hashes.ts)

import { create } from '@bufbuild/protobuf';
import {
  type EntryReference,
  EntryReferenceSchema,
  type MediaHash,
  MediaHashSchema,
  type Subject,
  SubjectSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { BadName, type MemberCode, parseMemberCode } from '../names.js';
import { ALGORITHMS, HASH_BYTES, hashText, isEmptyInputHash, type NamedHash, parseHash } from './hashes.js';
import { quoted } from './quoted.js';
import { parseUuid, uuidText } from './uuid.js';

/** Who makes a statement, and where in its log it stands. */
export interface Author {
  readonly member: MemberCode;
  /** 1 for the member's first log, 2 for `.2`, and so on. */
  readonly generation: number;
  /** Undefined while the entry has no place yet. */
  readonly index?: number | undefined;
}

export const ID_BYTES = 16;

/** A name of a log has at most nine digits of a generation. */
const MAX_GENERATION = 999_999_999;
const MAX_INDEX = BigInt(Number.MAX_SAFE_INTEGER);

/** Adds the rule that the code of a member breaks. */
export function checkMemberCode(field: string, code: string, reasons: string[]): void {
  try {
    parseMemberCode(code);
  } catch (error) {
    if (!(error instanceof BadName)) throw error;
    reasons.push(`${field}: ${error.message}`);
  }
}

/** Adds the rules that a subject breaks. */
export function checkSubject(field: string, subject: Subject, reasons: string[]): void {
  checkMemberCode(`${field} member`, subject.member, reasons);
  checkId(field, subject.id, reasons);
}

export function checkId(field: string, id: Uint8Array, reasons: string[]): void {
  if (id.length !== ID_BYTES) reasons.push(`${field}: ${id.length} bytes, must be ${ID_BYTES}`);
}

/** Adds the rules that a reference breaks; one to the author's own log must go backwards. */
export function checkReference(
  field: string,
  reference: EntryReference,
  author: Author | undefined,
  reasons: string[],
): void {
  const { member, generation, index } = reference;
  checkMemberCode(`${field} member`, member, reasons);
  if (generation < 1 || generation > MAX_GENERATION) {
    reasons.push(`${field} generation: ${generation}, must be 1 to ${MAX_GENERATION}`);
  }
  if (index > MAX_INDEX) reasons.push(`${field} index: ${index}, must be at most ${MAX_INDEX}`);
  if (author === undefined || member !== author.member) return;
  const isLater =
    generation > author.generation ||
    (generation === author.generation && author.index !== undefined && index >= BigInt(author.index));
  if (isLater) reasons.push(`${field}: ${referenceText(reference)} does not stand before this entry`);
}

/** Adds the rules that the hash of a medium breaks. */
export function checkMediaHash(field: string, media: MediaHash, reasons: string[]): void {
  const { case: algorithm, value: hash } = media.hash;
  if (algorithm === undefined) {
    reasons.push(`${field}: no hash`);
  } else if (hash.length !== HASH_BYTES[algorithm]) {
    reasons.push(`${field} ${algorithm}: ${hash.length} bytes, must be ${HASH_BYTES[algorithm]}`);
  } else if (isEmptyInputHash(algorithm, hash)) {
    reasons.push(`${field} ${algorithm}: the hash of empty input`);
  }
}

/** The order in which a list of media stands: by algorithm, strongest first, then by bytes. */
export function compareMedia(a: MediaHash, b: MediaHash): number {
  const ofAlgorithm = ({ hash }: MediaHash): number =>
    hash.case === undefined ? -1 : ALGORITHMS.indexOf(hash.case);
  return (
    ofAlgorithm(a) - ofAlgorithm(b) ||
    Buffer.compare(a.hash.value ?? new Uint8Array(), b.hash.value ?? new Uint8Array())
  );
}

/** The hash of a medium that keeps the rules. */
export function namedMedia({ hash }: MediaHash): NamedHash {
  if (hash.case === undefined) throw new TypeError('a medium without a hash was let in');
  return { algorithm: hash.case, hash: hash.value };
}

export function mediaOf({ algorithm, hash }: NamedHash): MediaHash {
  return create(MediaHashSchema, { hash: { case: algorithm, value: hash } });
}

export function mediaText(media: MediaHash): string {
  const { algorithm, hash } = namedMedia(media);
  return hashText(algorithm, hash);
}

/** Throws BadHash. */
export function parseMedia(text: string): MediaHash {
  return mediaOf(parseHash(text));
}

export function subjectText({ member, id }: Subject): string {
  return `${member}/${uuidText(id)}`;
}

/** Reads `NL/<UUID>`, or a bare UUID as one of `me`. Throws BadName. */
export function parseSubject(text: string, me: MemberCode): Subject {
  const slash = text.indexOf('/');
  const member = slash === -1 ? me : parseMemberCode(text.slice(0, slash));
  const id = parseUuid(text.slice(slash + 1));
  if (id === undefined) throw new BadName(`${quoted(text)} is no UUID, nor MEMBER/UUID`);
  return create(SubjectSchema, { member, id });
}

/** `NL:5`, `NL.2:5`. */
export function referenceText({ member, generation, index }: EntryReference): string {
  return `${member}${generation === 1 ? '' : `.${generation}`}:${index}`;
}

/** Reads `NL:5`, `NL.2:5`. Throws BadName. */
export function parseReference(text: string): EntryReference {
  const match = /^([A-Za-z]{2,16})(?:\.([1-9][0-9]{0,8}))?:(0|[1-9][0-9]{0,14})$/.exec(text);
  if (match === null || match[2] === '1') {
    throw new BadName(`${quoted(text)} is not a place such as NL:5`);
  }
  return create(EntryReferenceSchema, {
    member: parseMemberCode(match[1] as string),
    generation: Number(match[2] ?? 1),
    index: BigInt(match[3] as string),
  });
}
