// The sorting that following long logs takes: of the entries of a step, and of sorted runs that become one. It needs
// nothing of the node but bytes, and rows that nobody else touches, so it can be done on a thread of its own
// (bulk-thread.ts).

import type { ViewsDatabase } from './buffered-db.js';
import { type MergedRun, type MergeTask, mergeRuns } from './run-merge.js';
import { type SortedOut, type Stretch, sortOut } from './sort-out.js';

export interface BulkSorter {
  /** The stretch must not be used afterwards. */
  sort(stretch: Stretch, filters: readonly Uint8Array[]): Promise<SortedOut>;
  /** Writes the blocks of the merged run, beside whatever else is sorted. The database must not be closed meanwhile. */
  merge(database: ViewsDatabase, task: MergeTask): Promise<MergedRun>;
}

/** On the thread of whoever asks. */
export const SORTER_HERE: BulkSorter = {
  sort: async (stretch, filters) => sortOut(stretch, filters),
  merge: mergeRuns,
};
