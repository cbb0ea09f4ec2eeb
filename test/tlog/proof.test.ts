import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompactRange, rootOf } from '../../node/tlog/compact-range.js';
import { EMPTY_ROOT, nodeHash } from '../../node/tlog/hash.js';
import {
  consistencyProof,
  inclusionProof,
  NoSuchProof,
  rangeAt,
  rootAt,
  verifyConsistency,
  verifyInclusion,
} from '../../node/tlog/proof.js';
import { aLog } from './a-log.js';
import { haveVectors, readVectors, vectorFiles } from './vectors.js';

/** Enough for a tile of level 2. */
const ENTRIES = 70_000;
const log = aLog({ entries: ENTRIES });
const root = (size: number) => rootOf(log.ranges[size] as CompactRange);
const leaf = (index: number) => log.leaves[index] as Uint8Array;

/** Small trees show every shape of the right edge, large ones every level of tiles. */
const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: ENTRIES }));
const entryAndSize = size.chain((n) => fc.tuple(fc.nat({ max: n - 1 }), fc.constant(n)));
const twoSizes = fc.tuple(size, size).map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)));

/** Every way to spoil a proof in one place, `at` saying where. */
function spoilt(path: readonly Uint8Array[], at: number): Uint8Array[][] {
  const i = path.length === 0 ? 0 : at % path.length;
  const added = [...path.slice(0, i), EMPTY_ROOT, ...path.slice(i)];
  const hash = path[i];
  if (hash === undefined) return [added];
  const flipped = Uint8Array.from(hash);
  flipped[at % 32] = (flipped[at % 32] as number) ^ (1 << (at % 8));
  return [
    added,
    [...path, EMPTY_ROOT],
    path.with(i, flipped),
    path.with(i, hash.subarray(0, 31)),
    path.with(i, Buffer.concat([hash, new Uint8Array(1)])),
    path.toSpliced(i, 1),
    ...(path.length > 1 ? [path.toReversed()] : []),
  ];
}

describe('a compact range', () => {
  it('read from tiles is the one that the leaves have made', async () => {
    await fc.assert(
      fc.asyncProperty(size, async (n) => {
        expect(await rangeAt(n, log.read)).toEqual(log.ranges[n]);
      }),
    );
    expect(await rangeAt(0, log.read)).toEqual(log.ranges[0]);
    await expect(rangeAt(-1, log.read)).rejects.toThrow(NoSuchProof);
  });
});

describe('an inclusion proof', () => {
  it('made from tiles verifies, and spoilt does not', async () => {
    await fc.assert(
      fc.asyncProperty(entryAndSize, fc.nat(), async ([index, n], at) => {
        const path = await inclusionProof(index, n, log.read);
        expect(verifyInclusion(index, n, leaf(index), path, root(n))).toBe(true);
        for (const bad of spoilt(path, at)) {
          expect(verifyInclusion(index, n, leaf(index), bad, root(n))).toBe(false);
        }
        const other = at % n;
        expect(verifyInclusion(other, n, leaf(index), path, root(n))).toBe(other === index);
        expect(verifyInclusion(index, n, EMPTY_ROOT, path, root(n))).toBe(false);
        expect(verifyInclusion(index, n, leaf(index), path, EMPTY_ROOT)).toBe(false);
      }),
      { numRuns: 80 },
    );
  });

  it('is not there for an entry beyond the log', async () => {
    for (const [index, n] of [
      [7, 7],
      [0, 0],
      [-1, 7],
      [0.5, 7],
      [0, 2 ** 53],
    ] as const) {
      await expect(inclusionProof(index, n, log.read)).rejects.toThrow(NoSuchProof);
      expect(verifyInclusion(index, n, leaf(0), [], leaf(0))).toBe(false);
    }
  });
});

describe('a consistency proof', () => {
  it('made from tiles verifies, and spoilt does not', async () => {
    await fc.assert(
      fc.asyncProperty(twoSizes, fc.nat(), async ([m, n], at) => {
        const path = await consistencyProof(m, n, log.read);
        expect(verifyConsistency(m, n, root(m), root(n), path)).toBe(true);
        for (const bad of spoilt(path, at)) {
          expect(verifyConsistency(m, n, root(m), root(n), bad)).toBe(false);
        }
        expect(verifyConsistency(m, n, EMPTY_ROOT, root(n), path)).toBe(false);
        expect(verifyConsistency(m, n, root(m), EMPTY_ROOT, path)).toBe(false);
        expect(verifyConsistency(m, n, root(n), root(m), path)).toBe(m === n);
      }),
      { numRuns: 80 },
    );
  });

  it('reads no subtree twice, and as few as its hashes are made of', async () => {
    await fc.assert(
      fc.asyncProperty(twoSizes, async ([m, n]) => {
        const reads: string[] = [];
        const path = await consistencyProof(m, n, (level, index) => {
          reads.push(`${level}/${index}`);
          return log.read(level, index);
        });
        expect(new Set(reads).size).toBe(reads.length);
        const extra =
          (log.ranges[m] as CompactRange).hashes.length + (log.ranges[n] as CompactRange).hashes.length;
        expect(reads.length).toBeLessThanOrEqual(path.length + extra);
      }),
      { numRuns: 40 },
    );
  });

  it('from the empty log is empty, and from the log to itself', async () => {
    expect(await consistencyProof(0, 9, log.read)).toEqual([]);
    expect(await consistencyProof(9, 9, log.read)).toEqual([]);
    expect(verifyConsistency(0, 9, EMPTY_ROOT, root(9), [])).toBe(true);
    expect(verifyConsistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])).toBe(true);
    expect(verifyConsistency(0, 9, EMPTY_ROOT, root(9), [EMPTY_ROOT])).toBe(false);
    expect(verifyConsistency(0, 9, root(1), root(9), [])).toBe(false);
    expect(verifyConsistency(9, 9, root(9), root(9), [])).toBe(true);
    expect(verifyConsistency(9, 9, root(9), root(8), [])).toBe(false);
    expect(verifyConsistency(9, 9, root(9), root(9), [EMPTY_ROOT])).toBe(false);
  });

  it('is not there for a log that was longer before', async () => {
    await expect(consistencyProof(8, 7, log.read)).rejects.toThrow(NoSuchProof);
    expect(verifyConsistency(8, 7, root(8), root(7), [])).toBe(false);
  });

  it('takes sizes beyond 32 bits', async () => {
    const n = 2 ** 53 - 1;
    const levels = [EMPTY_ROOT];
    for (let level = 0; level < 53; level += 1) {
      const below = levels[level] as Uint8Array;
      levels.push(nodeHash(below, below));
    }
    const same = async (level: number) => levels[level] as Uint8Array;
    const path = await consistencyProof(2 ** 52, n, same);
    expect(path).toHaveLength(1);
    expect(verifyConsistency(2 ** 52, n, levels[52] as Uint8Array, await rootAt(n, same), path)).toBe(true);
    const deep = await inclusionProof(2 ** 40 + 1, n, same);
    expect(deep).toHaveLength(53);
    expect(verifyInclusion(2 ** 40 + 1, n, EMPTY_ROOT, deep, await rootAt(n, same))).toBe(true);
  });
});

describe('the root of an earlier size', () => {
  it('is what the compact range had then', async () => {
    expect(await rootAt(0, log.read)).toEqual(EMPTY_ROOT);
    await fc.assert(
      fc.asyncProperty(size, async (n) => {
        expect(await rootAt(n, log.read)).toEqual(root(n));
      }),
      { numRuns: 40 },
    );
    await expect(rootAt(-1, log.read)).rejects.toThrow(NoSuchProof);
  });
});

interface Vector {
  readonly desc: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
}
interface InclusionVector extends Vector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
}
interface ConsistencyVector extends Vector {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
}

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const have = haveVectors('merkle');
const files = (kind: string) => (have ? vectorFiles(kind) : []);

describe.skipIf(!have)('the proofs of transparency-dev/merkle', () => {
  it.each(files('merkle/inclusion'))('%s is judged as there', (file) => {
    const v = readVectors<InclusionVector>(file);
    const path = (v.proof ?? []).map(bytes);
    expect(verifyInclusion(v.leafIdx, v.treeSize, bytes(v.leafHash), path, bytes(v.root))).toBe(!v.wantErr);
  });

  it.each(files('merkle/consistency'))('%s is judged as there', (file) => {
    const v = readVectors<ConsistencyVector>(file);
    const path = (v.proof ?? []).map(bytes);
    expect(verifyConsistency(v.size1, v.size2, bytes(v.root1), bytes(v.root2), path)).toBe(!v.wantErr);
  });
});
