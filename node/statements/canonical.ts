// The strict scan that holds a protobuf message to its one encoding, without decoding or encoding again
// (encoding again would cost a core at the speed at which entries arrive).
//
// Canonical here is narrower than "deterministic" in the protobuf documentation: fields ascending and once,
// packed lists, shortest varints, no defaults written out, nothing unknown at any depth.

import { isUtf8 } from 'node:buffer';
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { Failure } from '../failure.js';

/** Messages inside messages; the deepest statement has four, and a hostile one must not exhaust the stack. */
const MAX_DEPTH = 16;

/** One bit a oneof in a 32-bit word. */
const MAX_ONEOFS = 31;

/** Bytes that are not the canonical encoding: `code` is 'not-canonical', the message names the field. */
export class NotCanonical extends Failure {
  constructor(path: string, why: string) {
    super('not-canonical', `${path}: ${why}`);
  }
}

type Shape =
  | 'bool'
  | 'uint32'
  | 'uint64'
  | 'enum'
  | 'bytes'
  | 'string'
  | 'message'
  | 'packed enum'
  | 'packed uint32'
  | 'packed uint64';

interface FieldRule {
  readonly name: string;
  readonly number: number;
  readonly shape: Shape;
  readonly repeated: boolean;
  /** True when a default value means absence, and so is never written. */
  readonly implicit: boolean;
  /** The bit of the oneof that the field belongs to; 0 = none. */
  readonly oneof: number;
  readonly values: ReadonlySet<number>;
  readonly message: MessageRule | undefined;
}

interface MessageRule {
  /** By tag (field number and wire type), so that a wrong wire type is as unknown as a wrong number. */
  readonly fields: FieldRule[];
}

interface Cursor {
  readonly bytes: Uint8Array;
  pos: number;
  readonly path: string[];
  /** Elements of lists so far, at every depth, and how many there may be. */
  elements: number;
  readonly maxElements: number;
}

/**
 * Prepares the scan of one message type. The function that it returns throws NotCanonical unless the bytes
 * are the canonical encoding of a value of that type.
 *
 *   0a 10 <16 bytes>  field 1, 16 bytes    18 01  field 3, the number 1
 *   18 81 00          refused: the number 1 in two bytes
 *   18 00             refused: a default written out
 *
 * It returns how many elements the lists inside have. Two bytes are enough for one and each costs some hundred
 * once it is decoded, so whoever reads from strangers says how many there may be.
 */
export function canonicalScanner(desc: DescMessage): (bytes: Uint8Array, maxElements?: number) => number {
  const rule = messageRule(desc, new Map());
  return (bytes, maxElements = Number.POSITIVE_INFINITY) => {
    const cursor: Cursor = { bytes, pos: 0, path: [], elements: 0, maxElements };
    scanMessage(rule, cursor, bytes.length);
    return cursor.elements;
  };
}

function messageRule(desc: DescMessage, known: Map<DescMessage, MessageRule>): MessageRule {
  const before = known.get(desc);
  if (before !== undefined) return before;
  const rule: MessageRule = { fields: [] };
  known.set(desc, rule);
  if (desc.oneofs.length > MAX_ONEOFS) throw new TypeError(`${desc.typeName} has too many oneofs to scan`);
  for (const field of desc.fields) {
    const shape = shapeOf(field);
    const tag = (field.number << 3) | wireTypeOf(shape);
    rule.fields[tag] = {
      name: field.localName,
      number: field.number,
      shape,
      repeated: field.fieldKind === 'list' && !isPacked(shape),
      implicit: field.presence === FeatureSet_FieldPresence.IMPLICIT && field.fieldKind !== 'list',
      oneof: field.oneof === undefined ? 0 : 1 << desc.oneofs.indexOf(field.oneof),
      values: field.enum === undefined ? new Set() : valuesOf(field.enum),
      message: field.message === undefined ? undefined : messageRule(field.message, known),
    };
  }
  return rule;
}

function valuesOf(desc: DescEnum): Set<number> {
  return new Set(desc.values.map((value) => value.number));
}

function shapeOf(field: DescField): Shape {
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind;
  if (kind === 'message' && !isGroup(field)) return 'message';
  if (kind === 'enum') return field.fieldKind === 'list' ? 'packed enum' : 'enum';
  if (kind === 'scalar' && field.scalar === ScalarType.BYTES) return 'bytes';
  if (kind === 'scalar' && field.scalar === ScalarType.STRING) return 'string';
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL) return 'bool';
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.UINT32) return 'uint32';
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.UINT64) return 'uint64';
  if (kind === 'scalar' && field.scalar === ScalarType.UINT32) return 'packed uint32';
  if (kind === 'scalar' && field.scalar === ScalarType.UINT64) return 'packed uint64';
  throw new TypeError(`${field.toString()} has a type that the canonical scan does not know`);
}

function isPacked(shape: Shape): boolean {
  return shape === 'packed enum' || shape === 'packed uint32' || shape === 'packed uint64';
}

function isGroup(field: DescField): boolean {
  return 'delimitedEncoding' in field && field.delimitedEncoding === true;
}

function wireTypeOf(shape: Shape): number {
  return shape === 'bool' || shape === 'uint32' || shape === 'uint64' || shape === 'enum' ? 0 : 2;
}

function scanMessage(rule: MessageRule, cursor: Cursor, end: number): void {
  let last = 0;
  let oneofs = 0;
  while (cursor.pos < end) {
    const tag = readVarint32(cursor, end);
    const field = rule.fields[tag];
    if (field === undefined) throw refusal(cursor, `field ${tag >>> 3} of wire type ${tag & 7} is unknown`);
    cursor.path.push(field.name);
    if (field.number < last) throw refusal(cursor, 'out of order');
    if (field.number === last && !field.repeated) throw refusal(cursor, 'given twice');
    last = field.number;
    if ((oneofs & field.oneof) !== 0) throw refusal(cursor, 'a second member of a choice of one');
    oneofs |= field.oneof;
    if (field.repeated) countElement(cursor);
    scanValue(field, cursor, end);
    cursor.path.pop();
  }
}

function scanValue(field: FieldRule, cursor: Cursor, end: number): void {
  switch (field.shape) {
    case 'bool':
      if (readVarint32(cursor, end) !== 1)
        throw refusal(cursor, 'false written out, or neither true nor false');
      return;
    case 'uint32':
      if (readVarint32(cursor, end) === 0 && field.implicit) throw refusal(cursor, 'zero written out');
      return;
    case 'uint64':
      if (skipVarint64(cursor, end) && field.implicit) throw refusal(cursor, 'zero written out');
      return;
    case 'enum':
      if (readEnum(field, cursor, end) === 0 && field.implicit) throw refusal(cursor, 'zero written out');
      return;
    default:
      scanDelimited(field, cursor, end);
  }
}

function scanDelimited(field: FieldRule, cursor: Cursor, end: number): void {
  const length = readVarint32(cursor, end);
  const start = cursor.pos;
  const stop = start + length;
  if (stop > end) throw refusal(cursor, `${length} bytes announced, ${end - start} left`);
  if (length === 0 && (field.implicit || isPacked(field.shape))) {
    throw refusal(cursor, 'empty but written out');
  }
  if (field.message !== undefined) {
    if (cursor.path.length > MAX_DEPTH) throw refusal(cursor, `more than ${MAX_DEPTH} messages deep`);
    scanMessage(field.message, cursor, stop);
  } else if (field.shape === 'packed enum') {
    for (; cursor.pos < stop; countElement(cursor)) readEnum(field, cursor, stop);
  } else if (field.shape === 'packed uint32') {
    for (; cursor.pos < stop; countElement(cursor)) readVarint32(cursor, stop);
  } else if (field.shape === 'packed uint64') {
    for (; cursor.pos < stop; countElement(cursor)) skipVarint64(cursor, stop);
  } else {
    if (field.shape === 'string' && !isText(cursor.bytes, start, stop)) throw refusal(cursor, 'not UTF-8');
    cursor.pos = stop;
  }
}

function countElement(cursor: Cursor): void {
  if (++cursor.elements > cursor.maxElements)
    throw refusal(cursor, `more than ${cursor.maxElements} elements in lists`);
}

/** Our strings are ASCII but for attacks, so the common case is a plain loop. */
function isText(bytes: Uint8Array, start: number, stop: number): boolean {
  for (let i = start; i < stop; i++) {
    if ((bytes[i] as number) > 0x7f) return isUtf8(bytes.subarray(start, stop));
  }
  return true;
}

function readEnum(field: FieldRule, cursor: Cursor, end: number): number {
  const value = readVarint32(cursor, end);
  if (!field.values.has(value)) throw refusal(cursor, `value ${value} is unknown`);
  return value;
}

function readVarint32(cursor: Cursor, end: number): number {
  let value = 0;
  let scale = 1;
  for (let n = 0; n < 5; n++) {
    if (cursor.pos >= end) throw refusal(cursor, 'ends in the middle of a number');
    const byte = cursor.bytes[cursor.pos++] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (byte === 0 && n > 0) throw refusal(cursor, 'a number longer than it need be');
      if (value > 0xffffffff) throw refusal(cursor, 'a number over 32 bits');
      return value;
    }
    scale *= 128;
  }
  throw refusal(cursor, 'a number over 32 bits');
}

/** True when the number is zero. */
function skipVarint64(cursor: Cursor, end: number): boolean {
  for (let n = 0; n < 10; n++) {
    if (cursor.pos >= end) throw refusal(cursor, 'ends in the middle of a number');
    const byte = cursor.bytes[cursor.pos++] as number;
    if (byte < 0x80) {
      if (byte === 0 && n > 0) throw refusal(cursor, 'a number longer than it need be');
      if (n === 9 && byte > 1) throw refusal(cursor, 'a number over 64 bits');
      return byte === 0;
    }
  }
  throw refusal(cursor, 'a number over 64 bits');
}

function refusal(cursor: Cursor, why: string): NotCanonical {
  return new NotCanonical(cursor.path.length === 0 ? 'message' : cursor.path.join('.'), why);
}
