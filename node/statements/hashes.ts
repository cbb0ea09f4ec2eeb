// The hashes of a media record, strongest first, and how people write them in look-ups:
//
//   64, 40 or 32 hex digits    SHA-256, SHA-1, MD5
//   pdq:<64 hex digits>        perceptual, so it must be named
//   photodna:<192 base64>      opaque

import { Failure } from '../failure.js';
import { hexText, parseHex } from './hex.js';
import { quoted } from './quoted.js';

export type HashAlgorithm = 'sha256' | 'sha1' | 'md5' | 'photodna' | 'pdq';

export interface NamedHash {
  readonly algorithm: HashAlgorithm;
  readonly hash: Uint8Array;
}

/** The hash fields of a media record, so that these functions also serve what is not yet a record. */
export type Hashes = { readonly [algorithm in HashAlgorithm]: Uint8Array };

/** Strongest first: exact ones by strength, then PhotoDNA, then PDQ, which alone never proves a hit. */
export const ALGORITHMS: readonly HashAlgorithm[] = ['sha256', 'sha1', 'md5', 'photodna', 'pdq'];

/** Bytes of a hash. */
export const HASH_BYTES: { readonly [algorithm in HashAlgorithm]: number } = {
  sha256: 32,
  sha1: 20,
  md5: 16,
  photodna: 144,
  pdq: 32,
};

/** What a failed read hashes to: such a record would 'match' every other failed read. */
const EMPTY_INPUT: { readonly [algorithm in HashAlgorithm]?: Uint8Array | undefined } = {
  sha256: parseHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 32),
  sha1: parseHex('da39a3ee5e6b4b0d3255bfef95601890afd80709', 20),
  md5: parseHex('d41d8cd98f00b204e9800998ecf8427e', 16),
};

/** Text that is no hash: `code` is 'bad-hash'. */
export class BadHash extends Failure {
  constructor(message: string) {
    super('bad-hash', message);
  }
}

/** All hashes of a record, strongest first. */
export function hashesOf(record: Hashes): NamedHash[] {
  const found: NamedHash[] = [];
  for (const algorithm of ALGORITHMS) {
    if (record[algorithm].length > 0) found.push({ algorithm, hash: record[algorithm] });
  }
  return found;
}

/** The strongest hash of a record that has one. Throws BadHash. */
export function strongestHash(record: Hashes): NamedHash {
  for (const algorithm of ALGORITHMS) {
    if (record[algorithm].length > 0) return { algorithm, hash: record[algorithm] };
  }
  throw new BadHash('the record has no hash');
}

/** True when the hash that begins at `at` is the SHA-256, SHA-1 or MD5 of nothing. */
export function isEmptyInputHash(algorithm: HashAlgorithm, bytes: Uint8Array, at = 0): boolean {
  const empty = EMPTY_INPUT[algorithm];
  if (empty === undefined || bytes[at] !== empty[0]) return false;
  return Buffer.compare(bytes.subarray(at, at + empty.length), empty) === 0;
}

/** 144 bytes, or undefined unless the text is their base64. */
export function parsePhotodna(text: string): Uint8Array | undefined {
  // 144 bytes make 192 characters without padding, so each value has exactly one text.
  return /^[A-Za-z0-9+/]{192}$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined;
}

/** Base64 of a PhotoDNA hash. */
export function photodnaText(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('base64');
}

/** Reads a hash as people write it in look-ups. Throws BadHash with a hint. */
export function parseHash(text: string): NamedHash {
  if (text.startsWith('pdq:')) return named('pdq', parseHex(text.slice(4), 32), 'pdq: and 64 hex digits');
  if (text.startsWith('photodna:')) {
    return named('photodna', parsePhotodna(text.slice(9)), 'photodna: and 192 characters of base64');
  }
  for (const algorithm of ['sha256', 'sha1', 'md5'] as const) {
    const hash = parseHex(text, HASH_BYTES[algorithm]);
    if (hash !== undefined) return { algorithm, hash };
  }
  throw new BadHash(
    `${quoted(text)} is no hash: write 64 hex digits (SHA-256), 40 (SHA-1) or 32 (MD5), ` +
      'pdq: and 64 hex digits, or photodna: and 192 characters of base64',
  );
}

function named(algorithm: HashAlgorithm, hash: Uint8Array | undefined, form: string): NamedHash {
  if (hash === undefined) throw new BadHash(`not a ${algorithm} hash: write ${form}`);
  return { algorithm, hash };
}

/** The text that `parseHash` reads. */
export function hashText(algorithm: HashAlgorithm, hash: Uint8Array): string {
  switch (algorithm) {
    case 'photodna':
      return `photodna:${photodnaText(hash)}`;
    case 'pdq':
      return `pdq:${hexText(hash)}`;
    default:
      return hexText(hash);
  }
}
