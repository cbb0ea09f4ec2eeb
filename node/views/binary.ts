// Binary strings: keys and values inside the views are strings with one character a byte. They compare
// bytewise with `<`, serve as keys of a Map, and cost less to join and cut than Uint8Arrays.
// They become bytes again only at the database (buffered-db.ts).

/** A string of characters 0 to 255, one a byte. */
export type Binary = string;

/** Bytes as a binary string. */
export function toBinary(bytes: Uint8Array): Binary {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A binary string as bytes. */
export function fromBinary(text: Binary): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A number below 2^16 as two bytes, most significant first, so that order is kept. */
export function u16(value: number): Binary {
  return String.fromCharCode(value >>> 8, value & 0xff);
}

/** A number below 2^32 as four bytes. */
export function u32(value: number): Binary {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** A number below 2^48 as six bytes. */
export function u48(value: number): Binary {
  return u16(Math.floor(value / 0x1_0000_0000)) + u32(value >>> 0);
}

/** Reads what u16 wrote. */
export function readU16(text: Binary, at: number): number {
  return (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
}

/** Reads what u32 wrote. */
export function readU32(text: Binary, at: number): number {
  return readU16(text, at) * 0x1_0000 + readU16(text, at + 2);
}

/** Reads what u48 wrote. */
export function readU48(text: Binary, at: number): number {
  return readU16(text, at) * 0x1_0000_0000 + readU32(text, at + 2);
}

/** Cuts a list of parts that are equally long and stand one after another. */
export function cut(list: Binary, partBytes: number): Binary[] {
  const parts: Binary[] = [];
  for (let at = 0; at < list.length; at += partBytes) parts.push(list.slice(at, at + partBytes));
  return parts;
}

/** The first binary string after all that begin with the prefix. The last byte of the prefix is below 0xff. */
export function after(prefix: Binary): Binary {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}
