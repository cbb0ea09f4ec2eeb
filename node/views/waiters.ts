// Those who wait until the views have applied what was there when they asked.

import type { LogName } from '../names.js';
import type { LogTable } from './log-table.js';
import type { SourceLog } from './source.js';

interface Waiter {
  readonly targets: ReadonlyMap<LogName, number>;
  readonly requests: number;
  readonly day: number;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** How far the views are, as committed. */
export interface Progress {
  readonly logs: LogTable;
  readonly listed: readonly SourceLog[];
  /** How many calls to look at holes or to drop have been carried out. */
  readonly requests: number;
  readonly day: number;
}

export class Waiters {
  /** One for each call of `settled` under way. */
  #waiting: Waiter[] = [];

  get none(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when the logs are applied as far as they are listed here, for this day, with these requests done. */
  wait(listed: readonly SourceLog[], requests: number, day: number): Promise<void> {
    const targets = new Map(listed.map(({ log, countedTo }) => [log, countedTo]));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ targets, requests, day, resolve, reject });
    });
  }

  /** Lets go those who have what they wait for. */
  release(readProgress: () => Progress): void {
    if (this.#waiting.length === 0) return;
    const progress = readProgress();
    const still: Waiter[] = [];
    for (const waiter of this.#waiting) {
      if (hasAll(waiter, progress)) waiter.resolve();
      else still.push(waiter);
    }
    this.#waiting = still;
  }

  /** Tells all that it failed. */
  fail(reason: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}

function hasAll(waiter: Waiter, { logs, listed, requests, day }: Progress): boolean {
  if (day < waiter.day || requests < waiter.requests) return false;
  const countedTo = new Map(listed.map((log) => [log.log, log.countedTo]));
  // A log that is cut or no longer listed is waited for until it is taken back so far.
  if (
    logs.all().some(({ name, cursor, committed }) => Math.max(cursor, committed) > (countedTo.get(name) ?? 0))
  )
    return false;
  for (const [log, target] of waiter.targets) {
    if ((logs.get(log)?.committed ?? 0) < Math.min(target, countedTo.get(log) ?? 0)) return false;
  }
  return true;
}
