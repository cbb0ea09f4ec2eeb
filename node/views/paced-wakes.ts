// How often live entries wake the views: the first at once, those that follow it a few at a time. A step of the views
// costs nearly the same for one entry as for ten, and most of it is going to LevelDB's thread and back.

import type { Clock } from '../clock.js';

/** So long after a wake, what comes is gathered. Whoever waits for the views wakes them himself. */
const GATHER_MS = 100;

export interface PacedWakes {
  /** Something grew. */
  wake(): void;
  /** Wakes no more. */
  stop(): void;
}

export function pacedWakes(clock: Pick<Clock, 'after'>, wakeViews: () => void): PacedWakes {
  let gathering: (() => void) | undefined;
  let grew = false;

  function wake(): void {
    grew = false;
    wakeViews();
    gathering = clock.after(GATHER_MS, () => {
      gathering = undefined;
      if (grew) wake();
    });
  }

  return {
    wake() {
      grew = true;
      if (gathering === undefined) wake();
    },
    stop() {
      gathering?.();
    },
  };
}
