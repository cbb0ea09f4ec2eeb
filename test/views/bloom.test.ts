import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { u32 } from '../../node/views/binary.js';
import { Bloom } from '../../node/views/bloom.js';
import { GrowingBloom } from '../../node/views/growing-bloom.js';

type Key = [kind: number, high: number, low: number];

const KEYS = 50_000;

/** Keys as good as random, all different: what hashes look like. */
function* keysFrom(seed: number): Generator<Key> {
  for (let n = seed; ; n++)
    yield [n & 3, Math.imul(n, 0x9e3779b1) >>> 0, Math.imul(n ^ seed, 0x85ebca6b) >>> 0];
}

function take(seed: number, count: number): Key[] {
  const keys: Key[] = [];
  for (const key of keysFrom(seed)) if (keys.push(key) === count) return keys;
  return keys;
}

describe('a Bloom filter', () => {
  it('knows every key that was added, whatever the keys and its size', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const key = fc.tuple(fc.integer({ min: 0, max: 255 }), word, word);
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), fc.integer({ min: 0, max: 300 }), (keys, room) => {
        const bloom = Bloom.forKeys(room);
        for (const added of keys) bloom.add(...added);
        const again = new Bloom(bloom.bytes.slice());
        expect(keys.every((added) => bloom.mayHave(...added) && again.mayHave(...added))).toBe(true);
      }),
    );
  });

  it('takes fewer than one key in 2,500 that were not added for one that was, when it is full', () => {
    const bloom = Bloom.forKeys(KEYS);
    expect(bloom.capacity).toBeGreaterThanOrEqual(KEYS);
    for (const added of take(1, KEYS)) bloom.add(...added);
    const mistaken = take(1_000_000_007, 200_000).filter((key) => bloom.mayHave(...key)).length;
    expect(mistaken).toBeLessThan(80);
  });
});

describe('a growing Bloom filter', () => {
  it('knows every key, and mistakes few others for one, however many come', () => {
    const bloom = new GrowingBloom(1000);
    for (const [kind, high, low] of take(1, KEYS)) {
      bloom.add(String.fromCharCode(kind) + u32(high) + u32(low));
    }
    expect(take(1, KEYS).every((key) => bloom.mayHave(...key))).toBe(true);
    const mistaken = take(1_000_000_007, 200_000).filter((key) => bloom.mayHave(...key)).length;
    expect(mistaken).toBeLessThan(1000);
    const apart = bloom.parts().map((bytes) => new Bloom(bytes));
    expect(take(1, KEYS).every((key) => apart.some((part) => part.mayHave(...key)))).toBe(true);
    expect(apart.length).toBeLessThan(8);
  });

  it('has room for a key once, however often it comes', () => {
    const bloom = new GrowingBloom(1000);
    for (let n = 0; n < 10_000; n++) bloom.add(`\x01${u32(n % 10)}${u32(n % 10)}`);
    expect(bloom.parts().length).toBe(1);
  });

  it('has no parts before a key comes', () => {
    expect(new GrowingBloom(1000).parts()).toEqual([]);
  });
});
