// Time, passed in: the system's in a node, a virtual one in a simulation.

export interface Clock {
  /** UTC milliseconds since 1970. */
  now(): number;
  /** Calls once after so many milliseconds; returns how to cancel. */
  after(ms: number, act: () => void): () => void;
  /** Calls every so many milliseconds; returns how to stop. */
  every(ms: number, act: () => void): () => void;
}

/** The machine's clock; its timers alone keep no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(ms, act) {
    const timer = setInterval(act, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

const DAY_SECONDS = 86_400;

/** The UTC day of a time in milliseconds, in days since 1970-01-01. */
export function utcDay(ms: number): number {
  return Math.floor(ms / 1000 / DAY_SECONDS);
}

/** Resolves after so many milliseconds, or as soon as one of the signals aborts. */
export function pause(clock: Clock, ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some(({ aborted }) => aborted)) return resolve();
    const done = (): void => {
      cancel();
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    // One by one: Node.js keeps what AbortSignal.any makes for as long as nothing aborts.
    for (const signal of signals) signal.addEventListener('abort', done);
  });
}
