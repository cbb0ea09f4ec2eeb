// DER (ITU-T X.690 section 10), read and written with node-forge's asn1 module. Reading is strict: bytes that
// the same structure would not print back are refused, so every certificate, request and list has one encoding.
//
//   integer('0100')   02 02 01 00        sequence(a, b)   30 len a b        explicit(3, a)   a3 len a

import forge from 'node-forge';
import { Failure } from '../node/failure.js';

const { asn1 } = forge;
const { Class, Type } = asn1;

export type Der = forge.asn1.Asn1;

/** Bytes that are not DER, or not the structure that was looked for: `code` is 'bad-der'. */
export class BadDer extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-der', message, cause);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function sequence(...items: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

export function setOf(item: Der): Der {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [item]);
}

/** `[tag] EXPLICIT`, or a constructed `[tag] IMPLICIT`. */
export function explicit(tag: number, ...items: readonly Der[]): Der {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, true, [...items]);
}

/** A primitive `[tag] IMPLICIT`. */
export function implicit(tag: number, content: Uint8Array): Der {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, false, latin1(content));
}

function primitive(type: forge.asn1.Type, content: string): Der {
  return asn1.create(Class.UNIVERSAL, type, false, content);
}

/** A non-negative INTEGER from hex digits, as short as DER wants it. */
export function integer(hex: string): Der {
  const digits = hex.replace(/^0+(?=.)/, '');
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const padded = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  return primitive(Type.INTEGER, Buffer.from(padded, 'hex').toString('latin1'));
}

export function enumerated(value: number): Der {
  return primitive(Type.ENUMERATED, String.fromCharCode(value));
}

export function objectId(dotted: string): Der {
  return primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
}

export function octets(content: Uint8Array): Der {
  return primitive(Type.OCTETSTRING, latin1(content));
}

/** A BIT STRING of whole bytes. */
export function bits(content: Uint8Array): Der {
  return primitive(Type.BITSTRING, `\0${latin1(content)}`);
}

export function utf8(text: string): Der {
  return primitive(Type.UTF8, Buffer.from(text, 'utf8').toString('latin1'));
}

export function nullValue(): Der {
  return primitive(Type.NULL, '');
}

export function trueValue(): Der {
  return primitive(Type.BOOLEAN, '\xff');
}

/** UTCTime before 2050 and GeneralizedTime from then on (RFC 5280 section 4.1.2.5); whole seconds. */
export function time(at: Date): Der {
  return at.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(at))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(at));
}

export function encodeDer(der: Der): Uint8Array {
  return new Uint8Array(Buffer.from(asn1.toDer(der).getBytes(), 'latin1'));
}

/** Reads one DER value that fills `bytes`. Throws BadDer. */
export function decodeDer(bytes: Uint8Array, maxBytes: number): Der {
  if (bytes.length > maxBytes)
    throw new BadDer(`${bytes.length} bytes of DER, and at most ${maxBytes} are read`);
  let der: Der;
  let printed: Uint8Array;
  try {
    der = asn1.fromDer(latin1(bytes));
    printed = encodeDer(der);
  } catch (cause) {
    throw new BadDer('these bytes are not DER', cause);
  }
  if (Buffer.compare(printed, bytes) !== 0) throw new BadDer('these bytes are BER and not DER');
  return der;
}

/** The parts of a constructed value with this tag. Throws BadDer. */
function insideOf(der: Der | undefined, tagClass: forge.asn1.Class, tag: number): Der[] {
  const { value } = der ?? {};
  if (der?.tagClass !== tagClass || der.type !== tag || !der.constructed || !Array.isArray(value)) {
    throw new BadDer('a structure was looked for in the DER, and something else stands there');
  }
  return value;
}

/** The items of a SEQUENCE. Throws BadDer. */
export function partsOf(der: Der | undefined): Der[] {
  return insideOf(der, Class.UNIVERSAL, Type.SEQUENCE);
}

/** The items of a SET. Throws BadDer. */
export function membersOf(der: Der | undefined): Der[] {
  return insideOf(der, Class.UNIVERSAL, Type.SET);
}

/** What stands inside `[tag] EXPLICIT`. Throws BadDer. */
export function explicitOf(tag: number, der: Der | undefined): Der[] {
  return insideOf(der, Class.CONTEXT_SPECIFIC, tag);
}

/** The content of a primitive value of the given universal type. Throws BadDer. */
function contentOf(der: Der | undefined, type: forge.asn1.Type, what: string): Uint8Array {
  if (der === undefined || der.tagClass !== Class.UNIVERSAL || der.type !== type || der.constructed) {
    throw new BadDer(`${what} was looked for in the DER, and something else stands there`);
  }
  return primitiveContentOf(der);
}

/** The content of a primitive value, whatever its tag. Throws BadDer. */
export function primitiveContentOf(der: Der): Uint8Array {
  // forge looks into BIT STRINGs for DER of its own accord, and keeps the bytes aside when it does.
  const content = (der as Der & { bitStringContents?: string }).bitStringContents ?? der.value;
  if (typeof content !== 'string')
    throw new BadDer('a plain value was looked for, and a structure stands there');
  return new Uint8Array(Buffer.from(content, 'latin1'));
}

/** Hex digits of a non-negative INTEGER without leading zero bytes. Throws BadDer. */
export function integerHexOf(der: Der | undefined): string {
  const content = contentOf(der, Type.INTEGER, 'a number');
  const first = content[0];
  if (first === undefined || first >= 0x80) throw new BadDer('a number in the DER is empty or negative');
  return Buffer.from(first === 0 && content.length > 1 ? content.subarray(1) : content).toString('hex');
}

export function enumeratedOf(der: Der | undefined): number {
  const content = contentOf(der, Type.ENUMERATED, 'a code');
  const [value] = content;
  if (value === undefined || content.length !== 1) throw new BadDer('a code in the DER is not of one byte');
  return value;
}

export function objectIdOf(der: Der | undefined): string {
  const content = contentOf(der, Type.OID, 'an object identifier');
  if (content.length === 0) throw new BadDer('an object identifier in the DER is empty');
  try {
    const dotted = asn1.derToOid(latin1(content));
    // forge reads numbers of 53 bits, and writes those of 32.
    objectId(dotted);
    return dotted;
  } catch (cause) {
    throw new BadDer('an object identifier in the DER has a number that is too large', cause);
  }
}

export function octetsOf(der: Der | undefined): Uint8Array {
  return contentOf(der, Type.OCTETSTRING, 'an octet string');
}

/** The whole bytes of a BIT STRING. Throws BadDer. */
export function bitsOf(der: Der | undefined): Uint8Array {
  const content = contentOf(der, Type.BITSTRING, 'a bit string');
  if (content[0] !== 0) throw new BadDer('a bit string in the DER is not of whole bytes');
  return content.subarray(1);
}

export function utf8Of(der: Der | undefined): string {
  return Buffer.from(contentOf(der, Type.UTF8, 'a UTF-8 text')).toString('utf8');
}

/** A UTCTime or GeneralizedTime, in the one form that `time` writes. Throws BadDer. */
export function timeOf(der: Der | undefined): Date {
  const isUtcTime = der?.type === Type.UTCTIME;
  const text = latin1(contentOf(der, isUtcTime ? Type.UTCTIME : Type.GENERALIZEDTIME, 'a time'));
  if (!/^(?:\d{2})?\d{12}Z$/.test(text)) throw new BadDer('a time in the DER is not in whole seconds of UTC');
  const at = isUtcTime ? asn1.utcTimeToDate(text) : asn1.generalizedTimeToDate(text);
  if (Number.isNaN(at.getTime()) || Buffer.compare(encodeDer(time(at)), encodeDer(der as Der)) !== 0) {
    throw new BadDer('a time in the DER is not a time');
  }
  return at;
}
