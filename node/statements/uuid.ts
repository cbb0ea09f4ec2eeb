// UUIDs as text (RFC 9562 section 4): 8-4-4-4-12 hex digits. Any version: ids come from many systems.

import { hexText, parseHex } from './hex.js';

/** 16 bytes, or undefined when the text is no UUID. */
export function parseUuid(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length !== 36) return undefined;
  if (text[8] !== '-' || text[13] !== '-' || text[18] !== '-' || text[23] !== '-') return undefined;
  const digits =
    text.slice(0, 8) + text.slice(9, 13) + text.slice(14, 18) + text.slice(19, 23) + text.slice(24);
  return parseHex(digits, 16);
}

/** The text of 16 bytes, in lower case. */
export function uuidText(bytes: Uint8Array): string {
  return uuidOf(hexText(bytes));
}

/** The text of 16 bytes that are given in hex. */
export function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
