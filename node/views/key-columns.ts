// The index keys of many records in columns of numbers: sorted and compared without an object for each.

import { HASH_SIZES, type PlainScan } from '../statements/plain-scan.js';
import { readU16, readU32 } from './binary.js';
import { type Bloom, blockHash, firstProbe } from './bloom.js';
import { RECORD_KIND } from './index-key.js';
import { type LogNumber, memberNumberOf } from './position.js';
import { RUN_ROW_BYTES } from './runs.js';

/** Keys of one record: its id and at most one hash of each kind. */
const MAX_KEYS = 1 + HASH_SIZES.length;

/** More keys than are ever sorted at once: four bytes of a key and a place are one whole number below 2^53. */
const PLACES = 2 ** 21;

export class KeyColumns {
  readonly #log: LogNumber;
  readonly #kinds: Uint8Array;
  readonly #highs: Uint32Array;
  readonly #lows: Uint32Array;
  /** Whose key it is: the offset of its entry. */
  readonly #owners: Uint32Array;
  #count = 0;

  /** Room for the keys of so many records of a log. Throws RangeError above 349,525. */
  constructor(log: LogNumber, records: number) {
    if (records * MAX_KEYS > PLACES)
      throw new RangeError(`the keys of ${records} records are not sorted at once`);
    this.#log = log;
    this.#kinds = new Uint8Array(records * MAX_KEYS);
    this.#highs = new Uint32Array(records * MAX_KEYS);
    this.#lows = new Uint32Array(records * MAX_KEYS);
    this.#owners = new Uint32Array(records * MAX_KEYS);
  }

  /** Adds the keys of one record, by the offset of its entry. */
  add(owner: number, bytes: Uint8Array, { recordIdAt, hashAt }: PlainScan): void {
    const member = readU16(memberNumberOf(this.#log), 0);
    // As recordKey makes it: member, then six bytes of the id.
    this.#push(
      owner,
      RECORD_KIND,
      member * 0x1_0000 + u16At(bytes, recordIdAt),
      u32At(bytes, recordIdAt + 2),
    );
    for (let place = 0; place < hashAt.length; place++) {
      const at = hashAt[place] as number;
      if (at !== 0) this.#push(owner, place + 1, u32At(bytes, at), u32At(bytes, at + 4));
    }
  }

  /** Places of the keys, sorted by key. */
  sorted(): Uint32Array {
    const { packed, ends } = this.#packedByKind();
    const order = new Uint32Array(this.#count);
    let begin = 0;
    for (const end of ends) {
      packed.subarray(begin, end).sort();
      for (let i = begin; i < end; i++) order[i] = (packed[i] as number) % PLACES;
      this.#sortAlike(order, begin, end);
      begin = end;
    }
    return order;
  }

  /** Calls back for the owners of keys that two records have; `sorted` is as `sorted()` says. */
  alike(sorted: Uint32Array, tell: (owner: number) => void): void {
    for (let i = 1; i < sorted.length; i++) {
      const before = sorted[i - 1] as number;
      const place = sorted[i] as number;
      if (this.#compare(before, place) !== 0) continue;
      tell(this.#owners[before] as number);
      tell(this.#owners[place] as number);
    }
  }

  /**
   * Calls back for the owners of keys that one of the filters may have. All keys are asked of a filter before the next
   * one, so that it stays in the processor's cache.
   */
  known(filters: readonly Bloom[], tell: (owner: number) => void): void {
    const hashes = new Uint32Array(this.#count);
    const probes = new Uint32Array(this.#count);
    for (let place = 0; place < this.#count; place++) {
      const hash = blockHash(this.#kinds[place] as number, this.#highs[place] as number);
      hashes[place] = hash;
      probes[place] = firstProbe(hash, this.#lows[place] as number);
    }
    for (const filter of filters) {
      for (let place = 0; place < this.#count; place++) {
        if (filter.mayHaveHashed(hashes[place] as number, probes[place] as number)) {
          tell(this.#owners[place] as number);
        }
      }
    }
  }

  /** The rows of a sorted run (runs.ts) for the records that `isIn`; `from` is the index of offset 0. */
  rows(sorted: Uint32Array, isIn: (owner: number) => boolean, from: number): Buffer {
    const rows = Buffer.allocUnsafe(sorted.length * RUN_ROW_BYTES);
    const log = readU32(this.#log, 0);
    let at = 0;
    for (const place of sorted) {
      const owner = this.#owners[place] as number;
      if (!isIn(owner)) continue;
      rows[at] = this.#kinds[place] as number;
      putU32(rows, at + 1, this.#highs[place] as number);
      putU32(rows, at + 5, this.#lows[place] as number);
      putU32(rows, at + 9, log);
      const index = from + owner;
      const above = Math.floor(index / 2 ** 32);
      rows[at + 13] = above >>> 8;
      rows[at + 14] = above;
      putU32(rows, at + 15, index);
      at += RUN_ROW_BYTES;
    }
    return rows.subarray(0, at);
  }

  /** Of each key its first four bytes and its place in one number, those of one kind together; and where each kind ends. */
  #packedByKind(): { packed: Float64Array; ends: readonly number[] } {
    const next = new Array<number>(MAX_KEYS + 1).fill(0);
    for (let place = 0; place < this.#count; place++) {
      const after = (this.#kinds[place] as number) + 1;
      next[after] = (next[after] as number) + 1;
    }
    for (let kind = 1; kind <= MAX_KEYS; kind++)
      next[kind] = (next[kind] as number) + (next[kind - 1] as number);
    const packed = new Float64Array(this.#count);
    for (let place = 0; place < this.#count; place++) {
      const kind = this.#kinds[place] as number;
      const at = next[kind] as number;
      packed[at] = (this.#highs[place] as number) * PLACES + place;
      next[kind] = at + 1;
    }
    return { packed, ends: next.slice(0, MAX_KEYS) };
  }

  /** Sorts those that begin alike, next to one another in [from, to), by the rest of the key. */
  #sortAlike(order: Uint32Array, from: number, to: number): void {
    for (let begin = from; begin < to; ) {
      const high = this.#highs[order[begin] as number];
      let end = begin + 1;
      while (end < to && this.#highs[order[end] as number] === high) end++;
      if (end - begin > 1) order.subarray(begin, end).sort((a, b) => this.#compare(a, b));
      begin = end;
    }
  }

  #push(owner: number, kind: number, high: number, low: number): void {
    const place = this.#count++;
    this.#kinds[place] = kind;
    this.#highs[place] = high;
    this.#lows[place] = low;
    this.#owners[place] = owner;
  }

  #compare(a: number, b: number): number {
    return (
      (this.#kinds[a] as number) - (this.#kinds[b] as number) ||
      (this.#highs[a] as number) - (this.#highs[b] as number) ||
      (this.#lows[a] as number) - (this.#lows[b] as number)
    );
  }
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function u32At(bytes: Uint8Array, at: number): number {
  return u16At(bytes, at) * 0x1_0000 + u16At(bytes, at + 2);
}

function putU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}
