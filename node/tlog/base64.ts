// Base64 as notes and checkpoints use it: RFC 4648 section 4, padded, and strict: text that would not
// print back to itself (missing padding, stray bits after the end, other alphabets, spaces) is refused.

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** The bytes, or undefined when the text is not the one encoding of any bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined;
}
