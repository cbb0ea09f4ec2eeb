// Damage to bytes of which nothing is known: flips, cuts, repeats, insertions, boundary numbers, splices.

import type { Chance } from '../../chaos/chance.js';

/** Where the arithmetic of parsers goes wrong. */
export const BOUNDARY_NUMBERS: readonly bigint[] = [
  0n,
  1n,
  127n,
  128n,
  255n,
  256n,
  16_383n,
  16_384n,
  65_535n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 60n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const TELLING_BYTES = [0x00, 0x01, 0x0a, 0x20, 0x22, 0x30, 0x5b, 0x7b, 0x7f, 0x80, 0x81, 0x84, 0xc0, 0xff];

/** Makes another input of the same kind, to be spliced in. */
export type Sampler = (chance: Chance) => Uint8Array;

type Damage = (input: Uint8Array, chance: Chance, sample: Sampler) => Uint8Array;

const DAMAGES: readonly Damage[] = [
  function flipBits(input, chance) {
    const out = Uint8Array.from(input);
    for (let n = chance.int(1, 4); n > 0 && out.length > 0; n--) {
      const at = chance.int(0, out.length - 1);
      out[at] = (out[at] as number) ^ (1 << chance.int(0, 7));
    }
    return out;
  },
  function setByte(input, chance) {
    const out = Uint8Array.from(input);
    if (out.length > 0) out[chance.int(0, out.length - 1)] = chance.pick(TELLING_BYTES);
    return out;
  },
  (input, chance) => input.slice(0, chance.int(0, input.length)),
  (input, chance) => input.slice(chance.int(0, input.length)),
  function removeRun(input, chance) {
    const [start, end] = runOf(input, chance);
    return joined(input.subarray(0, start), input.subarray(end));
  },
  function repeatRun(input, chance) {
    const [start, end] = runOf(input, chance);
    const times = chance.happens(0.02) ? chance.int(2, 400) : chance.int(1, 4);
    const run = input.subarray(start, end);
    return joined(input.subarray(0, end), ...new Array<Uint8Array>(times).fill(run), input.subarray(end));
  },
  function insertBytes(input, chance) {
    const at = chance.int(0, input.length);
    const inserted = chance.happens(0.5)
      ? chance.bytes(chance.int(1, 8))
      : new Uint8Array(chance.int(1, 16)).fill(chance.pick(TELLING_BYTES));
    return joined(input.subarray(0, at), inserted, input.subarray(at));
  },
  function insertNumber(input, chance) {
    const number = Buffer.alloc(8);
    const value = chance.pick(BOUNDARY_NUMBERS);
    if (chance.happens(0.5)) number.writeBigUInt64BE(value);
    else number.writeBigUInt64LE(value);
    const part = number.subarray(chance.pick([0, 4, 6, 7]));
    const at = chance.int(0, input.length);
    const over = chance.happens(0.7) ? part.length : 0;
    return joined(input.subarray(0, at), part, input.subarray(Math.min(input.length, at + over)));
  },
  function swapHalves(input, chance) {
    const at = chance.int(0, input.length);
    return joined(input.subarray(at), input.subarray(0, at));
  },
  function splice(input, chance, sample) {
    const other = sample(chance);
    return joined(
      input.subarray(0, chance.int(0, input.length)),
      other.subarray(chance.int(0, other.length)),
    );
  },
];

/** One damage. */
export function damageBytes(input: Uint8Array, chance: Chance, sample: Sampler): Uint8Array {
  return chance.pick(DAMAGES)(input, chance, sample);
}

function runOf(input: Uint8Array, chance: Chance): [number, number] {
  const start = chance.int(0, input.length);
  const longest = chance.happens(0.8) ? 40 : input.length;
  return [start, Math.min(input.length, start + chance.int(1, Math.max(1, longest)))];
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
