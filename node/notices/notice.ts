// A notice: something that a person is told once. Programs rely on these names:
//
//   {"sequence":7,"kind":"hit","hash":"9f86…","algorithm":"sha256","mine":{"record":"AU:3"},
//    "other":{"member":"NL","index":12},"at":"2025-01-31T12:00:00.000Z"}
//   {"sequence":7,"kind":"hit","purged":true,"algorithm":"sha256","mine":{"record":"AU:3"}, ...
//
// The second is what is left of the first once one of the two records is purged: the hash is gone.

import type { HashAlgorithm } from '../statements/hashes.js';

/** Another member has on record what I have. A conflict: but a stronger hash says that it is another file. */
export interface MatchNotice {
  readonly kind: 'hit' | 'conflict';
  /** As `parseHash` reads it; absent once one of the two records is purged. */
  readonly hash?: string;
  readonly purged?: true;
  /** The strongest algorithm by which they match. */
  readonly algorithm: HashAlgorithm;
  readonly mine: { readonly record: string } | { readonly holding: string | null };
  /** `log` only where it is not the member's first one. */
  readonly other: { readonly member: string; readonly index: number; readonly log?: string };
  /** When it was found, ISO 8601. */
  readonly at: string;
}

/** A change of membership, a proven fault and the like, as the part of the node that tells it says. */
export interface OtherNotice {
  readonly kind: 'member' | 'fault' | 'milestone';
  readonly at: string;
  readonly [field: string]: unknown;
}

export type NoticeBody = MatchNotice | OtherNotice;

/** A body with the place in the order in which this node told it: 1, 2, ... */
export type Notice = NoticeBody & { readonly sequence: number };

export function isMatch(notice: NoticeBody): notice is MatchNotice {
  return notice.kind === 'hit' || notice.kind === 'conflict';
}

/** The places of the entries that a notice tells of, as `NL:12`. */
export function placesOf(notice: NoticeBody): string[] {
  if (!isMatch(notice)) return [];
  const { mine, other } = notice;
  const theirs = `${other.log ?? other.member}:${other.index}`;
  return 'record' in mine ? [mine.record, theirs] : [theirs];
}
