// The hashes of a run of places that continues a log, made once: the check against the checkpoint, the tiles and
// the new end of the log all take them from here.

import { appendLeaves, type CompactRange } from '../tlog/compact-range.js';
import { TILE_WIDTH } from '../tlog/tile.js';
import { type LogItem, leafHashOf } from './item.js';

export interface HashedRun {
  readonly leaves: readonly Uint8Array[];
  /** The log with the run at its end. */
  readonly range: CompactRange;
  /** The root of each bundle that the run made full, by its number. */
  readonly bundleRoots: ReadonlyMap<number, Uint8Array>;
}

const BUNDLE_LEVEL = Math.log2(TILE_WIDTH);

/** Hashes the places that come after the range. */
export function hashRun(range: CompactRange, items: readonly LogItem[]): HashedRun {
  const leaves = items.map(leafHashOf);
  const bundleRoots = new Map<number, Uint8Array>();
  const grown = appendLeaves(range, leaves, (level, index, hash) => {
    if (level === BUNDLE_LEVEL) bundleRoots.set(index, hash);
  });
  return { leaves, range: grown, bundleRoots };
}
