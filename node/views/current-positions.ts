// Where current records stand, by member and record id. Those asked for in one turn of the event loop are read
// together: an import asks for thousands at once.

import type { Binary } from './binary.js';
import { getMany, type Reader, type ViewsDatabase } from './buffered-db.js';
import { currentInRuns } from './current-records.js';
import type { Position } from './position.js';
import { inRowsOrRuns, type Runs } from './runs.js';
import { SPACE } from './spaces.js';

interface Asked {
  /** Member number and record id. */
  readonly key: Binary;
  resolve(position: Position | undefined): void;
  reject(error: unknown): void;
}

/** `runs` are those of the database at each time. */
export function createVersionReader(
  db: ViewsDatabase,
  runs: () => Runs,
): (key: Binary) => Promise<Position | undefined> {
  const reader: Reader = { getMany: (keys) => getMany(db, keys) };
  let asked: Asked[] = [];

  async function answer(): Promise<void> {
    const together = asked;
    asked = [];
    const keys = together.map(({ key }) => key);
    try {
      const rows = await reader.getMany(keys.map((key) => SPACE.version + key));
      const positions = await inRowsOrRuns(keys, rows, (withoutRow) =>
        currentInRuns(reader, withoutRow, (wanted) => runs().findCommitted(db, wanted)),
      );
      for (const [i, { resolve }] of together.entries()) {
        const position = positions[i];
        // An empty row: what stood in a run is gone.
        resolve(position === '' ? undefined : position);
      }
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (asked.push({ key, resolve, reject }) === 1) setImmediate(() => void answer());
    });
}
