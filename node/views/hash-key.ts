// A hash with its algorithm as one binary string, and the question whether two records contradict each other.
//
//   01 <32 bytes>  SHA-256    02 <20 bytes>  SHA-1    03 <16 bytes>  MD5    04 PhotoDNA    05 PDQ
//
// The first byte is the strength, 1 the strongest. The index goes by the first nine bytes (short keys make
// LevelDB a quarter faster), so what is found there is always compared by the rest, the tail.

import { ALGORITHMS, HASH_BYTES, type HashAlgorithm, type NamedHash } from '../statements/hashes.js';
import { type Binary, fromBinary, toBinary } from './binary.js';

export type HashKey = Binary;

const KEY_BYTES = ALGORITHMS.map((algorithm) => 1 + HASH_BYTES[algorithm]);

const SHORT_KEY_BYTES = 9;

/** SHA-256, SHA-1 and MD5 tell files apart. PhotoDNA and PDQ do not: files that look alike share them. */
const WEAKEST_EXACT = ALGORITHMS.indexOf('md5') + 1;

export function hashKey({ algorithm, hash }: NamedHash): HashKey {
  return String.fromCharCode(ALGORITHMS.indexOf(algorithm) + 1) + toBinary(hash);
}

/** What the index goes by: the algorithm and the first eight bytes of the hash. */
export function shortKey(key: HashKey): Binary {
  return key.slice(0, SHORT_KEY_BYTES);
}

/** The rest of the hash. */
export function tailOf(key: HashKey): Binary {
  return key.slice(SHORT_KEY_BYTES);
}

/** Bytes of the tail of the hashes under a short key. */
export function tailBytes(short: Binary): number {
  return (KEY_BYTES[short.charCodeAt(0) - 1] as number) - SHORT_KEY_BYTES;
}

export function namedHash(key: HashKey): NamedHash {
  return { algorithm: algorithmOf(key), hash: fromBinary(key.slice(1)) };
}

export function algorithmOf(key: HashKey): HashAlgorithm {
  return ALGORITHMS[key.charCodeAt(0) - 1] as HashAlgorithm;
}

/** Cuts a list of joined hash keys. */
export function splitHashKeys(list: Binary): HashKey[] {
  const keys: HashKey[] = [];
  for (let at = 0; at < list.length; ) {
    const end = at + (KEY_BYTES[list.charCodeAt(at) - 1] ?? list.length);
    keys.push(list.slice(at, end));
    at = end;
  }
  return keys;
}

/** The exact hashes of a record (strongest first) that are stronger than the matched one. */
export function strongerThan(hashes: readonly HashKey[], matched: HashKey): HashKey[] {
  const strength = matched.charCodeAt(0);
  // A perceptual match is between files that differ in their bytes, so exact hashes say nothing against it.
  if (strength > WEAKEST_EXACT) return [];
  return hashes.filter((key) => key.charCodeAt(0) < strength);
}

/** True when two records that share the matched hash both have a stronger one, and it differs. */
export function contradicts(mine: readonly HashKey[], other: readonly HashKey[], matched: HashKey): boolean {
  for (const key of strongerThan(mine, matched)) {
    const theirs = other.find((candidate) => candidate.charCodeAt(0) === key.charCodeAt(0));
    if (theirs !== undefined && theirs !== key) return true;
  }
  return false;
}

/** The strongest hash that both have, or undefined. Both lists are strongest first. */
export function strongestShared(mine: readonly HashKey[], other: readonly HashKey[]): HashKey | undefined {
  return mine.find((key) => other.includes(key));
}
