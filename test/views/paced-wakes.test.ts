import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../node/clock.js';
import { type PacedWakes, pacedWakes } from '../../node/views/paced-wakes.js';

let wakes: number;
/** What the clock is to call next. */
let due: (() => void) | undefined;
let paced: PacedWakes;

const clock: Pick<Clock, 'after'> = {
  after(_ms, act) {
    due = act;
    return () => {
      due = undefined;
    };
  },
};

function timeGoesOn(): void {
  const act = due;
  due = undefined;
  act?.();
}

beforeEach(() => {
  wakes = 0;
  due = undefined;
  paced = pacedWakes(clock, () => {
    wakes += 1;
  });
});

describe('live entries wake the views', () => {
  it('at once when it was quiet, and then those that came meanwhile together', () => {
    paced.wake();
    expect(wakes).toBe(1);
    for (let entry = 0; entry < 9; entry++) paced.wake();
    expect(wakes).toBe(1);
    timeGoesOn();
    expect(wakes).toBe(2);
  });

  it('at once again after a while in which nothing came', () => {
    paced.wake();
    timeGoesOn();
    expect(wakes).toBe(1);
    expect(due).toBeUndefined();
    paced.wake();
    expect(wakes).toBe(2);
  });

  it('no more once it is stopped', () => {
    paced.wake();
    paced.wake();
    paced.stop();
    timeGoesOn();
    expect(wakes).toBe(1);
  });
});
