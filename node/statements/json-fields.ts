// Reading one field of a JSON form: each gives the value, or adds the reason why not, in the words of the form.

import { parseHex } from './hex.js';
import { quoted } from './quoted.js';
import type { Vocabulary } from './vocabulary.js';

export type JsonObject = { readonly [key: string]: unknown };

/** True for an object that is neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Adds a reason for each key that the form does not know. */
export function checkKeys(
  field: string,
  value: JsonObject,
  known: readonly string[],
  reasons: string[],
): void {
  for (const key in value) if (!known.includes(key)) reasons.push(`unknown key ${quoted(key)} in ${field}`);
}

/** Hex digits of so many bytes; empty when they are not. */
export function hexField(
  field: string,
  sizeBytes: number,
  value: unknown,
  reasons: string[],
): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === 'string' ? parseHex(value, sizeBytes) : undefined;
  if (bytes !== undefined) return bytes;
  const length = typeof value === 'string' ? ` (${value.length} characters)` : '';
  reasons.push(`${field}: ${shown(value)}${length}, must be ${sizeBytes * 2} hex digits`);
  return new Uint8Array();
}

/** What a text stands for; undefined when it does not. `form` says what it must be. */
export function textField<T>(
  field: string,
  value: unknown,
  parse: (text: string) => T | undefined,
  form: string,
  reasons: string[],
): T | undefined {
  const parsed = typeof value === 'string' ? parse(value) : undefined;
  if (parsed === undefined) reasons.push(`${field}: ${shown(value)}, must be ${form}`);
  return parsed;
}

/** A word of a closed list; 0 when it is none. */
export function wordField<T extends number>(
  field: string,
  words: Vocabulary<T>,
  value: unknown,
  reasons: string[],
): T {
  const parsed = typeof value === 'string' ? words.valueOf.get(value) : undefined;
  if (parsed !== undefined) return parsed;
  reasons.push(`${field}: ${shown(value)}, must be one of ${[...words.valueOf.keys()].join(', ')}`);
  return 0 as T;
}

/** A whole number; 0 when it is none. */
export function wholeField(field: string, value: unknown, reasons: string[]): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  reasons.push(`${field}: ${shown(value)}, must be a whole number`);
  return 0;
}

/** A value as a reason names it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null || value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : 'an object';
}
