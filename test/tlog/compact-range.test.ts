import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendLeaves, BadRange, EMPTY_RANGE, rootOf } from '../../node/tlog/compact-range.js';
import { BadHash, EMPTY_ROOT, leafHash, nodeHash } from '../../node/tlog/hash.js';
import { aLog, naiveRoot } from './a-log.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the hashes of a log', () => {
  it('are those of RFC 6962 for the empty log and the empty entry', () => {
    expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(leafHash(new Uint8Array(0)))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  it('tell an entry from a node with the same bytes', () => {
    const [left, right] = [leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))];
    expect(hex(nodeHash(left, right))).not.toBe(hex(leafHash(Buffer.concat([left, right]))));
  });

  it('do not change when later ones are made', () => {
    const first = leafHash(Buffer.from('first'));
    const before = hex(first);
    leafHash(new Uint8Array(70_000));
    nodeHash(first, first);
    expect(hex(first)).toBe(before);
  });

  it('are made of whole hashes only', () => {
    const short = leafHash(Buffer.from('a')).subarray(1);
    expect(() => nodeHash(short, EMPTY_ROOT)).toThrow(BadHash);
    expect(() => nodeHash(EMPTY_ROOT, short)).toThrow(BadHash);
    const told = () => expect.unreachable('no node is complete');
    expect(() => appendLeaves(EMPTY_RANGE, [EMPTY_ROOT, EMPTY_ROOT, short], told)).toThrow(BadHash);
    expect(() => rootOf({ size: 1, hashes: [short] })).toThrow(BadHash);
  });
});

describe('a compact range', () => {
  const { leaves } = aLog({ entries: 600 });

  it('of no leaves has the root of the empty log', () => {
    expect(rootOf(EMPTY_RANGE)).toEqual(EMPTY_ROOT);
  });

  it('has the root that the recursive definition gives, however the leaves came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 130 }), { minLength: 1, maxLength: 4 }), (batches) => {
        let range = EMPTY_RANGE;
        for (const batch of batches)
          range = appendLeaves(range, leaves.slice(range.size, range.size + batch));
        if (range.size > 0) expect(rootOf(range)).toEqual(naiveRoot(leaves.slice(0, range.size)));
      }),
      { numRuns: 60 },
    );
  });

  it('tells every interior node once, when it is complete', () => {
    const told = new Map<string, Uint8Array>();
    let range = EMPTY_RANGE;
    for (const size of [1, 6, 300]) {
      range = appendLeaves(range, leaves.slice(range.size, size), (level, index, hash) => {
        expect(told.has(`${level}/${index}`)).toBe(false);
        told.set(`${level}/${index}`, hash);
      });
    }
    expect(told.size).toBe(150 + 75 + 37 + 18 + 9 + 4 + 2 + 1);
    for (const [key, hash] of told) {
      const [level, index] = key.split('/').map(Number) as [number, number];
      expect(hash).toEqual(naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
    }
  });

  it('is left as it was by what is appended to it', () => {
    const three = appendLeaves(EMPTY_RANGE, leaves.slice(0, 3));
    const root = hex(rootOf(three));
    appendLeaves(three, leaves.slice(3, 9));
    expect(hex(rootOf(three))).toBe(root);
  });

  it('goes on beyond what 32 bits count', () => {
    const size = 2 ** 53 - 2;
    const hashes = Array.from({ length: 52 }, () => EMPTY_ROOT);
    const last = appendLeaves({ size, hashes }, leaves.slice(0, 1));
    expect(last.size).toBe(2 ** 53 - 1);
    expect(last.hashes).toHaveLength(53);
    expect(() => appendLeaves(last, leaves.slice(0, 1))).toThrow(BadRange);
  });

  it('whose hashes do not fit its size is refused', () => {
    const [leaf] = leaves as [Uint8Array];
    for (const range of [
      { size: 3, hashes: [leaf] },
      { size: 0, hashes: [leaf] },
      { size: -1, hashes: [leaf] },
      { size: 1.5, hashes: [leaf, leaf] },
    ]) {
      expect(() => appendLeaves(range, [leaf])).toThrow(BadRange);
      expect(() => rootOf(range)).toThrow(BadRange);
    }
  });
});
