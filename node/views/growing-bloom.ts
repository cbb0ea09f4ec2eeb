// A Bloom filter for as many keys as come: when it is full, another of twice the size takes what comes next. So nothing
// has to be read again to make room, and the filters stay few.

import { Bloom } from './bloom.js';
import { highOf, type IndexKey, kindOf, lowOf } from './index-key.js';

export class GrowingBloom {
  /** The last one takes the keys; all before it are full. */
  readonly #filters: Bloom[];
  /** Keys in the last one. */
  #keys = 0;

  constructor(roomForKeys: number) {
    this.#filters = [Bloom.forKeys(roomForKeys)];
  }

  add(key: IndexKey): void {
    const [kind, high, low] = [kindOf(key), highOf(key), lowOf(key)];
    if (this.mayHave(kind, high, low)) return;
    let last = this.#filters.at(-1) as Bloom;
    if (this.#keys === last.capacity) {
      last = Bloom.forKeys(2 * last.capacity);
      this.#filters.push(last);
      this.#keys = 0;
    }
    last.add(kind, high, low);
    this.#keys += 1;
  }

  /** False when the key was never added. */
  mayHave(kind: number, high: number, low: number): boolean {
    return this.#filters.some((filter) => filter.mayHave(kind, high, low));
  }

  /** The bytes of the filters, which threads can share; none while no key was added. */
  parts(): Uint8Array[] {
    return this.#keys === 0 ? [] : this.#filters.map(({ bytes }) => bytes);
  }
}
