import { describe, expect, it } from 'vitest';
import { liveThrough } from './history.js';

/** A write past a suspended member's cut took with it what came from others meanwhile: the log stood still, a purge failed. */
const ONCE_BROKEN = [1300490, 1300705, 1502667];

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
