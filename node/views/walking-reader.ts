// Reads for walks over what is connected, which ask hundreds of times for a few keys: on this thread, where a key costs five
// microseconds and not the hundred of the way to LevelDB's thread and back. Every so many keys everything else has its
// turn, so that a long walk holds nobody up.

import { setImmediate } from 'node:timers/promises';
import type { Gate } from '../store/gate.js';
import { getManyOrFew, type Reader, type ViewsDatabase } from './buffered-db.js';

/** Some two milliseconds of reading, and of what is done with it. */
const KEYS_IN_A_TURN = 256;

/** Reads as committed. */
export function walkingReader(db: ViewsDatabase, gate: Pick<Gate, 'use'>): Reader {
  let keysRead = 0;
  return {
    async getMany(keys) {
      if (keysRead >= KEYS_IN_A_TURN) {
        keysRead = 0;
        await setImmediate();
      }
      keysRead += keys.length;
      return await gate.use(() => getManyOrFew(db, keys));
    },
  };
}
