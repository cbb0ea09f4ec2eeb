import { describe, expect, it } from 'vitest';
import { clocksAgree } from '../../node/exchange/clocks.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const NOW = 1_800_000_000_000;

/** A hello of so long ago from a clock so far ahead. */
const hello = (agoMs: number, skewMs: number) => ({ since: NOW - agoMs, skewMs });

describe('the clock of a node', () => {
  it('agrees with those of its peers when more than half of them are within five minutes', () => {
    const right = hello(MINUTE_MS, 4 * MINUTE_MS);
    const wrong = hello(MINUTE_MS, -6 * MINUTE_MS);
    expect(clocksAgree([right], NOW)).toBe(true);
    expect(clocksAgree([wrong], NOW)).toBe(false);
    expect(clocksAgree([right, wrong], NOW)).toBe(false);
    expect(clocksAgree([right, right, wrong], NOW)).toBe(true);
  });

  it('agrees with nobody when there is nobody', () => {
    expect(clocksAgree([], NOW)).toBe(false);
  });

  it('is not vouched for by a hello from before it was set, by more than a day or back', () => {
    expect(clocksAgree([hello(DAY_MS - 1, 0)], NOW)).toBe(true);
    expect(clocksAgree([hello(DAY_MS, 0)], NOW)).toBe(false);
    expect(clocksAgree([hello(-MINUTE_MS, 0)], NOW)).toBe(false);
  });
});
