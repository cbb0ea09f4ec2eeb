// A run of a log as it goes on the wire: entries and holes from an index on, the author's checkpoint, and the
// proof that leads to it. Of entries that are sealed for others the reader gets the leaf hash alone.

import { create } from '@bufbuild/protobuf';
import { type Hole, HoleReason, type Segment, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type MemberCode, parseLogName } from '../names.js';
import { hasAll, isFor } from '../statements/addressee.js';
import { TILE_WIDTH } from '../tlog/tile.js';
import { holeBecause, holeFor, isHole, type LogItem } from './item.js';
import type { Log } from './log.js';

const NO_BYTES = new Uint8Array(0);

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
): Promise<Segment | undefined> {
  const end = Math.min(log.size, limit);
  const items: LogItem[] = [];
  for (let index = from, bytes = 0; index < end && bytes < maxBytes; ) {
    // A bundle at a time; a run ends where the bytes are full.
    const next = Math.min(end, (Math.floor(index / TILE_WIDTH) + 1) * TILE_WIDTH);
    for (const item of await readFor(log, reader, index, next)) {
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
): Promise<Segment | undefined> {
  let bytes = 0;
  const places = await readFor(log, reader, from, Math.min(to, log.size));
  const items = places.filter((item, offset) => {
    if (offset > 0 && bytes >= maxBytes) return false;
    bytes += sizeOf(item);
    return true;
  });
  if (items.length === 0) return undefined;
  return create(SegmentSchema, { ...bodyOf(log, from, items), fill: true });
}

/** The places at [from, to) as the reader may have them. */
async function readFor(log: Log, reader: MemberCode, from: number, to: number): Promise<LogItem[]> {
  const items = await log.read(from, to);
  const { member: author } = parseLogName(log.name);
  if (hasAll(reader, author)) return items;
  for (let offset = 0; offset < items.length; offset++) {
    const item = items[offset] as LogItem;
    if (isHole(item) || isFor(reader, author, item)) continue;
    items[offset] = holeFor(from + offset, item, HoleReason.NOT_ADDRESSED);
  }
  return items;
}

function sizeOf(item: LogItem): number {
  return (isHole(item) ? 48 : item.length) + 4;
}

function bodyOf(log: Log, from: number, items: readonly LogItem[]) {
  return {
    log: log.name,
    from: BigInt(from),
    entries: items.map((item) => (isHole(item) ? NO_BYTES : item)),
    holes: items.filter(isHole).map(asTold),
  };
}

/** What we refuse or lack is our own affair: to others the bytes are just not to be had here. */
function asTold(hole: Hole): Hole {
  if (hole.reason !== HoleReason.REFUSED) return hole;
  return holeBecause(hole, HoleReason.MISSING);
}
