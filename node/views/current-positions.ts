// Where current records stand, by member and record id.

import type { Binary } from './binary.js';
import { getMany, type Reader, type ViewsDatabase } from './buffered-db.js';
import { currentInRuns } from './current-records.js';
import type { Position } from './position.js';
import { inRowsOrRuns, type Runs } from './runs.js';
import { SPACE } from './spaces.js';

/** The position for each key, which is a member number and a record id; undefined where no record is current. */
export async function currentPositions(
  db: ViewsDatabase,
  runs: Runs,
  keys: readonly Binary[],
): Promise<(Position | undefined)[]> {
  const reader: Reader = { getMany: (wanted) => getMany(db, wanted) };
  const rows = await reader.getMany(keys.map((key) => SPACE.version + key));
  const positions = await inRowsOrRuns(keys, rows, (withoutRow) =>
    currentInRuns(reader, withoutRow, (wanted) => runs.findCommitted(db, wanted)),
  );
  // An empty row: what stood in a run is gone.
  return positions.map((position) => (position === '' ? undefined : position));
}
