// Answers to many questions at once, told in the order of the questions, each as soon as it and those before
// it are there. At most so many wait at a time, counting those that the caller has not read: that is the
// back-pressure on whoever asks.

import type { ServerResponse } from 'node:http';

interface Slot {
  text: string | undefined;
}

/** The lines of one answer that streams. */
export class OrderedAnswers {
  readonly #response: ServerResponse;
  readonly #maxWaiting: number;
  /** In the order of the questions, from #head on. */
  #slots: Slot[] = [];
  #head = 0;
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

  /** True when the next question has to wait for `room`. */
  get isFull(): boolean {
    return this.#slots.length - this.#head >= this.#maxWaiting && !this.#response.destroyed;
  }

  /** Takes the next answer, a line with its end; it must not reject. */
  add(answer: Promise<string>): void {
    const slot: Slot = { text: undefined };
    this.#slots.push(slot);
    void answer.then((text) => {
      slot.text = text;
      if (this.#flushing) return;
      this.#flushing = true;
      // Answers come in groups, as the disk syncs: one write for a group.
      setImmediate(() => this.#flush());
    });
  }

  /** Resolves when there is room, or the caller has gone. */
  async room(): Promise<void> {
    while (this.isFull) await this.#change();
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
