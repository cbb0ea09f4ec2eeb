// Inclusion and consistency proofs, RFC 9162 sections 2.1.3 and 2.1.4: made from the hashes of perfect
// subtrees, and verified from the proof alone. Sizes go up to 2^53-1, beyond JavaScript's 32-bit operators,
// so bits are taken with division.

import { Failure } from '../failure.js';
import { type CompactRange, rootOfSubtrees } from './compact-range.js';
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js';

/** The hash of the perfect subtree over the 2^level leaves from index * 2^level on. */
export type NodeReader = (level: number, index: number) => Promise<Uint8Array>;

/** A proof was asked for that no tree has, such as of entry 7 among 7: `code` is 'no-such-proof'. */
export class NoSuchProof extends Failure {
  constructor(message: string) {
    super('no-such-proof', message);
  }
}

/** Leaves from `start` up to `end`, as the recursion of the RFC cuts them. */
interface Leaves {
  readonly start: number;
  readonly end: number;
}

/** The path from entry `index` to the root of the first `size` entries, lowest first. Throws NoSuchProof. */
export async function inclusionProof(index: number, size: number, read: NodeReader): Promise<Uint8Array[]> {
  if (!isSize(index) || !isSize(size) || index >= size) {
    throw new NoSuchProof(`there is no entry ${index} in a log of ${size}`);
  }
  const siblings: Leaves[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + largestPowerOfTwoBelow(end - start);
    if (index < middle) {
      siblings.push({ start: middle, end });
      end = middle;
    } else {
      siblings.push({ start, end: middle });
      start = middle;
    }
  }
  return hashesOf(siblings.reverse(), read);
}

/**
 * The proof that the first `m` entries are the beginning of the first `n`; empty for m = 0 and m = n.
 * Its parts do not overlap, so no subtree is read twice. Throws NoSuchProof.
 */
export async function consistencyProof(m: number, n: number, read: NodeReader): Promise<Uint8Array[]> {
  if (!isSize(m) || !isSize(n) || m > n) {
    throw new NoSuchProof(`a log of ${m} entries is not the beginning of one of ${n}`);
  }
  if (m === 0 || m === n) return [];
  const parts: Leaves[] = [];
  let start = 0;
  let end = n;
  while (end !== m) {
    const middle = start + largestPowerOfTwoBelow(end - start);
    if (m <= middle) {
      parts.push({ start: middle, end });
      end = middle;
    } else {
      parts.push({ start, end: middle });
      start = middle;
    }
  }
  // A verifier has the old root, so the last part is left out where it is the whole old tree.
  if (start > 0) parts.push({ start, end });
  return hashesOf(parts.reverse(), read);
}

/** The root hash of the first `size` entries. Throws NoSuchProof. */
export async function rootAt(size: number, read: NodeReader): Promise<Uint8Array> {
  if (!isSize(size)) throw new NoSuchProof(`${size} is not the size of a log`);
  return hashOf({ start: 0, end: size }, read);
}

/** The compact range of the first `size` entries. Throws NoSuchProof. */
export async function rangeAt(size: number, read: NodeReader): Promise<CompactRange> {
  if (!isSize(size)) throw new NoSuchProof(`${size} is not the size of a log`);
  return { size, hashes: await subtreesOf({ start: 0, end: size }, read) };
}

/** True only when the path leads from the leaf hash at `index` to the root of `size` entries. */
export function verifyInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (![leafHash, root, ...path].every(isHash)) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leafHash;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && isSame(hash, root);
}

/**
 * True only when the path shows that the tree of `m` entries with `rootM` is the beginning of the tree of `n`
 * entries with `rootN`. The empty tree is the beginning of every other: m = 0 takes an empty path.
 */
export function verifyConsistency(
  m: number,
  n: number,
  rootM: Uint8Array,
  rootN: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (!isSize(m) || !isSize(n) || m > n) return false;
  if (![rootM, rootN, ...path].every(isHash)) return false;
  if (m === n) return path.length === 0 && isSame(rootM, rootN);
  if (m === 0) return path.length === 0 && isSame(rootM, EMPTY_ROOT);
  const [seed, ...rest] = isPowerOfTwo(m) ? [rootM, ...path] : path;
  if (seed === undefined || path.length === 0) return false;
  let fn = m - 1;
  let sn = n - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  let oldRoot = seed;
  let newRoot = seed;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      oldRoot = nodeHash(hash, oldRoot);
      newRoot = nodeHash(hash, newRoot);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      newRoot = nodeHash(newRoot, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && isSame(oldRoot, rootM) && isSame(newRoot, rootN);
}

function hashesOf(parts: readonly Leaves[], read: NodeReader): Promise<Uint8Array[]> {
  return Promise.all(parts.map((part) => hashOf(part, read)));
}

async function hashOf(leaves: Leaves, read: NodeReader): Promise<Uint8Array> {
  return rootOfSubtrees(await subtreesOf(leaves, read));
}

/** The perfect subtrees, largest first, over leaves whose start is a multiple of the largest among them. */
function subtreesOf(leaves: Leaves, read: NodeReader): Promise<Uint8Array[]> {
  const reads: Promise<Uint8Array>[] = [];
  for (let start = leaves.start; start < leaves.end; ) {
    let level = 0;
    let width = 1;
    while (width * 2 <= leaves.end - start) {
      level += 1;
      width *= 2;
    }
    reads.push(read(level, start / width));
    start += width;
  }
  return Promise.all(reads);
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

function isHash(hash: Uint8Array): boolean {
  return hash.length === HASH_BYTES;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function isOdd(n: number): boolean {
  return n % 2 === 1;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isPowerOfTwo(n: number): boolean {
  let rest = n;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

/** For n > 1: the width of the left subtree of a tree of n leaves. */
function largestPowerOfTwoBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}
