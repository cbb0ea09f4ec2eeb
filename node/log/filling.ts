// Filling holes: bytes that came later go into places of which only the leaf hash was known. The hash was fixed
// when the place was taken, so bytes fit or they do not. What turns out to be for others is a hole still, and is not
// asked for again. What is gone for good never comes back.

import { HoleReason, type Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { examined } from './examining.js';
import { isForOthers, isHole, leafHashOf } from './item.js';
import type { LogRules } from './log-rules.js';
import { isPurged } from './purged-hole.js';
import type { Replace } from './rewriting.js';
import { SegmentRefused, segmentItems } from './verify-segment.js';

/**
 * Puts what a segment gives into holes that wait for it. What it returns throws SegmentRefused for bytes that do not
 * hash to the leaf. `onRefused` is told of an entry that breaks a rule.
 */
export function fillingFrom(
  segment: Segment,
  rules: LogRules,
  onRefused: (index: number, rule: string) => void,
): Replace {
  const from = Number(segment.from);
  const given = segmentItems(segment);
  return (index, item) => {
    const other = given[index - from];
    if (!isHole(item) || isPurged(item) || other === undefined) return undefined;
    if (Buffer.compare(leafHashOf(other), item.leafHash) !== 0) {
      throw new SegmentRefused('bad-proof', `the entry for index ${index} is not the one that the log has`);
    }
    const isMissing = item.reason === HoleReason.MISSING;
    const kept = examined(rules, index, other, isMissing ? onRefused : () => {});
    // Why a peer has no bytes is its own affair, unless they are for others; what we do not keep is not asked for again.
    if (isHole(kept) && !(isMissing && (!isHole(other) || isForOthers(kept)))) return undefined;
    return isHole(kept) ? kept : new Uint8Array(kept);
  };
}
