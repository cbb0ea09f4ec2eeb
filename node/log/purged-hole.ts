// Holes whose bytes are gone for good: taken back by their author, or kept as long as they could be. A node makes such
// a hole where it knows the reason itself. One that a peer tells of is a claim: until it is checked
// (claimed-holes.ts) the hole counts as missing, keeps what was claimed, and is told to others as it was heard.
//
//   RETRACTED  by = index of the retraction; by_generation = generation of its log, 0 = the hole's own
//   EXPIRED    keep_until_day = the last day on which the entry could be kept

import { create } from '@bufbuild/protobuf';
import { type Hole, HoleReason, HoleSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { holeBecause, isHole, type LogItem } from './item.js';

/** Why the bytes of an entry go. */
export type Fate =
  | {
      readonly kind: 'retracted';
      /** Where the retraction stands in its log. */
      readonly by: number;
      /** The generation of that log; 0 = the entry's own. */
      readonly generation: number;
    }
  | { readonly kind: 'expired'; readonly keepUntilDay: number };

/** True for a hole whose bytes are gone for good. */
export function isPurged(item: LogItem): boolean {
  return isHole(item) && isGone(item.reason);
}

/** The hole that is left of an entry. */
export function purgedHole(index: number, leafHash: Uint8Array, fate: Fate): Hole {
  const place = { index: BigInt(index), leafHash };
  if (fate.kind === 'expired') {
    return create(HoleSchema, { ...place, reason: HoleReason.EXPIRED, keepUntilDay: fate.keepUntilDay });
  }
  const { by, generation } = fate;
  return create(HoleSchema, {
    ...place,
    reason: HoleReason.RETRACTED,
    by: BigInt(by),
    byGeneration: generation,
  });
}

/** A hole as a peer told it, copied field by field: what else a message may carry is neither kept nor passed on. */
export function heardHole({ index, leafHash, reason, by, byGeneration, keepUntilDay }: Hole): Hole {
  const place = { index, leafHash: new Uint8Array(leafHash) };
  switch (reason) {
    case HoleReason.RETRACTED:
      return create(HoleSchema, { ...place, reason: HoleReason.MISSING, by, byGeneration });
    case HoleReason.EXPIRED:
      return create(HoleSchema, { ...place, reason: HoleReason.MISSING, keepUntilDay });
    default:
      return create(HoleSchema, { ...place, reason });
  }
}

/** What was claimed of a hole that counts as missing; undefined when nothing was. */
export function claimOf({ index, reason, by, byGeneration, keepUntilDay }: Hole): Fate | undefined {
  if (reason !== HoleReason.MISSING) return undefined;
  if (keepUntilDay > 0) return { kind: 'expired', keepUntilDay };
  // In its own log a retraction stands behind what it takes back.
  if (byGeneration === 0 && by <= index) return undefined;
  return { kind: 'retracted', by: Number(by), generation: byGeneration };
}

/** The hole with its reason made a claim again, since nothing vouches for it any more; what was refused is missing. */
export function doubtedHole(hole: Hole): Hole {
  return hole.reason === HoleReason.REFUSED ? holeBecause(hole, HoleReason.MISSING) : heardHole(hole);
}

/** The hole as others are told of it. What we refuse is our own affair: to them the bytes are just not here. */
export function toldHole(hole: Hole): Hole {
  const { index, leafHash } = hole;
  const claim = claimOf(hole);
  if (claim !== undefined) return purgedHole(Number(index), leafHash, claim);
  if (hole.reason !== HoleReason.REFUSED && hole.reason !== HoleReason.MISSING) return hole;
  return create(HoleSchema, { index, leafHash, reason: HoleReason.MISSING });
}

function isGone(reason: HoleReason): boolean {
  return reason === HoleReason.RETRACTED || reason === HoleReason.EXPIRED;
}
