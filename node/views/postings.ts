// The records under one short key, as the hashes view keeps them. Where one record stands alone, as nearly all
// do, its position is enough. Where there are several each has the tail of its hash behind it, so that which
// of them share the whole hash is known without reading every one of them again for each that comes.
//
//   <position>                         one record
//   <position> <tail> (two or more)    several

import type { Binary } from './binary.js';
import type { BufferedDb } from './buffered-db.js';
import { shortKey, tailBytes, tailOf } from './hash-key.js';
import { type LiveRecord, liveAt } from './live-records.js';
import { POSITION_BYTES, type Position } from './position.js';
import type { ListEntry, PackedList } from './ranked-lists.js';

export interface Posting {
  readonly position: Position;
  /** Undefined for a record that stands alone: then its bytes must be asked. */
  readonly tail: Binary | undefined;
}

export function packPostings(entries: readonly ListEntry[]): Binary {
  const [first = ''] = entries;
  return entries.length === 1 ? first.slice(0, POSITION_BYTES) : entries.join('');
}

export function postingsIn({ key, value }: PackedList): Posting[] {
  if (value.length === POSITION_BYTES) return [{ position: value, tail: undefined }];
  const size = POSITION_BYTES + tailBytes(key);
  const postings: Posting[] = [];
  for (let at = 0; at < value.length; at += size) {
    const tailAt = at + POSITION_BYTES;
    postings.push({ position: value.slice(at, tailAt), tail: value.slice(tailAt, at + size) });
  }
  return postings;
}

/** The entries of the lists, each with its tail; records not among the changed ones are read. */
export async function unpackPostings(
  db: BufferedDb,
  changed: readonly LiveRecord[],
  lists: readonly PackedList[],
): Promise<ListEntry[][]> {
  if (lists.length === 0) return [];
  const known = new Map(changed.map((record) => [record.position, record]));
  const postings = lists.map(postingsIn);
  const alone = postings.flat().filter(({ position, tail }) => tail === undefined && !known.has(position));
  const stored = await liveAt(
    db,
    alone.map(({ position }) => position),
  );
  return postings.map((list, i) =>
    list.map(({ position, tail }) => {
      const record = (known.get(position) ?? stored.get(position)) as LiveRecord;
      return position + (tail ?? tailUnder((lists[i] as PackedList).key, record));
    }),
  );
}

function tailUnder(short: Binary, record: LiveRecord): Binary {
  return tailOf(record.hashes.find((key) => shortKey(key) === short) as Binary);
}
