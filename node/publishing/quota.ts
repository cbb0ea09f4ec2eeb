// What a member may publish in one UTC day. The count survives a restart: kept is how long the log was when
// the day began, and the bytes since.

import { type Clock, utcDay } from '../clock.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { TextDatabase } from '../store/text-database.js';

/** The day's quota is used up: code 'over-quota'. */
export class OverQuota extends Failure {
  constructor(what: string) {
    super(
      'over-quota',
      `${what}; the rest may follow tomorrow (UTC), or Lyon raises the quota (icse member amend)`,
    );
  }
}

export interface Quota {
  readonly entries: number;
  readonly bytes: number;
}

export interface DayCount {
  /** Counts one entry of so many bytes on the log, which now has `size` entries. Throws OverQuota and counts nothing. */
  take(log: LogName, size: number, bytes: number, quota: Quota): void;
}

interface Count {
  day: number;
  log: LogName | undefined;
  entries: number;
  /** Length of the log when the count was written last. */
  size: number;
  bytes: number;
}

const KEY = 'quota';
/** The count is written at most so often; the log itself tells how many entries a crash left uncounted. */
const WRITE_MS = 1000;

/** The count of one node's publishing, in a small database. */
export async function openDayCount(
  database: TextDatabase,
  clock: Clock,
  onError: (error: Error) => void,
): Promise<DayCount> {
  const stored = await database.get(KEY);
  const count: Count =
    stored === undefined ? { day: -1, log: undefined, entries: 0, size: 0, bytes: 0 } : JSON.parse(stored);
  let writtenAt = 0;

  return {
    take(log, size, bytes, quota) {
      const today = utcDay(clock.now());
      if (count.day !== today || count.log !== log)
        Object.assign(count, { day: today, log, entries: 0, size, bytes: 0 });
      // Entries that were appended after the count was last written.
      if (size > count.size && writtenAt === 0) count.entries += size - count.size;
      if (count.entries + 1 > quota.entries) {
        throw new OverQuota(`the quota of ${quota.entries} entries a day is used up`);
      }
      if (count.bytes + bytes > quota.bytes)
        throw new OverQuota(`the quota of ${quota.bytes} bytes a day is used up`);
      count.entries += 1;
      count.bytes += bytes;
      count.size = size;
      const now = clock.now();
      if (now - writtenAt < WRITE_MS) return;
      writtenAt = now;
      database.put(KEY, JSON.stringify(count)).catch(onError);
    },
  };
}
