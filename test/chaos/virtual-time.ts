// Virtual time: a queue of what is due, and nothing else moves the clock. After each event everything that it set
// in motion runs out (promises are deterministic; a turn of setImmediate lets them all settle) before the next.
// Each node has a clock of its own on top, which may be wrong, and which dies with its node.

import type { Clock } from '../../node/clock.js';

/** Where every history begins: an hour before a UTC midnight, so that days pass in some. */
const START_MS = Date.UTC(2026, 2, 14, 23, 0);

interface Due {
  at: number;
  readonly order: number;
  act: (() => void) | undefined;
}

export class VirtualTime {
  #now = START_MS;
  #order = 0;
  #busy = 0;
  readonly #heap: Due[] = [];

  now(): number {
    return this.#now;
  }

  /** Calls once after so much virtual time; returns how to cancel. */
  after(ms: number, act: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, act };
    this.#push(due);
    return () => {
      due.act = undefined;
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** So much time passes in which nothing happens, as while machines sleep: what is due is as far off as before. */
  leap(ms: number): void {
    this.#now += ms;
    for (const due of this.#heap) due.at += ms;
  }

  /** Lets all that is due within so much time happen, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#settle();
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.act === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.act();
      await this.#settle();
    }
    this.#now = until;
  }

  /** Nothing else is due before the work is done: it takes many turns of the event loop, and no time. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
    }
  }

  /** Resolves when no promise is left that could go on by itself. */
  async #settle(): Promise<void> {
    do await turn();
    while (this.#busy > 0);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(due, heap[above] as Due)) break;
      heap[at] = heap[above] as Due;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Due, heap[below] as Due)) below++;
      if (!isBefore(heap[below] as Due, last)) break;
      heap[at] = heap[below] as Due;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The clock of one start of a node. */
export interface NodeClock extends Clock {
  /** Timers that are running: a leak shows here. */
  timers(): number;
  /** Nothing that waits here will ever happen. */
  stop(): void;
}

/** `skewMs` is asked at each look: how wrong the node's clock is now. */
export function nodeClock(time: VirtualTime, skewMs: () => number): NodeClock {
  const running = new Set<() => void>();
  let stopped = false;

  function start(ms: number, act: () => void, again: boolean): () => void {
    if (stopped) return () => {};
    let cancel = (): void => {};
    const stop = (): void => {
      cancel();
      running.delete(stop);
    };
    const arm = (): void => {
      cancel = time.after(ms, () => {
        if (again) arm();
        else running.delete(stop);
        act();
      });
    };
    arm();
    running.add(stop);
    return stop;
  }

  return {
    now: () => Math.floor(time.now()) + skewMs(),
    after: (ms, act) => start(ms, act, false),
    every: (ms, act) => start(ms, act, true),
    timers: () => running.size,
    stop() {
      stopped = true;
      for (const cancel of [...running]) cancel();
    },
  };
}
