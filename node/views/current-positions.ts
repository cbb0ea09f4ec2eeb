// Where current records stand, by member and record id. Most of those asked for are records about to be published,
// which nobody has yet: that shows in memory.

import { toBinary } from './binary.js';
import { getMany, type Reader, type ViewsDatabase } from './buffered-db.js';
import { currentInRuns } from './current-records.js';
import type { MemberNumber, Position } from './position.js';
import { inRowsOrRuns } from './runs.js';
import type { ShortIndex } from './short-index.js';
import { SPACE } from './spaces.js';

/** The positions of the member's records by their ids; undefined where no record is current. */
export async function currentPositions(
  db: ViewsDatabase,
  index: ShortIndex,
  member: MemberNumber,
  recordIds: readonly Uint8Array[],
): Promise<(Position | undefined)[]> {
  const found = new Array<Position | undefined>(recordIds.length).fill(undefined);
  const places = [...recordIds.keys()].filter((at) =>
    index.mayHaveRecord(member, recordIds[at] as Uint8Array),
  );
  if (places.length === 0) return found;
  const keys = places.map((at) => member + toBinary(recordIds[at] as Uint8Array));
  const reader: Reader = { getMany: (wanted) => getMany(db, wanted) };
  const rows = await reader.getMany(keys.map((key) => SPACE.version + key));
  const positions = await inRowsOrRuns(keys, rows, (withoutRow) =>
    currentInRuns(reader, withoutRow, (wanted) => index.runs.findCommitted(reader, wanted)),
  );
  for (const [i, at] of places.entries()) {
    // An empty row: what stood in a run is gone.
    if (positions[i] !== '') found[at] = positions[i];
  }
  return found;
}
