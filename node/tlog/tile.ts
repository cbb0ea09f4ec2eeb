// Tiles and entry bundles, C2SP tlog-tiles: 256 hashes, or 256 entries, to an object.
//
//   tile/0/x001/x234/067          leaf hashes 1234067 * 256 and on, 256 of them, 32 bytes each
//   tile/1/000.p/17               the roots of the first 17 full tiles of level 0
//   tile/entries/000.p/112        the first 112 entries:  00 05 h e l l o  00 00  00 02 h i ...

import { Failure } from '../failure.js';
import { HASH_BYTES, nodeHash } from './hash.js';
import type { NodeReader } from './proof.js';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** A tile spans this many levels of the tree. */
const TILE_HEIGHT = 8;

/** The specification's bound on the level of a tile. */
const MAX_TILE_LEVEL = 63;

/** Two bytes hold an entry's length. */
const MAX_ENTRY_BYTES = 65535;

/** A tile, or the place of one, that cannot be: `code` is 'bad-tile'. */
export class BadTile extends Failure {
  constructor(message: string) {
    super('bad-tile', message);
  }
}

/** Bytes that are no entry bundle, or entries that fit none: `code` is 'bad-bundle'. */
export class BadBundle extends Failure {
  constructor(message: string) {
    super('bad-bundle', message);
  }
}

export interface TilePlace {
  readonly level: number;
  readonly index: number;
  /** 1 to 255 for a partial tile, 256 for a full one. */
  readonly width: number;
}

/** Where a tile of hashes is served. Throws BadTile. */
export function tilePath(level: number, index: number, width: number = TILE_WIDTH): string {
  if (!Number.isInteger(level) || level < 0 || level > MAX_TILE_LEVEL) {
    throw new BadTile(`a tile's level is 0 to ${MAX_TILE_LEVEL}, not ${level}`);
  }
  return `tile/${level}/${indexAndWidth(index, width)}`;
}

/** Where a bundle of entries is served. Throws BadTile. */
export function bundlePath(index: number, width: number = TILE_WIDTH): string {
  return `tile/entries/${indexAndWidth(index, width)}`;
}

/** Reads what `tilePath` prints, and nothing else. Throws BadTile. */
export function parseTilePath(path: string): TilePlace {
  const match = /^tile\/([0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) throw notATilePath(path);
  const [, level, groups, width] = match as unknown as [string, string, string, string | undefined];
  const place = {
    level: Number(level),
    index: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (tilePath(place.level, place.index, place.width) !== path) throw notATilePath(path);
  return place;
}

function notATilePath(path: string): BadTile {
  return new BadTile(`${JSON.stringify(path.slice(0, 60))} is not the path of a tile`);
}

function indexAndWidth(index: number, width: number): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new BadTile(`${index} is not the index of a tile`);
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new BadTile(`a tile's width is 1 to ${TILE_WIDTH}, not ${width}`);
  }
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/[0-9]{3}/g) as string[];
  const last = groups.pop();
  return `${groups.map((group) => `x${group}/`).join('')}${last}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** Up to 256 entries, each after its length in two bytes, big-endian. Throws BadBundle. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) {
    throw new BadBundle(`a bundle holds ${TILE_WIDTH} entries, not ${entries.length}`);
  }
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new BadBundle(`an entry of a bundle has at most ${MAX_ENTRY_BYTES} bytes, not ${entry.length}`);
    }
    view.setUint16(at, entry.length);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/** The entries of a bundle, as views into its bytes. Throws BadBundle. */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (entries.length === TILE_WIDTH) throw new BadBundle(`a bundle holds at most ${TILE_WIDTH} entries`);
    if (bytes.length - at < 2)
      throw new BadBundle(`the bundle ends within the length of entry ${entries.length}`);
    const start = at + 2;
    const end = start + view.getUint16(at);
    if (end > bytes.length) throw new BadBundle(`the bundle ends within entry ${entries.length}`);
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  return entries;
}

export interface NodeInTile {
  readonly tileLevel: number;
  readonly tileIndex: number;
  /** The first of the tile's hashes that lie below the node. */
  readonly first: number;
  /** How many do: 1 where the tile holds the node itself, up to 128. */
  readonly count: number;
}

/** The tile, and the run of hashes in it, that the subtree of 2^level leaves at `index` is computed from. */
export function nodeInTile(level: number, index: number): NodeInTile {
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  return {
    tileLevel: Math.floor(level / TILE_HEIGHT),
    tileIndex: Math.floor(first / TILE_WIDTH),
    first: first % TILE_WIDTH,
    count,
  };
}

/**
 * Reads nodes out of stored tiles; `readTile` gives as many of a tile's 256 hashes as there are. A proof asks
 * for many nodes of few tiles at once: those that are asked for while a tile is being read share that read.
 * Nothing is kept after it, because the last tile of each level grows. The reader throws BadTile.
 */
export function tileNodeReader(
  readTile: (tileLevel: number, tileIndex: number) => Promise<Uint8Array>,
): NodeReader {
  const underway = new Map<string, Promise<Uint8Array>>();

  function read(tileLevel: number, tileIndex: number): Promise<Uint8Array> {
    const key = `${tileLevel}/${tileIndex}`;
    const shared = underway.get(key);
    if (shared !== undefined) return shared;
    const tile = readTile(tileLevel, tileIndex).finally(() => underway.delete(key));
    underway.set(key, tile);
    return tile;
  }

  return async (level, index) => {
    const { tileLevel, tileIndex, first, count } = nodeInTile(level, index);
    const tile = await read(tileLevel, tileIndex);
    if (tile.length % HASH_BYTES !== 0 || tile.length > TILE_WIDTH * HASH_BYTES) {
      throw new BadTile(`tile ${tileIndex} of level ${tileLevel} has ${tile.length} bytes`);
    }
    if (tile.length < (first + count) * HASH_BYTES) {
      throw new BadTile(
        `tile ${tileIndex} of level ${tileLevel} has ${tile.length / HASH_BYTES} hashes, ${first + count} are needed`,
      );
    }
    return perfectRoot(tile, first, count);
  };
}

/** The root over `count` hashes of a tile, a power of two. */
function perfectRoot(tile: Uint8Array, first: number, count: number): Uint8Array {
  if (count === 1) return tile.subarray(first * HASH_BYTES, (first + 1) * HASH_BYTES);
  const middle = count / 2;
  return nodeHash(perfectRoot(tile, first, middle), perfectRoot(tile, first + middle, middle));
}
