// Replacing places of a log by others with the same leaf hash: bytes come into holes (filling.ts), and bytes that are
// gone for good become holes. The bundles and pieces concerned are written anew in one commit, so after a crash
// either all of it is there or nothing, and the tree never changes.

import { TILE_WIDTH } from '../tlog/tile.js';
import { isForOthers, isHole, type LogItem } from './item.js';
import type { LogReader } from './log-reader.js';
import type { LogState } from './log-state.js';
import { isPurged } from './purged-hole.js';
import { replacePlaces } from './tail.js';
import { WriteAbandoned, type WriteChain } from './write-chain.js';

/** What is to stand at the place; undefined = what stands there. Throws to change nothing at all. */
export type Replace = (index: number, item: LogItem) => LogItem | undefined;

/**
 * Replaces places of the log on disk; resolves with how many were, once they are on disk. One call at a time for a
 * log; it may grow meanwhile, and where that fails, places are replaced in what is left: `replace` is then asked again.
 * Throws what `replace` and the write chain throw.
 */
export async function rewritePlaces(
  indices: Iterable<number>,
  replace: Replace,
  { chain, reader }: { readonly chain: WriteChain; readonly reader: LogReader },
): Promise<number> {
  const wanted = [...indices].filter((index) => index < chain.durable.tail.range.size);
  for (;;) {
    const loaded = await loadBundles(wanted, startOfTail(chain.durable), reader);
    // From here to the write nothing else happens, so what is written follows from what the log is now.
    const state = chain.accepted;
    const growing = startOfTail(state);
    const placesOf = (index: number): readonly LogItem[] | undefined =>
      startOf(index) === growing ? state.tail.items : loaded.get(startOf(index));
    if (wanted.some((index) => placesOf(index) === undefined)) {
      // The growing bundle became full since, and may not be on disk yet.
      await chain.idle();
      continue;
    }
    const fresh = new Map<number, LogItem>();
    const bundles = new Map<number, readonly LogItem[]>();
    let { holes, purged, forOthers } = state;
    for (const index of wanted) {
      const start = startOf(index);
      const places = placesOf(index) as readonly LogItem[];
      const item = places[index - start] as LogItem;
      const now = replace(index, item);
      if (now === undefined) continue;
      fresh.set(index, now);
      if (start !== growing) bundles.set(start, places);
      holes += Number(isHole(now)) - Number(isHole(item));
      purged += Number(isPurged(now)) - Number(isPurged(item));
      forOthers += Number(isForOthers(now)) - Number(isForOthers(item));
    }
    if (fresh.size === 0) return 0;
    const { tail, puts } = replacePlaces(state.tail, bundles, fresh);
    const after = { ...state, tail, holes, purged, forOthers };
    try {
      await chain.write({ after, puts, deletes: [], onDurable: () => reader.forget() });
    } catch (error) {
      if (!(error instanceof WriteAbandoned)) throw error;
      continue;
    }
    return fresh.size;
  }
}

async function loadBundles(
  indices: readonly number[],
  growing: number,
  reader: LogReader,
): Promise<Map<number, readonly LogItem[]>> {
  const loaded = new Map<number, readonly LogItem[]>();
  for (const index of indices) {
    const start = startOf(index);
    if (start < growing && !loaded.has(start)) loaded.set(start, await reader.bundle(start / TILE_WIDTH));
  }
  return loaded;
}

function startOf(index: number): number {
  return Math.floor(index / TILE_WIDTH) * TILE_WIDTH;
}

function startOfTail({ tail }: LogState): number {
  return tail.range.size - tail.items.length;
}
