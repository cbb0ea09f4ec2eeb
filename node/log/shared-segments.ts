// What all who follow a log ask for when it has grown: one run, read once while they wait, and given to all of them as
// one message. Of a run with sealed entries each reader has its own.

import type { Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { LYON, type MemberCode, parseLogName } from '../names.js';
import { hasAll } from '../statements/addressee.js';
import { isSealed } from '../statements/statement-tag.js';
import type { Log } from './log.js';
import { type ReadPlaces, readSegment } from './read-segment.js';

/** The run of the log for the reader from `from` on, as readSegment gives it, never past `limit`. Not to be changed. */
export type SegmentReader = (
  log: Log,
  reader: MemberCode,
  from: number,
  limit: number | undefined,
) => Promise<Segment | undefined>;

/** Runs of about `maxBytes`; `placesOf` tells what may be shown of a log. */
export function sharedSegments(maxBytes: number, placesOf: (log: Log) => ReadPlaces): SegmentReader {
  const underway = new Map<string, Promise<Segment | undefined>>();

  /** The run with everything in it, as it stands now. */
  function whole(log: Log, from: number, limit: number | undefined): Promise<Segment | undefined> {
    const key = `${log.name} ${log.size} ${from} ${limit}`;
    const known = underway.get(key);
    if (known !== undefined) return known;
    const reading = readSegment(log, LYON, from, maxBytes, limit, placesOf(log));
    underway.set(key, reading);
    const over = (): void => void underway.delete(key);
    reading.then(over, over);
    return reading;
  }

  return async (log, reader, from, limit) => {
    const segment = await whole(log, from, limit);
    const { member: author } = parseLogName(log.name);
    if (segment === undefined || hasAll(reader, author) || !segment.entries.some(isSealed)) return segment;
    return readSegment(log, reader, from, maxBytes, limit, placesOf(log));
  };
}
