// Decides whether a run of entries from a peer continues a log: hashes its leaves, extends the compact range
// and checks it against a checkpoint signed by the author (RFC 6962 consistency). Pure; nothing is changed.

import type { Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { BadCheckpoint, type TreeHead } from '../tlog/checkpoint.js';
import { type CompactRange, rootOf } from '../tlog/compact-range.js';
import { verifyConsistency } from '../tlog/proof.js';
import { openAuthorNote } from './author-note.js';
import { type HashedRun, hashRun } from './hashed-run.js';
import { isHole, type LogItem, safeSize } from './item.js';
import type { SignedHead } from './log-state.js';
import { heardHole } from './purged-hole.js';

/** A segment that does not verify: 'bad-segment' (its form), 'bad-proof', or 'gap'. The sender is to blame. */
export class SegmentRefused extends Failure {}

/** A run of entries that continues the log at `from`, under a checkpoint of its author. */
export interface VerifiedSegment {
  readonly from: number;
  readonly items: readonly LogItem[];
  readonly hashed: HashedRun;
  readonly note: Uint8Array;
  readonly checkpoint: TreeHead;
  /** Consistency proof from the run's end to the checkpoint, or from the relay's size when it is in two steps. */
  readonly ahead: readonly Uint8Array[] | undefined;
}

/** The places that a segment carries, in order. Throws SegmentRefused 'bad-segment'. */
export function segmentItems(segment: Segment): LogItem[] {
  const from = safeSize(segment.from);
  let nextHole = 0;
  const items = segment.entries.map((entry, offset): LogItem => {
    if (entry.length > 0) return entry;
    const hole = segment.holes[nextHole++];
    if (hole === undefined || safeSize(hole.index) !== from + offset || hole.leafHash.length !== 32) {
      throw new SegmentRefused('bad-segment', `index ${from + offset} is empty and no hole explains it`);
    }
    return heardHole(hole);
  });
  if (nextHole !== segment.holes.length) {
    throw new SegmentRefused('bad-segment', 'a hole is told for an index that has its entry');
  }
  return items;
}

/**
 * Checks a segment against the log as it stands (`range`). What overlaps the log's end is left out.
 * `keys` are the author's public log keys to try. Returns undefined when the segment brings nothing new.
 * Throws SegmentRefused.
 */
export function verifySegment(
  log: LogName,
  range: CompactRange,
  segment: Segment,
  keys: readonly Uint8Array[],
): VerifiedSegment | undefined {
  const from = safeSize(segment.from);
  if (from > range.size) {
    throw new SegmentRefused('gap', `the segment starts at ${from}, the log ends at ${range.size}`);
  }
  const items = segmentItems(segment).slice(range.size - from);
  if (items.length === 0) return undefined;
  const checkpoint = checkpointUnder(log, segment.checkpoint, keys);
  const hashed = hashRun(range, items);
  const end = { size: hashed.range.size, root: rootOf(hashed.range) };
  let ahead: readonly Uint8Array[] | undefined = segment.proof.map((hash) => new Uint8Array(hash));
  let base = end;
  if (segment.via !== undefined) {
    base = { size: safeSize(segment.via.size), root: segment.via.root };
    ahead = undefined;
    if (!verifyConsistency(end.size, base.size, end.root, base.root, segment.via.proof)) {
      throw new SegmentRefused(
        'bad-proof',
        `the entries up to ${end.size} do not lead to the relay's tree at ${base.size}`,
      );
    }
  }
  if (!verifyConsistency(base.size, checkpoint.size, base.root, checkpoint.root, segment.proof)) {
    throw new SegmentRefused(
      'bad-proof',
      `the entries up to ${end.size} do not lead to the author's checkpoint at ${checkpoint.size}`,
    );
  }
  return { from: range.size, items, hashed, note: checkpoint.note, checkpoint, ahead };
}

/** The checkpoint under the first key that fits. */
function checkpointUnder(log: LogName, bytes: Uint8Array, keys: readonly Uint8Array[]): SignedHead {
  try {
    return openAuthorNote(log, bytes, () => keys);
  } catch (error) {
    if (!(error instanceof BadCheckpoint)) throw error;
    throw new SegmentRefused('bad-proof', `the checkpoint is not its author's: ${error.message}`, error);
  }
}

/** True when every place of the run is an entry: what a registry demands. */
export function hasNoHoles(items: readonly LogItem[]): items is readonly Uint8Array[] {
  return !items.some(isHole);
}
