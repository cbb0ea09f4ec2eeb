import { describe, expect, it } from 'vitest';
import { liveThrough } from './history.js';

/** The log stood still, a purge failed, a receipt was lost: by writes past a cut, and by a kill. */
const ONCE_BROKEN = [1300490, 1300705, 1502667, 1702544];

const PATIENCE_MS = 120_000;

describe('the simulator', () => {
  it(
    'lives through the same history again from the same seed',
    async () => {
      expect(await liveThrough(2)).toEqual(await liveThrough(2));
    },
    PATIENCE_MS,
  );

  it.each(ONCE_BROKEN)(
    'finds the promises kept that were broken in history %i',
    async (seed) => {
      expect((await liveThrough(seed)).failures).toEqual([]);
    },
    PATIENCE_MS,
  );
});
