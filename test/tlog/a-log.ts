// A log in memory for the tests: its leaves, its tiles as a store would hold them, its range at every size.

import { appendLeaves, type CompactRange, EMPTY_RANGE } from '../../node/tlog/compact-range.js';
import { leafHash, nodeHash } from '../../node/tlog/hash.js';
import type { NodeReader } from '../../node/tlog/proof.js';
import { tileNodeReader } from '../../node/tlog/tile.js';

export interface TestLog {
  readonly leaves: readonly Uint8Array[];
  /** The compact range of the first n leaves, by n. */
  readonly ranges: readonly CompactRange[];
  readonly tiles: ReadonlyMap<string, Uint8Array>;
  readonly read: NodeReader;
}

export function aLog({ entries }: { entries: number }): TestLog {
  const leaves = Array.from({ length: entries }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
  const parts = new Map<string, Uint8Array[]>();
  const keep = (tileLevel: number, index: number, hash: Uint8Array) => {
    const key = `${tileLevel}/${Math.floor(index / 256)}`;
    const tile = parts.get(key);
    if (tile === undefined) parts.set(key, [hash]);
    else tile.push(hash);
  };
  const ranges = [EMPTY_RANGE];
  leaves.forEach((leaf, i) => {
    keep(0, i, leaf);
    const range = appendLeaves(ranges[i] as CompactRange, [leaf], (level, index, hash) => {
      if (level % 8 === 0) keep(level / 8, index, hash);
    });
    ranges.push(range);
  });
  const tiles = new Map([...parts].map(([key, hashes]) => [key, new Uint8Array(Buffer.concat(hashes))]));
  const read = tileNodeReader(async (level, index) => tiles.get(`${level}/${index}`) ?? new Uint8Array(0));
  return { leaves, ranges, tiles, read };
}

/** MTH(D_n) as RFC 6962 section 2.1 defines it, for n > 0. */
export function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}
