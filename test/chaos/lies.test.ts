// Histories in which somebody lies; the kind of lie is drawn from the seed.

import { describe, expect, it } from 'vitest';
import { liveThrough } from './history.js';

const TALES = [
  [2000, 'lying hub'],
  [2011, 'lying hub'],
  [2015, 'lying member'],
  [2014, 'lying member'],
  [2005, 'copied home'],
  [2021, 'copied home'],
  [2006, 'forked log'],
  [2023, 'forked log'],
  [2013, 'two registries'],
  [2029, 'two registries'],
] as const;

describe('a federation with a liar in it', () => {
  it.each(TALES)('keeps its promises in history %i: %s', async (seed, name) => {
    const { tale, lies, failures } = await liveThrough(seed);
    expect(tale).toBe(name);
    expect(failures).toEqual([]);
    expect(lies).not.toEqual({});
    for (const { told, caught } of Object.values(lies)) expect(caught).toBe(told);
  });
});
