// Whom an entry's bytes are for: everybody, or of a sealed one those whom it names, its author, and Lyon, which carries
// it to them.

import { LYON, type MemberCode } from '../names.js';
import { knownOf } from './entry.js';
import { isSealed } from './statement-tag.js';

/** True when the member may have the bytes of the entry by that author; they are canonical. */
export function isFor(member: MemberCode, author: MemberCode | undefined, bytes: Uint8Array): boolean {
  if (!isSealed(bytes) || hasAll(member, author)) return true;
  return knownOf(bytes).handling?.audience.includes(member) === true;
}

/** True when the member has the bytes of all entries by that author. */
export function hasAll(member: MemberCode, author: MemberCode | undefined): boolean {
  return member === LYON || member === author;
}
