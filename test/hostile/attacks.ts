// What each attack costs: how long an honest entry took at the most that was under way meanwhile, and how much more
// memory the process held.

import { expect } from 'vitest';
import { type HonestLife, heldBytes } from './honest-life.js';
import { howBusy } from './machine-busy.js';
import type { MachineStalls } from './machine-stalls.js';

/** What any attack may make the process hold: the queues of both sides, what waits in HTTP/2, crowds, garbage. */
const MOST_HELD_BYTES = 128 * 1024 * 1024;
const LOOK_MS = 5;

export interface Attack {
  readonly name: string;
  /** The longest that an honest entry took, less what the machine itself stood still. */
  readonly longestMs: number;
  readonly line: string;
}

export interface Attacks {
  /** Runs an attack, which says what became of it; the process holds less than `mostHeldBytes` more meanwhile. */
  run(name: string, attack: () => Promise<string>, mostHeldBytes?: number): Promise<void>;
  /** All that were run, once the honest life and the watch of the machine have stopped. */
  all(): readonly Attack[];
}

export function watchAttacks(life: HonestLife, machine: MachineStalls): Attacks {
  const past: { name: string; from: number; to: number; seen: string; grownBytes: number }[] = [];
  return {
    async run(name, attack, mostHeldBytes = MOST_HELD_BYTES) {
      howBusy();
      const from = performance.now();
      const floor = heldBytes();
      let peak = floor;
      const looking = setInterval(() => {
        peak = Math.max(peak, heldBytes());
      }, LOOK_MS);
      let seen: string;
      try {
        seen = await attack();
      } finally {
        clearInterval(looking);
      }
      howBusy();
      const grownBytes = Math.max(peak, heldBytes()) - floor;
      past.push({ name, from, to: performance.now(), seen, grownBytes });
      expect(grownBytes, `bytes held more by ${name}`).toBeLessThan(mostHeldBytes);
    },
    all: () =>
      past.map(({ name, from, to, seen, grownBytes }) => {
        const waits = life.journeys
          .filter((journey) => journey.from < to && journey.to > from)
          .map((journey) => journey.to - journey.from - machine.within(journey.from, journey.to));
        const longestMs = Math.round(Math.max(0, ...waits));
        const line =
          `${name}: ${seen}; ${Math.round(to - from)} ms, ${waits.length} entries under way, ` +
          `the slowest took ${longestMs} ms; ${Math.round(grownBytes / 1024 / 1024)} MiB more were held`;
        return { name, longestMs, line };
      }),
  };
}
