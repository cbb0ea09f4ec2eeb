// A notice: something that a person is told once. Programs rely on these names:
//
//   {"sequence":7,"kind":"hit","hash":"9f86…","algorithm":"sha256","mine":{"record":"AU:3"},
//    "other":{"member":"NL","index":12},"at":"2025-01-31T12:00:00.000Z"}
//   {"sequence":7,"kind":"hit","purged":true,"algorithm":"sha256","mine":{"record":"AU:3"}, ...
//   {"sequence":8,"kind":"lead","from":"NL","index":13,"statement":{"assess":"AU:5",…,"readers":["AU"]},"at":"…"}
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

/** Another member disputes an entry of mine. */
export interface DisputeNotice {
  readonly kind: 'dispute';
  /** My entry, such as `NL:5`. */
  readonly entry: string;
  readonly member: string;
  /** Of the closed list of entry.proto; null when it gives none, and once the entry that says so is purged. */
  readonly reason: string | null;
  /** The entry that says so. */
  readonly assessment: string;
  readonly purged?: true;
  readonly at: string;
  readonly [field: string]: unknown;
}

/** An investigation as notices name it. */
export interface CaseTold {
  readonly member: string;
  /** The UUID that the member gave it. */
  readonly case: string;
  /** The entry that opened it. */
  readonly entry: string;
  /** It was opened in a sealed statement: not everybody who is told of the other knows of it. */
  readonly sealed?: true;
}

/** Two members have investigations open on what belongs together. */
export interface DeconflictionNotice {
  readonly kind: 'deconfliction';
  /** In the order of members. */
  readonly cases: readonly [CaseTold, CaseTold];
  /** By which they meet: a hash, or such as `victim:NL/<UUID>`. Null once one of the two entries is purged. */
  readonly thing: string | null;
  readonly at: string;
  readonly [field: string]: unknown;
}

/** Another member has sealed a statement for this one. */
export interface LeadNotice {
  readonly kind: 'lead';
  readonly from: string;
  readonly index: number;
  /** Only where it is not the member's first one. */
  readonly log?: string;
  /** Our JSON form, with `readers`; absent once the entry is purged. */
  readonly statement?: Readonly<Record<string, unknown>>;
  readonly purged?: true;
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

export type NoticeBody = MatchNotice | LeadNotice | DisputeNotice | DeconflictionNotice | OtherNotice;

/** A body with the place in the order in which this node told it: 1, 2, ... */
export type Notice = NoticeBody & { readonly sequence: number };

export function isMatch(notice: NoticeBody): notice is MatchNotice {
  return notice.kind === 'hit' || notice.kind === 'conflict';
}

/** The places of the entries by which a notice says more than that there was something, as `NL:12`. */
export function placesOf(notice: NoticeBody): string[] {
  if (isMatch(notice)) {
    const { mine, other } = notice;
    const theirs = `${other.log ?? other.member}:${other.index}`;
    return 'record' in mine ? [mine.record, theirs] : [theirs];
  }
  if (notice.kind === 'lead') {
    const { log, from, index } = notice as LeadNotice;
    return [`${log ?? from}:${index}`];
  }
  if (notice.kind === 'dispute') return [(notice as DisputeNotice).assessment];
  if (notice.kind === 'deconfliction') return (notice as DeconflictionNotice).cases.map(({ entry }) => entry);
  return [];
}

/** The notice as it stays once such an entry is purged: that it was told, not what the entry said. */
export function withoutContent(notice: Notice): Notice {
  const {
    sequence,
    kind,
    hash: _hash,
    statement: _statement,
    ...rest
  } = notice as Notice & {
    hash?: unknown;
    statement?: unknown;
  };
  const thing = 'thing' in rest ? { thing: null } : {};
  const reason = 'reason' in rest ? { reason: null } : {};
  return { sequence, kind, purged: true, ...rest, ...thing, ...reason } as Notice;
}
