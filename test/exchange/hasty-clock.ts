// The machine's clock with a lever: `advance` makes so much time pass at once, and whatever was due in it happens.

import type { Clock } from '../../node/clock.js';

export interface HastyClock extends Clock {
  advance(ms: number): void;
}

interface Timer {
  due: number;
  readonly everyMs: number | undefined;
  readonly act: () => void;
}

export function hastyClock(): HastyClock {
  let ahead = 0;
  const timers = new Set<Timer>();
  const now = (): number => Date.now() + ahead;

  function start(ms: number, everyMs: number | undefined, act: () => void): () => void {
    const timer: Timer = { due: now() + ms, everyMs, act };
    timers.add(timer);
    return () => timers.delete(timer);
  }

  function fire(): void {
    for (const timer of [...timers]) {
      if (timer.due > now() || !timers.has(timer)) continue;
      if (timer.everyMs === undefined) timers.delete(timer);
      else timer.due = now() + timer.everyMs;
      timer.act();
    }
  }

  setInterval(fire, 10).unref();
  return {
    now,
    after: (ms, act) => start(ms, undefined, act),
    every: (ms, act) => start(ms, ms, act),
    advance(ms) {
      ahead += ms;
      fire();
    },
  };
}
