// What a member may publish in a day, counted over restarts and crashes.

import { MemoryLevel } from 'memory-level';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../node/clock.js';
import type { LogName } from '../../node/names.js';
import { type DayCount, OverQuota, openDayCount } from '../../node/publishing/quota.js';

const NL = `icse/${'ab'.repeat(32)}/NL` as LogName;
const NL2 = `icse/${'ab'.repeat(32)}/NL.2` as LogName;
const ROOMY = { entries: 1000, bytes: 1_000_000 };
const DAY_MS = 86_400_000;

let database: MemoryLevel<string, string>;
let nowMs: number;
const clock = { ...systemClock, now: () => nowMs };
const fail = (error: Error): void => {
  throw error;
};

beforeEach(() => {
  database = new MemoryLevel<string, string>();
  nowMs = Date.UTC(2026, 0, 31, 12);
});

const open = (): Promise<DayCount> => openDayCount(database, clock, fail);

/** Publishes so many entries of 100 bytes at once, as an import does: they are on disk after all were taken. */
function publish(count: DayCount, entries: number, { size = 0, log = NL, quota = ROOMY } = {}): void {
  const taken = Array.from({ length: entries }, () => count.take(log, size, 100, quota));
  for (const [at, room] of taken.entries()) room.kept(size + at + 1);
}

/** How many more entries are taken. */
function roomLeft(count: DayCount, size: number, quota: typeof ROOMY): number {
  let room = 0;
  try {
    for (; room < 10_000; room++) count.take(NL, size, 100, quota);
  } catch (error) {
    expect(error).toBeInstanceOf(OverQuota);
  }
  return room;
}

describe('the quota of a day', () => {
  it('is used up with the reason and what to do, and is whole again on the next day', async () => {
    const count = await open();
    publish(count, 3, { quota: { entries: 3, bytes: 1000 } });
    expect(() => count.take(NL, 3, 100, { entries: 3, bytes: 1000 })).toThrow(
      'the quota of 3 entries a day is used up; the rest may follow tomorrow (UTC), or Lyon raises the quota (icse member amend)',
    );
    expect(() => count.take(NL, 3, 100, { entries: 4, bytes: 399 })).toThrow(
      'the quota of 399 bytes a day is used up',
    );
    nowMs += DAY_MS;
    expect(roomLeft(count, 3, { entries: 3, bytes: 1000 })).toBe(3);
  });

  it('goes on over a restart as it stood, in entries and in bytes', async () => {
    const before = await open();
    publish(before, 40);
    await before.close();
    expect(roomLeft(await open(), 40, { entries: 100, bytes: 1_000_000 })).toBe(60);
    expect(roomLeft(await open(), 40, { entries: 1000, bytes: 5000 })).toBe(10);
  });

  it('counts after a crash what the log holds and the count does not, and each entry once', async () => {
    const before = await open();
    publish(before, 1);
    publish(before, 39, { size: 1 });
    // Killed: the last write of the count was that of the first entry.
    expect(roomLeft(await open(), 40, { entries: 100, bytes: 1_000_000 })).toBe(60);
  });

  it('counts nothing for what is refused, so that a raised quota is whole', async () => {
    const before = await open();
    publish(before, 10);
    await before.close();
    const count = await open();
    for (let i = 0; i < 5; i++)
      expect(() => count.take(NL, 12, 100, { entries: 10, bytes: 1_000_000 })).toThrow(OverQuota);
    expect(roomLeft(count, 12, { entries: 20, bytes: 1_000_000 })).toBe(8);
  });

  it('gives back what was not written', async () => {
    const count = await open();
    for (let i = 0; i < 5; i++) count.take(NL, 0, 100, ROOMY).released();
    expect(roomLeft(count, 0, { entries: 5, bytes: 1_000_000 })).toBe(5);
  });

  it('is the same in the next log of the member', async () => {
    const count = await open();
    publish(count, 5);
    publish(count, 3, { log: NL2 });
    expect(() => count.take(NL2, 3, 100, { entries: 8, bytes: 1_000_000 })).toThrow(OverQuota);
  });
});
