// Histories in every run of the tests, fifty a file so that files share the processors; thousands with
// `npm run -s chaos -- --histories N`.

import { describe, expect, it } from 'vitest';
import { liveThrough } from './history.js';

const COUNT = 50;
/** One takes a second or two of a processor, which it shares with all other tests. */
const PATIENCE_MS = 120_000;

/** The promises are kept in the histories of fifty seeds, from `first` on. */
export function fiftyHistoriesFrom(first: number): void {
  describe('a federation in the simulator', () => {
    it.each(Array.from({ length: COUNT }, (_, at) => first + at))(
      'keeps its promises in history %i',
      async (seed) => {
        const { events, failures } = await liveThrough(seed);
        expect(failures).toEqual([]);
        expect(events).toBeGreaterThanOrEqual(200);
      },
      PATIENCE_MS,
    );
  });
}
