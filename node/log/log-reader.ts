// Reading a log as it is on disk: its places from full bundles and the growing end, its tree hashes from tiles
// (C2SP tlog-tiles), and the proofs made of them (RFC 6962).

import type { Hole } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { LogStore } from '../store/log-store.js';
import type { NodeReader } from '../tlog/proof.js';
import { bundlePath, TILE_WIDTH, tileNodeReader, tilePath } from '../tlog/tile.js';
import type { LogItem } from './item.js';
import { decodeHoles, decodeItems, growingTile, holesKey, type Tail } from './tail.js';

/** Decoded bundles kept for readers that follow each other: 32 of at most some 60 KiB each. */
const CACHED_BUNDLES = 32;

export interface LogReader {
  /** The places at [from, to), to at most the size on disk. */
  read(from: number, to: number): Promise<LogItem[]>;
  /** The places of a full bundle. */
  bundle(index: number): Promise<LogItem[]>;
  /** Holes were filled: what is kept of bundles is out of date. */
  forget(): void;
  /** All holes on disk, in order. */
  holes(): Promise<Hole[]>;
  /** The tree as it is now. */
  nodes(): NodeReader;
}

/** `end` gives the growing end of the log on disk. */
export function createLogReader(log: LogName, store: LogStore, end: () => Tail): LogReader {
  const bundles = new Map<number, Promise<LogItem[]>>();

  function bundle(index: number): Promise<LogItem[]> {
    const cached = bundles.get(index);
    if (cached !== undefined) return cached;
    const loading = loadBundle(index);
    bundles.set(index, loading);
    loading.catch(() => bundles.delete(index));
    const oldest = bundles.keys().next().value;
    if (bundles.size > CACHED_BUNDLES && oldest !== undefined) bundles.delete(oldest);
    return loading;
  }

  async function loadBundle(index: number): Promise<LogItem[]> {
    const [bytes, holes] = await store.objects(log, [bundlePath(index), holesKey(index)]);
    if (bytes === undefined)
      throw new Failure('store-damaged', `bundle ${index} of ${log} is missing on disk`);
    return decodeItems(bytes, index * TILE_WIDTH, holes === undefined ? [] : decodeHoles(holes));
  }

  return {
    async read(from, to) {
      const tail = end();
      const last = Math.min(to, tail.range.size);
      const tailStart = tail.range.size - tail.items.length;
      const items: LogItem[] = [];
      for (let index = from; index < last; ) {
        const at = Math.floor(index / TILE_WIDTH);
        const start = at * TILE_WIDTH;
        const places = start === tailStart ? tail.items : await bundle(at);
        const slice = places.slice(index - start, last - start);
        items.push(...slice);
        index = start + places.length;
        if (slice.length === 0) break;
      }
      return items;
    },
    bundle,
    forget: () => bundles.clear(),
    async holes() {
      const holes: Hole[] = [];
      for (const key of await store.keys(log, 'holes/')) {
        const bytes = await store.object(log, key);
        if (bytes !== undefined) holes.push(...decodeHoles(bytes));
      }
      return holes.sort((a, b) => Number(a.index - b.index));
    },
    nodes() {
      const tail = end();
      return tileNodeReader(async (level, index) => {
        const growing = growingTile(tail, level, index);
        if (growing !== undefined) return Buffer.concat(growing);
        const tile = await store.object(log, tilePath(level, index));
        if (tile === undefined)
          throw new Failure('store-damaged', `${tilePath(level, index)} of ${log} is missing on disk`);
        return tile;
      });
    },
  };
}
