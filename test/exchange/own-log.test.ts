import { describe, expect, it } from 'vitest';
import { guardOwnLogs } from '../../node/exchange/own-log.js';
import { type LogName, LYON, logName, parseFederationId, parseMemberCode } from '../../node/names.js';

const FEDERATION = parseFederationId('ab'.repeat(32));
const NL = parseMemberCode('NL');
const FIRST = logName(FEDERATION, NL);
const SECOND = logName(FEDERATION, NL, 2);

/** The check of a node that has its logs at these sizes. */
function aGuard(sizes: Map<LogName, number>, signed?: { log: LogName; size: number; signed: number }) {
  return guardOwnLogs({ now: () => 0, sizes: () => sizes, signedBeyond: () => signed, others: () => [LYON] });
}

/** The check of a node that has 3 entries, on a clock that the test sets, with two that could tell of more. */
function aGuardInTime() {
  const clock = { now: 0 };
  const sizes = new Map([[FIRST, 3]]);
  const guard = guardOwnLogs({
    now: () => clock.now,
    sizes: () => sizes,
    signedBeyond: () => undefined,
    others: () => [LYON, NL],
  });
  return { guard, clock, sizes };
}

describe('the check of our own logs', () => {
  it('lets a node publish once Lyon has told that it holds no more', () => {
    const guard = aGuard(new Map([[FIRST, 3]]));
    expect(guard.ready()).toBe(false);
    guard.answered(LYON, new Map([[FIRST, 3]]));
    expect(guard.ready()).toBe(true);
  });

  it('stops publishing when Lyon shows more of our log than we have', () => {
    const guard = aGuard(new Map([[FIRST, 3]]));
    guard.answered(LYON, new Map([[FIRST, 3]]));
    guard.answered(LYON, new Map([[FIRST, 4]]));
    expect(guard.ready()).toBe(false);
    expect(guard.why()).toContain('LYON has our log NL up to 4');
  });

  it('waits longer for those who answer late when its disk was set back', () => {
    const { guard, clock, sizes } = aGuardInTime();
    guard.answered(LYON, new Map([[FIRST, 5]]));
    sizes.set(FIRST, 5);
    clock.now = 29_000;
    guard.look();
    expect([guard.ready(), guard.recovering()]).toEqual([false, true]);
    guard.answered(NL, new Map([[FIRST, 7]]));
    expect(guard.why()).toBe('fetching our own log NL up to 7, which NL has');
    sizes.set(FIRST, 7);
    guard.look();
    expect(guard.ready()).toBe(true);
  });

  it('waits for what somebody says and cannot be told to be so, but not for good', () => {
    const { guard, clock } = aGuardInTime();
    guard.claimed(NL);
    guard.answered(LYON, new Map([[FIRST, 3]]));
    for (const [now, ready] of [
      [0, false],
      [4000, false],
      [5000, true],
    ] as const) {
      clock.now = now;
      guard.claimed(NL);
      guard.look();
      expect(guard.ready(), `after ${now} ms`).toBe(ready);
    }
  });

  it('does not publish behind its own signature when nobody has what lies between', () => {
    const guard = aGuard(new Map([[FIRST, 3]]), { log: FIRST, size: 3, signed: 9 });
    guard.answered(LYON, new Map([[FIRST, 3]]));
    expect(guard.ready()).toBe(false);
    expect(guard.why()).toContain('our log NL is signed up to 9 and nobody who answers has more than 3');
  });

  it('takes no alarm from logs that a registry begun anew has not named yet', () => {
    const sizes = new Map([[FIRST, 19]]);
    const guard = aGuard(sizes);
    guard.answered(LYON, new Map([[FIRST, 19]]));
    expect(guard.ready()).toBe(true);
    sizes.clear();
    guard.answered(LYON, new Map([[FIRST, 19]]));
    sizes.set(FIRST, 19).set(SECOND, 0);
    guard.answered(LYON, new Map([[SECOND, 0]]));
    expect(guard.why()).toBe('');
    expect(guard.ready()).toBe(true);
  });
});
