// Damage to DER that leaves lengths right (X.690): values dropped, doubled, moved, with another tag, with a length
// in more bytes than it needs (BER), with boundary numbers, and structures in structures.

import type { Chance } from '../../chaos/chance.js';
import { BOUNDARY_NUMBERS, damageBytes, joined, type Sampler } from './bytes.js';

interface Item {
  readonly tag: number;
  readonly content: Uint8Array;
}

const TAGS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17, 0x18, 0x1f, 0x30, 0x31, 0x80, 0xa0, 0xa3,
];
const DEEPEST = 1300;

/** One damage, in one of the values or in one that it holds. */
export function damageDer(input: Uint8Array, chance: Chance, sample: Sampler): Uint8Array {
  const items = itemsOf(input);
  if (items === undefined || items.length === 0) return damageBytes(input, chance, sample);
  const inner = items.filter(({ content }) => content.length > 0);
  if (inner.length > 0 && chance.happens(0.75)) {
    const chosen = chance.pick(inner);
    const content = damageDer(chosen.content, chance, () => chosen.content);
    return encode(items.map((item) => (item === chosen ? { ...item, content } : item)));
  }
  return damageItems(items, chance);
}

function damageItems(items: readonly Item[], chance: Chance): Uint8Array {
  const at = chance.int(0, items.length - 1);
  const chosen = items[at] as Item;
  const before = encode(items.slice(0, at));
  const after = encode(items.slice(at + 1));
  const replacedBy = (...instead: Uint8Array[]) => joined(before, ...instead, after);
  const whole = encode([chosen]);
  switch (chance.int(0, 9)) {
    case 0:
      return replacedBy();
    case 1:
      return replacedBy(...new Array<Uint8Array>(chance.happens(0.05) ? 200 : 2).fill(whole));
    case 2:
      return joined(whole, before, after);
    case 3:
      return replacedBy(encode([{ ...chosen, tag: chance.pick(TAGS) }]));
    case 4:
      return replacedBy(encode([{ ...chosen, content: new Uint8Array(0) }]));
    case 5: {
      const number = Buffer.alloc(8);
      number.writeBigUInt64BE(chance.pick(BOUNDARY_NUMBERS));
      return replacedBy(encode([{ ...chosen, content: number.subarray(chance.int(0, 7)) }]));
    }
    case 6:
      return replacedBy(Uint8Array.of(chosen.tag), lengthIn(chosen.content.length, 4), chosen.content);
    case 7:
      // Of indefinite length (BER).
      return replacedBy(Uint8Array.of(chosen.tag, 0x80), chosen.content, Uint8Array.of(0, 0));
    case 8:
      return replacedBy(
        Uint8Array.of(chosen.tag, 0x84, 0xff, 0xff, 0xff, chance.int(0, 255)),
        chosen.content,
      );
    default:
      return replacedBy(nested(whole, chance));
  }
}

function nested(core: Uint8Array, chance: Chance): Uint8Array {
  const heads: Uint8Array[] = [];
  let size = core.length;
  for (let n = chance.happens(0.2) ? DEEPEST : chance.int(1, 60); n > 0; n--) {
    const head = joined(Uint8Array.of(0x30), shortestLength(size));
    heads.push(head);
    size += head.length;
  }
  return joined(...heads.reverse(), core);
}

/** The values that fill the bytes; undefined when they are no DER. */
function itemsOf(input: Uint8Array): Item[] | undefined {
  const items: Item[] = [];
  for (let at = 0; at < input.length; ) {
    const tag = input[at] as number;
    const first = input[at + 1];
    if (first === undefined || first === 0x80 || first > 0x83) return undefined;
    const lengthBytes = first < 0x80 ? 0 : first - 0x80;
    const length =
      lengthBytes === 0
        ? first
        : input.subarray(at + 2, at + 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
    const start = at + 2 + lengthBytes;
    if (start + length > input.length) return undefined;
    items.push({ tag, content: input.subarray(start, start + length) });
    at = start + length;
  }
  return items;
}

function encode(items: readonly Item[]): Uint8Array {
  return joined(
    ...items.flatMap(({ tag, content }) => [Uint8Array.of(tag), shortestLength(content.length), content]),
  );
}

function shortestLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  return lengthIn(length, length < 0x100 ? 1 : length < 0x10000 ? 2 : 3);
}

function lengthIn(length: number, sizeBytes: number): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes + 1);
  bytes[0] = 0x80 + sizeBytes;
  bytes.writeUIntBE(length, 1, sizeBytes);
  return bytes;
}
