// Live records that came in bulk, sixteen to a row, written once. What happens to one of them later stands in a
// row of its own, which counts instead (live-records.ts).
//
//   p <log number> <index / 16, six bytes>  -> 16 lengths of two bytes, then as many live records; 0 = none

import { type Binary, readU16, readU48, u16, u48 } from './binary.js';
import type { Reader } from './buffered-db.js';
import { indexOf, type LogNumber, logNumberOf, type Position, positionOf } from './position.js';
import { SPACE } from './spaces.js';

export const PACK_RECORDS = 16;

/** Where the records begin in a pack. */
export const PACK_HEAD_BYTES = PACK_RECORDS * 2;

/** The key of the pack in which the place of a log lies. */
export function packKey(log: LogNumber, index: number): Binary {
  return SPACE.pack + log + u48(Math.floor(index / PACK_RECORDS));
}

/** For each position the live record that came in a pack, as it was then; undefined when none did. */
export async function packedAt(db: Reader, positions: readonly Position[]): Promise<Map<Position, Binary>> {
  const keys = new Map<Binary, Position[]>();
  for (const position of positions) {
    const key = packKey(logNumberOf(position), indexOf(position));
    const together = keys.get(key);
    if (together === undefined) keys.set(key, [position]);
    else together.push(position);
  }
  const packs = await db.getMany([...keys.keys()]);
  const found = new Map<Position, Binary>();
  for (const [i, together] of [...keys.values()].entries()) {
    const pack = packs[i];
    if (pack === undefined) continue;
    const records = recordsIn(pack);
    for (const position of together) {
      const record = records[indexOf(position) % PACK_RECORDS];
      if (record !== undefined) found.set(position, record);
    }
  }
  return found;
}

/** The live records of a pack, by their positions. */
export function packedPlaces(key: Binary, pack: Binary): [Position, Binary][] {
  const log = key.slice(1, 5);
  const first = readU48(key, 5) * PACK_RECORDS;
  return recordsIn(pack).flatMap((record, place): [Position, Binary][] =>
    record === undefined ? [] : [[positionOf(log, first + place), record]],
  );
}

/** The pack without the records at these positions; undefined when nothing is left in it. */
export function packWithout(key: Binary, pack: Binary, gone: ReadonlySet<Position>): Binary | undefined {
  const log = key.slice(1, 5);
  const first = readU48(key, 5) * PACK_RECORDS;
  const left = recordsIn(pack).map((record, place) =>
    gone.has(positionOf(log, first + place)) ? '' : (record ?? ''),
  );
  if (left.every((record) => record === '')) return undefined;
  return left.map((record) => u16(record.length)).join('') + left.join('');
}

/** The sixteen places of a pack. */
function recordsIn(pack: Binary): (Binary | undefined)[] {
  const records: (Binary | undefined)[] = [];
  let at = PACK_HEAD_BYTES;
  for (let place = 0; place < PACK_RECORDS; place++) {
    const length = readU16(pack, place * 2);
    records.push(length === 0 ? undefined : pack.slice(at, at + length));
    at += length;
  }
  return records;
}
