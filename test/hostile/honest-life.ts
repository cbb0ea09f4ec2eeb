// What honest members notice of an attack: how long each entry takes from its publisher, through the hub, to another
// country; and how much memory the process holds.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { aMediaRecord, type Federation } from '../federation/federation.js';

const EVERY_MS = 50;

/** Times of performance.now(). */
export interface Journey {
  readonly from: number;
  readonly to: number;
}

export interface HonestLife {
  /** From the publishing of each entry until it was seen, in the order of seeing. */
  readonly journeys: readonly Journey[];
  /** Resolves when all that was published has been seen, and no more is. */
  stop(): Promise<void>;
}

/** `from` publishes an entry every 50 ms, and each is looked for at `to`. */
export function startHonestLife(federation: Federation, from: string, to: string): HonestLife {
  const journeys: Journey[] = [];
  const begun = new Map<number, number>();
  const seen = new Map<number, number>();
  let stopped = false;
  const { api } = federation.node(to);
  const reader = api.entries();
  let reading = Promise.resolve();
  const forget = api.onEntries(() => {
    reading = reading.then(async () => {
      const entries = await reader.read(100);
      for (const { member, index } of entries)
        if (member === from) match(index, seen.set(index, performance.now()));
    });
  });

  /** Whichever comes last: that the publisher knows the index, or that it is seen elsewhere. */
  function match(index: number, _told: unknown): void {
    const [start, end] = [begun.get(index), seen.get(index)];
    if (start === undefined || end === undefined) return;
    journeys.push({ from: start, to: end });
    begun.delete(index);
    seen.delete(index);
  }

  async function publish(): Promise<void> {
    const at = performance.now();
    const { index } = await federation.node(from).api.publish(aMediaRecord(), 0);
    match(index, begun.set(index, at));
  }

  const publishing: Promise<void>[] = [];
  const timer = setInterval(() => publishing.push(publish()), EVERY_MS);
  return {
    journeys,
    async stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      await Promise.all(publishing);
      while (begun.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      forget();
    },
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that live: JavaScript's heap and what it holds outside, after the rest was swept. */
export async function livingBytes(): Promise<number> {
  collect();
  // What is told of its end in a later turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return heldBytes();
}

export function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
