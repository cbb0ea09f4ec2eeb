// Checkpoints of an author beyond what is here: each is compared once the log gets there, and with every other
// of its size at once.

import type { TreeHead } from '../tlog/checkpoint.js';

/** The newest few tell as much as all. */
const MAX_NOTES = 4;

export class NotesAhead<Head extends TreeHead> {
  readonly #notes = new Map<number, Head>();

  /** Keeps the head; returns a kept one of the same size with another root: two trees, a fork. */
  add(head: Head): Head | undefined {
    const known = this.#notes.get(head.size);
    if (known !== undefined) return Buffer.compare(known.root, head.root) === 0 ? undefined : known;
    this.#notes.set(head.size, head);
    if (this.#notes.size > MAX_NOTES) this.#notes.delete(Math.min(...this.#notes.keys()));
    return undefined;
  }

  /** Takes out those up to the size. */
  reached(size: number): Head[] {
    const heads = [...this.#notes.values()].filter((head) => head.size <= size);
    for (const head of heads) this.#notes.delete(head.size);
    return heads;
  }
}
