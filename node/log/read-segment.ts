// A run of a log as it goes on the wire: entries and holes from an index on, the author's checkpoint, and the
// proof that leads to it. Of entries that are sealed for others the reader gets the leaf hash alone.

import { create } from '@bufbuild/protobuf';
import { HoleReason, type Segment, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type MemberCode, parseLogName } from '../names.js';
import { hasAll, isFor } from '../statements/addressee.js';
import { TILE_WIDTH } from '../tlog/tile.js';
import { holeFor, isHole, type LogItem } from './item.js';
import type { Log } from './log.js';
import { toldHole } from './purged-hole.js';

const NO_BYTES = new Uint8Array(0);

/** Reads the places of a log at [from, to), as they are to be told. */
export type ReadPlaces = (from: number, to: number) => Promise<readonly LogItem[]>;

/**
 * The run for the reader from `from` on, of about `maxBytes` entry bytes and never past `limit`. Undefined when there is
 * nothing to send, or nothing yet that could be proven.
 */
export async function readSegment(
  log: Log,
  reader: MemberCode,
  from: number,
  maxBytes: number,
  limit = Number.MAX_SAFE_INTEGER,
  places: ReadPlaces = (first, to) => log.read(first, to),
): Promise<Segment | undefined> {
  const end = Math.min(log.size, limit);
  const items: LogItem[] = [];
  for (let index = from, bytes = 0; index < end && bytes < maxBytes; ) {
    // A bundle at a time; a run ends where the bytes are full.
    const next = Math.min(end, (Math.floor(index / TILE_WIDTH) + 1) * TILE_WIDTH);
    for (const item of await readFor(log, reader, places, index, next)) {
      bytes += sizeOf(item);
      items.push(item);
      if (bytes >= maxBytes) break;
    }
    index = from + items.length;
  }
  if (items.length === 0) return undefined;
  const proof = await log.proofFrom(from + items.length);
  if (proof === undefined) return undefined;
  return create(SegmentSchema, { ...bodyOf(log, from, items), ...proof });
}

/** The places from `from` on for a reader that lacks their bytes, of about `maxBytes`: no checkpoint, no proof. */
export async function readFill(
  log: Log,
  reader: MemberCode,
  from: number,
  to: number,
  maxBytes: number,
  places: ReadPlaces = (first, end) => log.read(first, end),
): Promise<Segment | undefined> {
  let bytes = 0;
  const read = await readFor(log, reader, places, from, Math.min(to, log.size));
  const items = read.filter((item, offset) => {
    if (offset > 0 && bytes >= maxBytes) return false;
    bytes += sizeOf(item);
    return true;
  });
  if (items.length === 0) return undefined;
  return create(SegmentSchema, { ...bodyOf(log, from, items), fill: true });
}

/** The places at [from, to) as the reader may have them. */
async function readFor(
  log: Log,
  reader: MemberCode,
  places: ReadPlaces,
  from: number,
  to: number,
): Promise<readonly LogItem[]> {
  const items = await places(from, to);
  const { member: author } = parseLogName(log.name);
  if (hasAll(reader, author)) return items;
  return items.map((item, offset) =>
    isHole(item) || isFor(reader, author, item)
      ? item
      : holeFor(from + offset, item, HoleReason.NOT_ADDRESSED),
  );
}

function sizeOf(item: LogItem): number {
  return (isHole(item) ? 48 : item.length) + 4;
}

function bodyOf(log: Log, from: number, items: readonly LogItem[]) {
  return {
    log: log.name,
    from: BigInt(from),
    entries: items.map((item) => (isHole(item) ? NO_BYTES : item)),
    holes: items.filter(isHole).map(toldHole),
  };
}
