// When a node purges: once after it has started, when it has heard what it missed while it was away, then daily, and
// when it is told to. What waits for clocks that agree is tried again sooner.

import type { Clock } from '../clock.js';
import { Failure } from '../failure.js';
import { type Purged, type PurgeSurroundings, purge } from './purge.js';

const LOOK_MS = 60_000;
/** Less than a day, so that nothing stays longer than one. */
const EVERY_MS = 23 * 3_600_000;
const AGAIN_MS = 10 * 60_000;

export interface PurgeReport extends Purged {
  readonly seconds: number;
}

export interface PurgerSurroundings extends Omit<PurgeSurroundings, 'signal'> {
  readonly clock: Clock;
  /** A purge has come to its end. */
  onPurged(report: PurgeReport): void;
  /** One that nobody asked for has failed; it is tried again. */
  failed(error: unknown): void;
}

/** The node stops: code 'purge-stopped'. What is left is purged when it next starts. */
export class PurgeStopped extends Failure {
  constructor() {
    super('purge-stopped', 'the node stops; what is left is purged when it starts again');
  }
}

export interface Purger {
  /** Purges what is due now, after a purge that is under way. Throws as `purge` does. */
  purgeNow(): Promise<PurgeReport>;
  /** A connection that was off has caught up: what was taken back meanwhile is due, at once or within a minute. */
  returned(): void;
  /** Resolves when no purge is under way, and none will be. */
  close(): Promise<void>;
}

export function startPurger(around: PurgerSurroundings): Purger {
  const { clock } = around;
  const closing = new AbortController();
  let queue: Promise<unknown> = Promise.resolve();
  let nextAt = 0;
  /** When what came after a return is due, and the soonest that it may be: connections come and go. */
  let returnAt = Number.POSITIVE_INFINITY;
  let soonest = 0;
  let isLooking = false;

  async function once(): Promise<PurgeReport> {
    // Tried again soon, should it fail.
    nextAt = clock.now() + AGAIN_MS;
    const begun = clock.now();
    const purged = await purge({ ...around, signal: closing.signal });
    if (purged.waiting === 0) nextAt = clock.now() + EVERY_MS;
    const report = { ...purged, seconds: (clock.now() - begun) / 1000 };
    around.onPurged(report);
    return report;
  }

  function enqueue(): Promise<PurgeReport> {
    const purged = queue.then(once);
    queue = purged.catch(() => {});
    return purged;
  }

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      while (!closing.signal.aborted && clock.now() >= Math.min(nextAt, returnAt)) {
        if (clock.now() >= returnAt) {
          returnAt = Number.POSITIVE_INFINITY;
          soonest = clock.now() + LOOK_MS;
        }
        await enqueue();
      }
    } catch (error) {
      if (!closing.signal.aborted) around.failed(error);
    } finally {
      isLooking = false;
    }
  }

  const stop = clock.every(LOOK_MS, () => void look());
  void look();
  return {
    purgeNow: enqueue,
    returned() {
      returnAt = Math.min(returnAt, Math.max(clock.now(), soonest));
      void look();
    },
    async close() {
      closing.abort(new PurgeStopped());
      stop();
      await queue;
    },
  };
}
