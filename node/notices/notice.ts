// A notice: something that a person is told once. Programs rely on these names:
//
//   {"sequence":7,"kind":"hit","hash":"9f86…","algorithm":"sha256","mine":{"record":"AU:3"},
//    "other":{"member":"NL","index":12},"at":"2025-01-31T12:00:00.000Z"}
//   {"sequence":8,"kind":"lead","from":"NL","index":13,"statement":{"assess":"AU:5",…,"readers":["AU"]},"at":"…"}

import type { HashAlgorithm } from '../statements/hashes.js';

/** Another member has on record what I have. A conflict: but a stronger hash says that it is another file. */
export interface MatchNotice {
  readonly kind: 'hit' | 'conflict';
  /** As `parseHash` reads it. */
  readonly hash: string;
  /** The strongest algorithm by which they match. */
  readonly algorithm: HashAlgorithm;
  readonly mine: { readonly record: string } | { readonly holding: string | null };
  /** `log` only where it is not the member's first one. */
  readonly other: { readonly member: string; readonly index: number; readonly log?: string };
  /** When it was found, ISO 8601. */
  readonly at: string;
}

/** Another member has sealed a statement for this one. */
export interface LeadNotice {
  readonly kind: 'lead';
  readonly from: string;
  readonly index: number;
  /** Only where it is not the member's first one. */
  readonly log?: string;
  /** Our JSON form, with `readers`. */
  readonly statement: Readonly<Record<string, unknown>>;
  /** When it was opened, ISO 8601. */
  readonly at: string;
  readonly [field: string]: unknown;
}

/** A change of membership, a proven fault and the like, as the part of the node that tells it says. */
export interface OtherNotice {
  readonly kind: 'member' | 'fault' | 'milestone';
  readonly at: string;
  readonly [field: string]: unknown;
}

export type NoticeBody = MatchNotice | LeadNotice | OtherNotice;

/** A body with the place in the order in which this node told it: 1, 2, ... */
export type Notice = NoticeBody & { readonly sequence: number };
