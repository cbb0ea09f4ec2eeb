// The growing end of a log in memory, and what a commit writes when it grows (C2SP tlog-tiles geometry).
//
//   tile/entries/000     256 entries, two bytes of length each; a hole has length 0
//   tile/0/000           their leaf hashes, 8 KiB; tile/1/000 grows by one hash with every full bundle
//   holes/<bundle>       the holes of one bundle
//   tail/<index>         a piece of the growing bundle: entries that one commit brought, or the pieces of a row of 16
//                        entries once the row is full; gone when the bundle is full

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type StoredHead, StoredHolesSchema } from '../../proto/gen/icse/store/v1/store_pb.js';
import type { Hole } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import { appendLeaves, type CompactRange, EMPTY_RANGE, rootOf } from '../tlog/compact-range.js';
import { bundlePath, decodeBundle, encodeBundle, TILE_WIDTH, tilePath } from '../tlog/tile.js';
import type { HashedRun } from './hashed-run.js';
import { isHole, type LogItem, leafHashOf } from './item.js';

/** The end of a log at one size; never changed in place. */
export interface Tail {
  readonly range: CompactRange;
  /** The places of the growing bundle, at most 255, and their leaf hashes. */
  readonly items: readonly LogItem[];
  readonly hashes: readonly Uint8Array[];
  /** edges[k]: the hashes of the growing tile of level k + 1, at most 255. */
  readonly edges: readonly (readonly Uint8Array[])[];
  /** First indices of the stored pieces of the growing bundle. */
  readonly pieces: readonly number[];
}

export const EMPTY_TAIL: Tail = { range: EMPTY_RANGE, items: [], hashes: [], edges: [], pieces: [] };

export interface Growth {
  readonly tail: Tail;
  readonly puts: [string, Uint8Array][];
  readonly deletes: string[];
}

/** Every commit writes down where the pieces begin: single entries would make that as much as they are themselves. */
const ROW = 16;
const NO_BYTES = new Uint8Array(0);

export function holesKey(bundle: number): string {
  return `holes/${bundle}`;
}

function pieceKey(start: number): string {
  return `tail/${start}`;
}

export function encodeHoles(items: readonly LogItem[]): Uint8Array {
  return toBinary(StoredHolesSchema, create(StoredHolesSchema, { holes: items.filter(isHole) }));
}

export function decodeHoles(bytes: Uint8Array): Hole[] {
  return fromBinary(StoredHolesSchema, bytes).holes;
}

/** Entry bytes of a bundle or piece, holes as empty entries. */
export function encodeItems(items: readonly LogItem[]): Uint8Array {
  return encodeBundle(items.map((item) => (isHole(item) ? NO_BYTES : item)));
}

/** The places of a bundle or piece; `holes` are those of its bundle. `first` is the index of its first place. */
export function decodeItems(bytes: Uint8Array, first: number, holes: readonly Hole[]): LogItem[] {
  return decodeBundle(bytes).map((entry, offset) => {
    if (entry.length > 0) return entry;
    const hole = holes.find((candidate) => Number(candidate.index) === first + offset);
    if (hole === undefined)
      throw new Failure('store-damaged', `no hole is on record for index ${first + offset}`);
    return hole;
  });
}

/** What a log looks like with `items`, hashed after its end, and what has to be written for it. Pure. */
export function growTail(tail: Tail, items: readonly LogItem[], hashed: HashedRun): Growth {
  const puts = new Map<string, Uint8Array>();
  const deletes: string[] = [];
  const { leaves, range, bundleRoots } = hashed;
  const edges = tail.edges.map((edge) => [...edge]);
  let size = tail.range.size;
  let pieceStart = size;
  let pending = [...tail.items];
  let hashes = [...tail.hashes];
  let pieces = [...tail.pieces];

  for (const [offset, item] of items.entries()) {
    pending.push(item);
    hashes.push(leaves[offset] as Uint8Array);
    size++;
    if (pending.length < TILE_WIDTH) continue;
    const bundle = size / TILE_WIDTH - 1;
    puts.set(bundlePath(bundle), encodeItems(pending));
    puts.set(tilePath(0, bundle), Buffer.concat(hashes));
    if (pending.some(isHole)) puts.set(holesKey(bundle), encodeHoles(pending));
    deletes.push(...pieces.map(pieceKey));
    pushEdge(edges, 0, bundleRoots.get(bundle) as Uint8Array, bundle, puts);
    pending = [];
    hashes = [];
    pieces = [];
    pieceStart = size;
  }
  if (pending.length > 0 && size > pieceStart) {
    const added = pending.slice(pending.length - (size - pieceStart));
    const first = firstOfRow(pieces, pieceStart, size);
    deletes.push(...pieces.filter((piece) => piece > first).map(pieceKey));
    pieces = [...pieces.filter((piece) => piece < first), first];
    puts.set(pieceKey(first), encodeItems(pending.slice(pending.length - (size - first))));
    // The tail stays for long; a view into a message would hold the whole message in memory.
    const from = pending.length - added.length;
    for (const [offset, item] of added.entries()) {
      if (item instanceof Uint8Array) pending[from + offset] = new Uint8Array(item);
    }
    if (added.some(isHole)) puts.set(holesKey(Math.floor(size / TILE_WIDTH)), encodeHoles(pending));
  }
  return { tail: { range, items: pending, hashes, edges, pieces }, puts: [...puts], deletes };
}

/** Where the piece begins that a commit at [start, size) writes: with those of its row when it makes the row full. */
function firstOfRow(pieces: readonly number[], start: number, size: number): number {
  const row = start - (start % ROW);
  if (size - row < ROW) return start;
  return pieces.find((piece) => piece >= row) ?? start;
}

/**
 * What is written when places are replaced by others of the same leaf hash. `bundles` are the full bundles concerned,
 * by first index; places of the growing one are replaced in the tail. Pure.
 */
export function replacePlaces(
  tail: Tail,
  bundles: ReadonlyMap<number, readonly LogItem[]>,
  fresh: ReadonlyMap<number, LogItem>,
): { tail: Tail; puts: [string, Uint8Array][] } {
  const puts: [string, Uint8Array][] = [];
  const replaced = (start: number, items: readonly LogItem[]): LogItem[] =>
    items.map((item, offset) => fresh.get(start + offset) ?? item);
  for (const [start, items] of bundles) {
    const now = replaced(start, items);
    puts.push([holesKey(start / TILE_WIDTH), encodeHoles(now)]);
    puts.push([bundlePath(start / TILE_WIDTH), encodeItems(now)]);
  }
  const start = tail.range.size - tail.items.length;
  const items = replaced(start, tail.items);
  if (items.every((item, offset) => item === tail.items[offset])) return { tail, puts };
  puts.push([holesKey(start / TILE_WIDTH), encodeHoles(items)]);
  for (const [at, piece] of tail.pieces.entries()) {
    const end = tail.pieces[at + 1] ?? tail.range.size;
    puts.push([pieceKey(piece), encodeItems(items.slice(piece - start, end - start))]);
  }
  return { tail: { ...tail, items }, puts };
}

/** Adds the hash of the full tile `index` of level `depth` to the tile above, and goes on upwards when that is full. */
function pushEdge(
  edges: Uint8Array[][],
  depth: number,
  hash: Uint8Array,
  index: number,
  puts: Map<string, Uint8Array>,
): void {
  const edge = edges[depth] ?? [];
  edges[depth] = edge;
  edge.push(hash);
  const above = Math.floor(index / TILE_WIDTH);
  puts.set(tilePath(depth + 1, above), Buffer.concat(edge));
  if (edge.length < TILE_WIDTH) return;
  edges[depth] = [];
  pushEdge(edges, depth + 1, rootOf(appendLeaves(EMPTY_RANGE, edge)), above, puts);
}

/** Reads the end of a log back from its stored head. */
export async function loadTail(
  head: StoredHead,
  read: (keys: readonly string[]) => Promise<(Uint8Array | undefined)[]>,
): Promise<Tail> {
  const size = Number(head.size);
  const bundle = Math.floor(size / TILE_WIDTH);
  const pieces = head.pieces.map(Number);
  const edgeKeys: string[] = [];
  const widths: number[] = [];
  for (let full = bundle, level = 1; full > 0; full = Math.floor(full / TILE_WIDTH), level++) {
    widths.push(full % TILE_WIDTH);
    edgeKeys.push(tilePath(level, Math.floor(full / TILE_WIDTH)));
  }
  const [holeBytes, ...values] = await read([holesKey(bundle), ...pieces.map(pieceKey), ...edgeKeys]);
  const holes = holeBytes === undefined ? [] : decodeHoles(holeBytes);
  const items: LogItem[] = [];
  for (const [at, start] of pieces.entries()) {
    const bytes = values[at];
    if (bytes === undefined)
      throw new Failure('store-damaged', `the piece of the log at ${start} is missing`);
    items.push(...decodeItems(bytes, start, holes));
  }
  if (bundle * TILE_WIDTH + items.length !== size) {
    throw new Failure(
      'store-damaged',
      `the log ends at ${bundle * TILE_WIDTH + items.length}, its head says ${size}`,
    );
  }
  const edges = widths.map((width, level) => {
    if (width === 0) return [];
    const tile = values[pieces.length + level];
    if (tile === undefined || tile.length < width * 32) {
      throw new Failure('store-damaged', `the tile ${edgeKeys[level]} is missing`);
    }
    return Array.from({ length: width }, (_, i) => tile.slice(i * 32, i * 32 + 32));
  });
  return { range: { size, hashes: head.range }, items, hashes: items.map(leafHashOf), edges, pieces };
}

/** The hashes of the tile that exist, when it is one of the growing ones; undefined for a full tile. */
export function growingTile(tail: Tail, level: number, index: number): readonly Uint8Array[] | undefined {
  const full = Math.floor(tail.range.size / TILE_WIDTH ** (level + 1));
  if (index !== full) return undefined;
  return level === 0 ? tail.hashes : (tail.edges[level - 1] ?? []);
}
