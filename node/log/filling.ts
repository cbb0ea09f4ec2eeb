// Filling holes: bytes that came later go into places of which only the leaf hash was known. The hash was fixed
// when the place was taken, so bytes fit or they do not. What turns out to be for others is a hole still, and is not
// asked for again.

import { HoleReason, type Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { TILE_WIDTH } from '../tlog/tile.js';
import { examined } from './examining.js';
import { isForOthers, isHole, type LogItem, leafHashOf } from './item.js';
import type { LogReader } from './log-reader.js';
import type { LogRules } from './log-rules.js';
import type { LogState } from './log-state.js';
import { fillHoles } from './tail.js';
import { SegmentRefused, segmentItems } from './verify-segment.js';
import type { WriteChain } from './write-chain.js';

export interface FillingSurroundings {
  readonly rules: LogRules;
  readonly chain: WriteChain;
  readonly reader: LogReader;
  /** The state that a write may build on. Throws LogClosed. */
  open(): LogState;
  onRefused(index: number, rule: string): void;
}

/**
 * Puts bytes into holes that wait for them; bytes that do not hash to the leaf are refused with
 * SegmentRefused. Returns how many holes were filled.
 */
export async function fillFrom(segment: Segment, around: FillingSurroundings): Promise<number> {
  const { chain, reader } = around;
  const from = Number(segment.from);
  const given = segmentItems(segment);
  for (;;) {
    await chain.idle();
    const state = around.open();
    if (state !== chain.durable) continue;
    const { fresh, before } = await fitting(from, given, around);
    if (fresh.size === 0) return 0;
    const bundles = new Map<number, LogItem[]>();
    const tailStart = state.tail.range.size - state.tail.items.length;
    for (const index of fresh.keys()) {
      const start = Math.floor(index / TILE_WIDTH) * TILE_WIDTH;
      if (start !== tailStart) bundles.set(start, await reader.bundle(start / TILE_WIDTH));
    }
    // The log grew while we read: what is written must follow from what it is now.
    if (chain.accepted !== state) continue;
    const { tail, puts } = fillHoles(state.tail, bundles, fresh);
    const now = [...fresh.values()];
    const filled = now.filter((item) => !isHole(item)).length;
    const forOthers = state.forOthers + now.filter(isForOthers).length - before.filter(isForOthers).length;
    const after = { ...state, tail, holes: state.holes - filled, forOthers };
    await chain.write({ after, puts, deletes: [], onDurable: () => reader.forget() });
    return filled;
  }
}

/** What changes of the holes, and what they were. Throws SegmentRefused when bytes do not hash to their leaf. */
async function fitting(
  from: number,
  given: readonly LogItem[],
  { rules, reader, onRefused }: FillingSurroundings,
): Promise<{ fresh: Map<number, LogItem>; before: LogItem[] }> {
  const fresh = new Map<number, LogItem>();
  const before: LogItem[] = [];
  for (const [offset, item] of (await reader.read(from, from + given.length)).entries()) {
    const other = given[offset];
    if (!isHole(item) || other === undefined) continue;
    const index = from + offset;
    if (Buffer.compare(leafHashOf(other), item.leafHash) !== 0) {
      throw new SegmentRefused('bad-proof', `the entry for index ${index} is not the one that the log has`);
    }
    const isMissing = item.reason === HoleReason.MISSING;
    const kept = examined(rules, index, other, isMissing ? onRefused : () => {});
    // Why a peer has no bytes is its own affair, unless they are for others; what we do not keep is not asked for again.
    if (isHole(kept) && !(isMissing && (!isHole(other) || isForOthers(kept)))) continue;
    fresh.set(index, isHole(kept) ? kept : new Uint8Array(kept));
    before.push(item);
  }
  return { fresh, before };
}
