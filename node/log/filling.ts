// Filling holes: bytes that came later go into places of which only the leaf hash was known. The hash was fixed
// when the place was taken, so bytes fit or they do not.

import type { Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { TILE_WIDTH } from '../tlog/tile.js';
import { isHole, type LogItem, leafHashOf } from './item.js';
import type { LogReader } from './log-reader.js';
import type { LogRules } from './log-rules.js';
import type { LogState } from './log-state.js';
import { fillHoles } from './tail.js';
import { SegmentRefused } from './verify-segment.js';
import type { WriteChain } from './write-chain.js';

export interface FillingSurroundings {
  readonly rules: LogRules;
  readonly chain: WriteChain;
  readonly reader: LogReader;
  /** The state that a write may build on. Throws LogClosed. */
  open(): LogState;
}

/**
 * Puts bytes into holes that wait for them; bytes that do not hash to the leaf are refused with
 * SegmentRefused. Returns how many holes were filled.
 */
export async function fillFrom(segment: Segment, around: FillingSurroundings): Promise<number> {
  const { chain, reader } = around;
  const from = Number(segment.from);
  for (;;) {
    await chain.idle();
    const state = around.open();
    if (state !== chain.durable) continue;
    const fresh = await fitting(from, segment.entries, around);
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
    const after = { ...state, tail, holes: state.holes - fresh.size };
    await chain.write({ after, puts, deletes: [], onDurable: () => reader.forget() });
    return fresh.size;
  }
}

/** Those of the bytes that fit holes. Throws SegmentRefused when bytes do not hash to their leaf. */
async function fitting(
  from: number,
  entries: readonly Uint8Array[],
  { rules, reader }: FillingSurroundings,
): Promise<Map<number, Uint8Array>> {
  const fresh = new Map<number, Uint8Array>();
  for (const [offset, item] of (await reader.read(from, from + entries.length)).entries()) {
    const bytes = entries[offset];
    if (!isHole(item) || bytes === undefined || bytes.length === 0) continue;
    if (Buffer.compare(leafHashOf(bytes), item.leafHash) !== 0) {
      throw new SegmentRefused(
        'bad-proof',
        `the entry for index ${from + offset} is not the one that the log has`,
      );
    }
    if (rules.examine(from + offset, bytes) === undefined) fresh.set(from + offset, new Uint8Array(bytes));
  }
  return fresh;
}
