import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BadBundle,
  BadTile,
  bundlePath,
  decodeBundle,
  encodeBundle,
  nodeInTile,
  parseTilePath,
  tileNodeReader,
  tilePath,
} from '../../node/tlog/tile.js';
import { aLog, naiveRoot } from './a-log.js';

describe('the path of a tile', () => {
  it('is written as in C2SP tlog-tiles', () => {
    expect(tilePath(0, 1234067)).toBe('tile/0/x001/x234/067');
    expect(tilePath(1, 0, 17)).toBe('tile/1/000.p/17');
    expect(tilePath(63, 2 ** 53 - 1, 256)).toBe('tile/63/x009/x007/x199/x254/x740/991');
    expect(bundlePath(273, 112)).toBe('tile/entries/273.p/112');
    expect(bundlePath(1000)).toBe('tile/entries/x001/000');
  });

  it('is read back as it was written', () => {
    const place = fc.record({
      level: fc.integer({ min: 0, max: 63 }),
      index: fc.oneof(fc.nat(), fc.maxSafeNat()),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(place, (tile) => {
        expect(parseTilePath(tilePath(tile.level, tile.index, tile.width))).toEqual(tile);
      }),
    );
  });

  it.each([
    'tile/0/067.p/256',
    'tile/0/067.p/0',
    'tile/0/067.p/01',
    'tile/00/067',
    'tile/64/067',
    'tile/0/67',
    'tile/0/x000/067',
    'tile/0/001/067',
    'tile/0/x067',
    'tile/0/067/',
    'tile/0/067\n',
    '/tile/0/067',
    'tile/entries/067',
    'tile/0/x999/x999/x999/x999/x999/999',
    '',
  ])('%j is refused', (path) => {
    expect(() => parseTilePath(path)).toThrow(BadTile);
  });

  it('is not made for places that cannot be', () => {
    expect(() => tilePath(64, 0)).toThrow(BadTile);
    expect(() => tilePath(0, -1)).toThrow(BadTile);
    expect(() => tilePath(0, 0.5)).toThrow(BadTile);
    expect(() => bundlePath(0, 0)).toThrow(BadTile);
    expect(() => bundlePath(0, 257)).toThrow(BadTile);
  });
});

describe('an entry bundle', () => {
  it('is each entry after its length', () => {
    const bundle = encodeBundle([Buffer.from('hello'), new Uint8Array(0), Buffer.from('hi')]);
    expect(Buffer.from(bundle).toString('hex')).toBe('000568656c6c6f000000026869');
  });

  it('gives back the entries that went in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        expect(decodeBundle(encodeBundle(entries))).toEqual(entries);
      }),
    );
  });

  it('is refused where it was cut off, and never with another error', () => {
    const bundle = encodeBundle([Buffer.from('hello'), Buffer.from('hi')]);
    const whole = new Set([0, 7, bundle.length]);
    for (let length = 0; length <= bundle.length; length += 1) {
      if (whole.has(length)) expect(() => decodeBundle(bundle.subarray(0, length))).not.toThrow();
      else expect(() => decodeBundle(bundle.subarray(0, length))).toThrow(BadBundle);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
        try {
          expect(encodeBundle(decodeBundle(garbage))).toEqual(garbage);
        } catch (error) {
          expect(error).toBeInstanceOf(BadBundle);
        }
      }),
    );
  });

  it('takes 256 entries and 65535 bytes each, and no more', () => {
    const none = new Uint8Array(0);
    expect(decodeBundle(encodeBundle(Array(256).fill(none)))).toHaveLength(256);
    expect(() => encodeBundle(Array(257).fill(none))).toThrow(BadBundle);
    expect(() => decodeBundle(new Uint8Array(2 * 257))).toThrow(BadBundle);
    expect(decodeBundle(encodeBundle([new Uint8Array(65535)]))[0]).toHaveLength(65535);
    expect(() => encodeBundle([new Uint8Array(65536)])).toThrow(BadBundle);
  });

  it('copies no entry when it is read', () => {
    const bundle = encodeBundle([Buffer.from('hello')]);
    expect(decodeBundle(bundle)[0]?.buffer).toBe(bundle.buffer);
  });
});

describe('stored tiles', () => {
  const log = aLog({ entries: 1000 });

  it('are as many and as wide as the size of the log says', () => {
    const widths = [...log.tiles].map(([key, tile]) => [key, tile.length / 32]);
    expect(Object.fromEntries(widths)).toEqual({ '0/0': 256, '0/1': 256, '0/2': 256, '0/3': 232, '1/0': 3 });
  });

  it('hold, or give by hashing, every perfect subtree', async () => {
    for (let level = 0; level <= 9; level += 1) {
      const width = 2 ** level;
      for (let index = 0; (index + 1) * width <= 1000; index += Math.max(1, 128 / width)) {
        const expected = naiveRoot(log.leaves.slice(index * width, (index + 1) * width));
        expect(await log.read(level, index)).toEqual(expected);
      }
    }
  });

  it('are found for any node', () => {
    expect(nodeInTile(0, 300)).toEqual({ tileLevel: 0, tileIndex: 1, first: 44, count: 1 });
    expect(nodeInTile(7, 3)).toEqual({ tileLevel: 0, tileIndex: 1, first: 128, count: 128 });
    expect(nodeInTile(8, 3)).toEqual({ tileLevel: 1, tileIndex: 0, first: 3, count: 1 });
    expect(nodeInTile(17, 5)).toEqual({ tileLevel: 2, tileIndex: 0, first: 10, count: 2 });
    expect(nodeInTile(0, 2 ** 53 - 1)).toEqual({
      tileLevel: 0,
      tileIndex: 2 ** 45 - 1,
      first: 255,
      count: 1,
    });
  });

  it('give no node that is not complete', async () => {
    await expect(log.read(0, 1000)).rejects.toThrow(BadTile);
    await expect(log.read(4, 62)).rejects.toThrow(BadTile);
    await expect(log.read(8, 3)).rejects.toThrow(BadTile);
    for (const length of [33, 257 * 32]) {
      const odd = tileNodeReader(async () => new Uint8Array(length));
      await expect(odd(0, 0)).rejects.toThrow(BadTile);
    }
  });

  it('are read once for the nodes that are asked for together, and anew later', async () => {
    let reads = 0;
    const read = tileNodeReader(async () => {
      reads += 1;
      return log.tiles.get('0/0') as Uint8Array;
    });
    await Promise.all([read(0, 1), read(3, 2), read(7, 0)]);
    expect(reads).toBe(1);
    await read(0, 1);
    expect(reads).toBe(2);
  });
});
