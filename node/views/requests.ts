// What the follower was asked to do besides following: look again at holes that may have been filled, or drop
// everything. Counted, so that those who wait know when what they asked for is done.

import type { FilledRange } from './following.js';
import { ALL_HOLES, type HoleRange } from './jobs.js';
import type { LogTable } from './log-table.js';
import { positionOf } from './position.js';

/** Beyond this many places to look for filled holes, all holes are looked at: the list must stay short. */
const MAX_HOLE_RANGES = 1024;

export class Requests {
  #holes: HoleRange[] = [];
  #drop = false;
  #asked = 0;

  /** How many requests there were so far. */
  get asked(): number {
    return this.#asked;
  }

  get dropAsked(): boolean {
    return this.#drop;
  }

  /** True when all that was asked for is at least in the batch that is being made. */
  get none(): boolean {
    return this.#holes.length === 0 && !this.#drop;
  }

  lookAt(filled: readonly FilledRange[], logs: LogTable): void {
    if (filled.length === 0) return;
    this.#asked += 1;
    for (const { log, from, to } of filled) {
      const number = logs.get(log)?.number;
      // A log without a number may be in the batch that is being made, with the holes as they were.
      this.#holes.push(
        number === undefined ? ALL_HOLES : { from: positionOf(number, from), to: positionOf(number, to) },
      );
    }
    if (this.#holes.length > MAX_HOLE_RANGES) this.lookAtAll();
  }

  lookAtAll(): void {
    this.#holes = [ALL_HOLES];
  }

  dropAll(): void {
    this.#asked += 1;
    this.#drop = true;
  }

  /** Everything was dropped, holes included. */
  dropped(): void {
    this.#drop = false;
    this.#holes = [];
  }

  /** The next places to look at, which are no longer asked for. */
  takeHoles(): HoleRange | undefined {
    return this.#holes.shift();
  }

  /** What is left of the places taken last. */
  putBack(rest: HoleRange | undefined): void {
    if (rest !== undefined) this.#holes.unshift(rest);
  }
}
