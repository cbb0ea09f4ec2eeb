// Hexadecimal text of a known size: upper and lower case in, lower case out.
// By table and not by Buffer, which stops silently at the first digit that is none.

const NOT_HEX = 0xff;

const NIBBLES = new Uint8Array(128).fill(NOT_HEX);
for (let value = 0; value < 16; value++) {
  NIBBLES[value.toString(16).charCodeAt(0)] = value;
  NIBBLES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** The bytes, or undefined unless the text is exactly `sizeBytes` in hex. */
export function parseHex(text: string, sizeBytes: number): Uint8Array<ArrayBuffer> | undefined {
  if (text.length !== sizeBytes * 2) return undefined;
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) {
    const high = NIBBLES[text.charCodeAt(2 * i)] ?? NOT_HEX;
    const low = NIBBLES[text.charCodeAt(2 * i + 1)] ?? NOT_HEX;
    if ((high | low) > 15) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** Lower-case hex. */
export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
