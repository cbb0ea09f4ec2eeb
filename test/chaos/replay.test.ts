// Some histories in every run of the tests; thousands with `npm run -s chaos -- --histories N`.

import { describe, expect, it } from 'vitest';
import { liveThrough } from './history.js';

const SEEDS = Array.from({ length: 12 }, (_, at) => at + 1);

describe('a federation in the simulator', () => {
  it.each(SEEDS)('keeps its promises in history %i', async (seed) => {
    const { events, failures } = await liveThrough(seed);
    expect(failures).toEqual([]);
    expect(events).toBeGreaterThanOrEqual(200);
  });

  it('lives through the same history again from the same seed', async () => {
    expect(await liveThrough(2)).toEqual(await liveThrough(2));
  });
});
