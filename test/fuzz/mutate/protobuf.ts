// Damage to protobuf that leaves lengths right (encoding.protobuf.dev): fields dropped, doubled, moved, unknown,
// in another wire type, with boundary numbers, with numbers longer than need be, and messages in messages.

import type { Chance } from '../../chaos/chance.js';
import { BOUNDARY_NUMBERS, damageBytes, joined, type Sampler } from './bytes.js';

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** What stands behind the tag; without its length for wire type 2. */
  readonly content: Uint8Array;
}

/** Deeper than any decoder here goes, and it still fits a frame. */
const DEEPEST = 3000;

/** One damage, in the message or in one that it holds. */
export function damageProtobuf(input: Uint8Array, chance: Chance, sample: Sampler): Uint8Array {
  const fields = fieldsOf(input);
  if (fields === undefined || fields.length === 0) return damageBytes(input, chance, sample);
  const inner = fields.filter(({ wireType, content }) => wireType === 2 && content.length > 0);
  if (inner.length > 0 && chance.happens(0.55)) {
    const chosen = chance.pick(inner);
    const content = chance.happens(0.7)
      ? damageProtobuf(chosen.content, chance, () => chosen.content)
      : damageBytes(chosen.content, chance, () => chosen.content);
    return encode(fields.map((field) => (field === chosen ? { ...field, content } : field)));
  }
  return damageFields(fields, chance, sample);
}

function damageFields(fields: readonly Field[], chance: Chance, sample: Sampler): Uint8Array {
  const at = chance.int(0, fields.length - 1);
  const chosen = fields[at] as Field;
  const before = fields.slice(0, at);
  const after = fields.slice(at + 1);
  const replacedBy = (...instead: Field[]) => encode([...before, ...instead, ...after]);
  switch (chance.int(0, 11)) {
    case 0:
      return replacedBy();
    case 1:
      return replacedBy(...new Array<Field>(chance.happens(0.05) ? 500 : 2).fill(chosen));
    case 2:
      return encode([chosen, ...before, ...after]);
    case 3:
      return replacedBy(chosen, unknownField(chance));
    case 4:
      return replacedBy({ ...chosen, number: chance.int(1, 40) });
    case 5:
      return replacedBy({ ...chosen, wireType: chance.int(0, 7) });
    case 6:
      return replacedBy({ ...chosen, wireType: 0, content: varint(chance.pick(BOUNDARY_NUMBERS)) });
    case 7:
      return replacedBy({ ...chosen, content: longer(chosen.content) });
    case 8:
      return replacedBy({ ...chosen, content: new Uint8Array(0) });
    case 9:
      return joined(encode(before), nested(chosen.number, chance), encode(after));
    case 10:
      return joined(
        encode(before),
        varint(BigInt(chosen.number * 8 + 2)),
        varint(chance.pick(BOUNDARY_NUMBERS)),
        chosen.content,
        encode(after),
      );
    default:
      return joined(encode(fields), sample(chance));
  }
}

function unknownField(chance: Chance): Field {
  const number = chance.pick([9, 15, 100, 2047, 19_000, 2 ** 29 - 1]);
  return chance.happens(0.5)
    ? { number, wireType: 0, content: varint(chance.pick(BOUNDARY_NUMBERS)) }
    : { number, wireType: 2, content: chance.bytes(chance.int(0, 20)) };
}

/** Messages in messages, or groups in groups. */
function nested(number: number, chance: Chance): Uint8Array {
  const depth = chance.happens(0.1) ? DEEPEST : chance.int(1, 120);
  if (chance.happens(0.4)) {
    const open = varint(BigInt(number * 8 + 3));
    const close = chance.happens(0.5) ? varint(BigInt(number * 8 + 4)) : new Uint8Array(0);
    return joined(...new Array(depth).fill(open), ...new Array(depth).fill(close));
  }
  const heads: Uint8Array[] = [];
  let size = 0;
  for (let n = 0; n < depth; n++) {
    const head = joined(varint(BigInt(number * 8 + 2)), varint(BigInt(size)));
    heads.push(head);
    size += head.length;
  }
  return joined(...heads.reverse());
}

/** A number in one byte more than it needs: `01` becomes `81 00`. */
function longer(content: Uint8Array): Uint8Array {
  if (content.length === 0) return Uint8Array.of(0x80, 0x00);
  const last = content.length - 1;
  return joined(content.subarray(0, last), Uint8Array.of((content[last] as number) | 0x80, 0x00));
}

function fieldsOf(input: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < input.length) {
    const [tag, afterTag] = readVarint(input, at);
    if (tag === undefined || tag < 8n || tag > 0xffffffffn) return undefined;
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    let start = afterTag;
    let end: number;
    if (wireType === 0) {
      end = readVarint(input, start)[1];
    } else if (wireType === 2) {
      const [length, afterLength] = readVarint(input, start);
      if (length === undefined || length > BigInt(input.length)) return undefined;
      start = afterLength;
      end = start + Number(length);
    } else {
      return undefined;
    }
    if (end > input.length || end < start) return undefined;
    fields.push({ number, wireType, content: input.subarray(start, end) });
    at = end;
  }
  return fields;
}

function readVarint(input: Uint8Array, start: number): [bigint | undefined, number] {
  let value = 0n;
  for (let n = 0; n < 10; n++) {
    const byte = input[start + n];
    if (byte === undefined) return [undefined, input.length + 1];
    value |= BigInt(byte & 0x7f) << BigInt(7 * n);
    if (byte < 0x80) return [value, start + n + 1];
  }
  return [undefined, input.length + 1];
}

function encode(fields: readonly Field[]): Uint8Array {
  return joined(
    ...fields.flatMap(({ number, wireType, content }) => {
      const tag = varint(BigInt(number * 8 + wireType));
      return wireType === 2 ? [tag, varint(BigInt(content.length)), content] : [tag, content];
    }),
  );
}

export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}
