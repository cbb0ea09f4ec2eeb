// The compact range of a log: the roots of the perfect subtrees that its leaves fill, which is all that is
// needed to append to it and to say its root (RFC 9162 section 2.1.2; at most 53 hashes for any size here).
//
//   size 7:   [0,4)  [4,6)  [6,7)        one hash for each bit that is set in the size, largest first

import { Failure } from '../failure.js';
import { BadHash, EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js';

/** The leaves 0 up to `size`, as the roots of their perfect subtrees, largest first. */
export interface CompactRange {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const EMPTY_RANGE: CompactRange = { size: 0, hashes: [] };

/** A range whose hashes do not fit its size, or that would outgrow 2^53-1 leaves: `code` is 'bad-range'. */
export class BadRange extends Failure {
  constructor(message: string) {
    super('bad-range', message);
  }
}

/**
 * The range with more leaves at its end. `onNode` gets every interior node that becomes complete: the hash of
 * the 2^level leaves from index * 2^level on, level 1 and up, a node always after the nodes below it.
 * Throws BadRange and BadHash, and then has told nothing.
 */
export function appendLeaves(
  range: CompactRange,
  leafHashes: readonly Uint8Array[],
  onNode?: (level: number, index: number, hash: Uint8Array) => void,
): CompactRange {
  checkRange(range);
  const size = range.size + leafHashes.length;
  if (!Number.isSafeInteger(size)) throw new BadRange('a log holds at most 2^53-1 entries');
  checkHashes(leafHashes);
  const hashes = [...range.hashes];
  let leafIndex = range.size;
  for (const leaf of leafHashes) {
    let hash = leaf;
    let index = leafIndex;
    for (let level = 1; index % 2 === 1; level += 1) {
      hash = nodeHash(hashes.pop() as Uint8Array, hash);
      index = (index - 1) / 2;
      onNode?.(level, index, hash);
    }
    hashes.push(hash);
    leafIndex += 1;
  }
  // A leaf hash may be a view into a whole message; a range, which is kept for long, owns its bytes.
  return { size, hashes: hashes.map((hash) => new Uint8Array(hash)) };
}

/** The root hash of the leaves in the range. Throws BadRange and BadHash. */
export function rootOf(range: CompactRange): Uint8Array {
  checkRange(range);
  return rootOfSubtrees(range.hashes);
}

/** The root over adjacent perfect subtrees, largest first: the smaller ones are joined first. */
export function rootOfSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT;
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

function checkRange(range: CompactRange): void {
  if (!Number.isSafeInteger(range.size) || range.size < 0) {
    throw new BadRange(`${range.size} is not a number of leaves`);
  }
  const expected = subtreesOf(range.size);
  if (range.hashes.length !== expected) {
    throw new BadRange(`a range of ${range.size} leaves has ${expected} hashes, not ${range.hashes.length}`);
  }
  checkHashes(range.hashes);
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  for (const { length } of hashes) if (length !== HASH_BYTES) throw new BadHash(length);
}

function subtreesOf(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
