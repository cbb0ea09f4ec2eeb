// Filling holes: bytes that came later go into places of which only the leaf hash was known. The hash was fixed
// when the place was taken, so bytes fit or they do not. What is gone for good never comes back.

import type { Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { isHole, leafHashOf } from './item.js';
import type { LogRules } from './log-rules.js';
import { isPurged } from './purged-hole.js';
import type { Replace } from './rewriting.js';
import { SegmentRefused } from './verify-segment.js';

/**
 * Puts the bytes of a segment into holes that wait for them. What it returns throws SegmentRefused for bytes that do
 * not hash to the leaf.
 */
export function fillingFrom(segment: Segment, rules: LogRules): Replace {
  const from = Number(segment.from);
  return (index, item) => {
    const bytes = segment.entries[index - from];
    if (!isHole(item) || isPurged(item) || bytes === undefined || bytes.length === 0) return undefined;
    if (Buffer.compare(leafHashOf(bytes), item.leafHash) !== 0) {
      throw new SegmentRefused('bad-proof', `the entry for index ${index} is not the one that the log has`);
    }
    return rules.examine(index, bytes) === undefined ? new Uint8Array(bytes) : undefined;
  };
}
