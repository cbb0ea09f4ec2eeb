// Entries that count no longer, because they were taken back or their last day is over, and whose bytes may still be
// here: what is to be purged. A row stands until nothing of the entry is left, so a purge that was cut short is begun
// again.
//
//   z <position>  -> nothing

import type { BufferedDb } from './buffered-db.js';
import type { Position } from './position.js';
import { SPACE } from './spaces.js';

/** The entry at the position is not live, or no longer. */
export function noteDead(db: BufferedDb, position: Position): void {
  db.put(SPACE.dead + position, '');
}

/** The entry is live again, or nothing of it is left. */
export function noteAlive(db: BufferedDb, position: Position): void {
  db.delete(SPACE.dead + position);
}
