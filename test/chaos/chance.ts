// All randomness of a history: a generator (sfc32, 128 bits of state) seeded by SHA-256 of a text. Each part of the
// simulation has a stream of its own, forked by label, so that one more draw here changes nothing there.

import { createHash } from 'node:crypto';

export interface Chance {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number in [from, to]. */
  int(from: number, to: number): number;
  /** True with the probability. */
  happens(probability: number): boolean;
  pick<T>(among: readonly T[]): T;
  bytes(count: number): Uint8Array;
  /** An independent stream. */
  fork(label: string): Chance;
}

export function chanceOf(seed: string): Chance {
  const start = createHash('sha256').update(seed).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => start.readUInt32LE(at)) as [number, number, number, number];

  function next(): number {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  }

  for (let warm = 0; warm < 12; warm++) next();
  const fraction = (): number => next() / 2 ** 32;
  const int = (from: number, to: number): number => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    int,
    happens: (probability) => fraction() < probability,
    pick: (among) => {
      if (among.length === 0) throw new RangeError('nothing to pick from');
      return among[int(0, among.length - 1)] as (typeof among)[number];
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 255),
    fork: (label) => chanceOf(`${seed}/${label}`),
  };
}
