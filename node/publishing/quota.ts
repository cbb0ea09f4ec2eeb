// What a member may publish in one UTC day. Entries are reserved before they are written and counted when they
// are on disk. The count survives a restart: kept is how long the log was when it was written, so the log itself
// tells how many entries a crash left uncounted (their bytes, of a second at most, are not counted).

import { type Clock, utcDay } from '../clock.js';
import { Failure } from '../failure.js';
import type { Logs } from '../log/logs.js';
import type { LogName, MemberCode } from '../names.js';
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

/** Room for one entry, until it is known what became of it. */
export interface Reservation {
  /** It is on disk, in a log that now has at least `size` entries. */
  kept(size: number): void;
  /** It was not written: the room is free again. */
  released(): void;
}

export interface DayCount {
  /**
   * Reserves room for one entry of so many bytes on the log, which has `size` entries on disk. Throws OverQuota
   * and reserves nothing.
   */
  take(log: LogName, size: number, bytes: number, quota: Quota): Reservation;
  /** Writes the count as it is; resolves when it is on disk. */
  close(): Promise<void>;
}

interface Count {
  day: number;
  log: LogName | undefined;
  /** On disk, of this day. */
  entries: number;
  bytes: number;
  /** Length of the log that the count covers. */
  size: number;
}

const KEY = 'quota';
/** The count is written at most so often. */
const WRITE_MS = 1000;

/** The count of one node's publishing, in a small database. */
export async function openDayCount(
  database: TextDatabase,
  clock: Clock,
  onError: (error: Error) => void,
): Promise<DayCount> {
  const stored = await database.get(KEY);
  const count: Count =
    stored === undefined ? { day: -1, log: undefined, entries: 0, bytes: 0, size: 0 } : JSON.parse(stored);
  /** Reserved and not yet on disk. */
  const underway = { entries: 0, bytes: 0 };
  let isCaughtUp = false;
  let writtenAt = Number.NEGATIVE_INFINITY;

  /** Brings the count to this day and log; a log that follows another goes on with what the day has used. */
  function bringUp(log: LogName, size: number): void {
    const today = utcDay(clock.now());
    if (count.day !== today) Object.assign(count, { day: today, log, entries: 0, bytes: 0, size });
    else if (count.log !== log) Object.assign(count, { log, size });
    // What a crash left uncounted. Later the count itself follows the log.
    else if (!isCaughtUp && size > count.size)
      Object.assign(count, { entries: count.entries + size - count.size, size });
    isCaughtUp = true;
  }

  function write(): Promise<void> {
    writtenAt = clock.now();
    return database.put(KEY, JSON.stringify(count));
  }

  return {
    take(log, size, bytes, quota) {
      bringUp(log, size);
      if (count.entries + underway.entries + 1 > quota.entries) {
        throw new OverQuota(`the quota of ${quota.entries} entries a day is used up`);
      }
      if (count.bytes + underway.bytes + bytes > quota.bytes)
        throw new OverQuota(`the quota of ${quota.bytes} bytes a day is used up`);
      underway.entries += 1;
      underway.bytes += bytes;
      const released = (): void => {
        underway.entries -= 1;
        underway.bytes -= bytes;
      };
      return {
        released,
        kept(sizeNow) {
          released();
          count.entries += 1;
          count.bytes += bytes;
          if (count.log === log) count.size = Math.max(count.size, sizeNow);
          if (clock.now() - writtenAt >= WRITE_MS) write().catch(onError);
        },
      };
    },
    async close() {
      if (isCaughtUp) await write();
    },
  };
}

/** What the registry lets us publish in a day; nothing while it does not name us. */
export function quotaOf({ logs, me }: { readonly logs: Logs; readonly me: MemberCode }): Quota {
  return logs.registry.state.members.get(me)?.quota ?? { entries: 0, bytes: 0 };
}
