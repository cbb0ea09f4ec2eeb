// How fast the logs of others are taken. A publisher holds itself to its quota (publishing/quota.ts); one that does not
// is taken no faster than its quota all the same, by everybody, and nothing of it is lost: it waits at its author.
//
// What a log had when this node first heard of it is history, of however many days, and counts for nothing. After
// that each log has an allowance that grows with time and shrinks by what is taken.

import type { Clock } from '../clock.js';
import type { LogName } from '../names.js';

const DAY_MS = 86_400_000;
/** An honest publisher may use a day's quota in the evening and the next one after midnight. */
const FIRST_DAYS = 2;
/** Days that add up while nothing is taken: a node that was cut off for a week catches up at once. */
const MOST_DAYS = 7;

export interface QuotaPaceSurroundings {
  readonly clock: Clock;
  /** Entries and bytes a day; undefined for logs that have no quota here: our own, and the registry. */
  quotaOf(log: LogName): { readonly entries: number; readonly bytes: number } | undefined;
}

export interface QuotaPace {
  /** False while the log has to wait. */
  mayTake(log: LogName): boolean;
  /** The entries from index `from` on are about to be verified and written. */
  taking(log: LogName, from: number, entries: readonly Uint8Array[]): Taking;
}

/** Entries of which it is not known yet whether they are the log's. */
export interface Taking {
  /** They are on disk, under a checkpoint of so many. */
  took(signedSize: number): void;
  /** They are not, and count for nothing. */
  failed(): void;
}

/** What is left to take, each in days of the quota; below zero when more was taken than there was. */
interface Allowance {
  entries: number;
  bytes: number;
  atMs: number;
  /** Entries below are history, or have been counted. */
  counted: number;
  /** Of what is being verified and written, in days. */
  readonly underway: { entries: number; bytes: number };
}

export function createQuotaPace({ clock, quotaOf }: QuotaPaceSurroundings): QuotaPace {
  const allowances = new Map<LogName, Allowance>();

  function grow(allowance: Allowance): void {
    const now = clock.now();
    const days = Math.max(0, now - allowance.atMs) / DAY_MS;
    allowance.entries = Math.min(MOST_DAYS, allowance.entries + days);
    allowance.bytes = Math.min(MOST_DAYS, allowance.bytes + days);
    allowance.atMs = now;
  }

  /** What the entries use of the quota, but for those that were counted. */
  function useOf(log: LogName, from: number, entries: readonly Uint8Array[], counted: number) {
    const quota = quotaOf(log) ?? { entries: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
    const fresh = entries.slice(Math.max(0, counted - from));
    const bytes = fresh.reduce((sum, entry) => sum + entry.length, 0);
    return { entries: fresh.length / quota.entries, bytes: bytes / quota.bytes };
  }

  return {
    mayTake(log) {
      const allowance = allowances.get(log);
      if (allowance === undefined || quotaOf(log) === undefined) return true;
      grow(allowance);
      const { entries, bytes, underway } = allowance;
      return entries > underway.entries && bytes > underway.bytes;
    },
    taking(log, from, entries) {
      const known = allowances.get(log);
      const use = known === undefined ? { entries: 0, bytes: 0 } : useOf(log, from, entries, known.counted);
      let isOver = false;
      if (known !== undefined) {
        known.underway.entries += use.entries;
        known.underway.bytes += use.bytes;
      }
      const over = (): void => {
        if (isOver || known === undefined) return;
        isOver = true;
        known.underway.entries -= use.entries;
        known.underway.bytes -= use.bytes;
      };
      return {
        failed: over,
        took(signedSize) {
          over();
          const allowance = allowances.get(log);
          if (allowance === undefined) {
            const first = { entries: FIRST_DAYS, bytes: FIRST_DAYS, atMs: clock.now(), counted: signedSize };
            allowances.set(log, { ...first, underway: { entries: 0, bytes: 0 } });
            return;
          }
          grow(allowance);
          const used = useOf(log, from, entries, allowance.counted);
          allowance.counted = Math.max(allowance.counted, from + entries.length);
          allowance.entries -= used.entries;
          allowance.bytes -= used.bytes;
        },
      };
    },
  };
}
