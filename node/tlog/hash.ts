// The two hashes of a Merkle log, RFC 6962 section 2.1 (the same in RFC 9162 section 2.1.1):
//
//   leaf    SHA-256(0x00 ‖ entry bytes)
//   node    SHA-256(0x01 ‖ left hash ‖ right hash)
//   empty   SHA-256("")

import { hash } from 'node:crypto';
import { Failure } from '../failure.js';

/** SHA-256. */
export const HASH_BYTES = 32;

/** Something else where a SHA-256 hash belongs: `code` is 'bad-hash'. */
export class BadHash extends Failure {
  constructor(lengthBytes: number) {
    super('bad-hash', `a hash is ${HASH_BYTES} bytes, not ${lengthBytes}`);
  }
}

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Entries up to this size (the largest that fits a bundle) are hashed without an allocation of their own. */
const LEAF_SCRATCH_BYTES = 1 + 65535;

const leafScratch = new Uint8Array(LEAF_SCRATCH_BYTES);
leafScratch[0] = LEAF_PREFIX;
const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);
nodeScratch[0] = NODE_PREFIX;

/** SHA-256, by way of a binary string, which takes two thirds of the time that asking for a buffer does. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digits = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i += 1) digest[i] = digits.charCodeAt(i);
  return digest;
}

/** The root of the log with no entries. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** The leaf hash of an entry's bytes. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const length = 1 + entry.length;
  const input = length <= LEAF_SCRATCH_BYTES ? leafScratch.subarray(0, length) : new Uint8Array(length);
  input.set(entry, 1);
  return sha256(input);
}

/** The hash of the subtree above two others. Throws BadHash. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== HASH_BYTES) throw new BadHash(left.length);
  if (right.length !== HASH_BYTES) throw new BadHash(right.length);
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + HASH_BYTES);
  return sha256(nodeScratch);
}
