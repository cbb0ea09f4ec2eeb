// Answers to many questions at once, told in the order of the questions, each as soon as it and those before
// it are there. At most so many wait at a time, counting those that the caller has not read: that is the
// back-pressure on whoever asks.

import type { ServerResponse } from 'node:http';

interface Slot {
  /** How many questions it answers. */
  readonly count: number;
  text: string | undefined;
}

/** The lines of one answer that streams. */
export class OrderedAnswers {
  readonly #response: ServerResponse;
  readonly #maxWaiting: number;
  /** In the order of the questions, from #head on. */
  #slots: Slot[] = [];
  #head = 0;
  #waiting = 0;
  #flushing = false;
  #isCallerSlow = false;
  #wake: (() => void) | undefined;

  constructor(response: ServerResponse, maxWaiting: number) {
    this.#response = response;
    this.#maxWaiting = maxWaiting;
    response.on('drain', () => {
      this.#isCallerSlow = false;
      this.#flush();
    });
    response.on('close', () => this.#wake?.());
  }

  /** False when so many more questions have to wait for `roomFor`. */
  hasRoomFor(count: number): boolean {
    return this.#waiting + count <= this.#maxWaiting || this.#response.destroyed;
  }

  /** Takes the answer to the next questions, lines with their ends; it must not reject. */
  add(count: number, answer: Promise<string>): void {
    const slot: Slot = { count, text: undefined };
    this.#slots.push(slot);
    this.#waiting += count;
    void answer.then((text) => {
      slot.text = text;
      if (this.#flushing) return;
      this.#flushing = true;
      // Answers come in groups, as the disk syncs: one write for a group.
      setImmediate(() => this.#flush());
    });
  }

  /** Resolves when there is room, or the caller has gone. */
  async roomFor(count: number): Promise<void> {
    while (!this.hasRoomFor(count)) await this.#change();
  }

  /** Resolves when everything has been told, or the caller has gone. */
  async told(): Promise<void> {
    while (this.#head < this.#slots.length && !this.#response.destroyed) await this.#change();
  }

  /** One waits at a time: the reader of the questions. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#isCallerSlow || this.#response.destroyed) return;
    let lines = '';
    for (let slot = this.#slots[this.#head]; slot?.text !== undefined; slot = this.#slots[++this.#head]) {
      lines += slot.text;
      this.#waiting -= slot.count;
    }
    if (lines === '') return;
    if (this.#head >= this.#maxWaiting || this.#head === this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    this.#isCallerSlow = !this.#response.write(lines);
    this.#wake?.();
  }
}
