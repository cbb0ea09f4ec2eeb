// Which record is current: of the live records of one member with one record id, the last one (by generation
// of the log, then by index). Views see only current records. When a later one arrives the former is taken
// back out of the views, and when the last one dies the one before is current again.

import type { Binary } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { type IndexKey, recordKey } from './index-key.js';
import { deleteLive, type LiveRecord, liveAt, putLive } from './live-records.js';
import { memberNumberOf, type Position, splitPositions } from './position.js';
import { editLists, ListEdits, type ListRules } from './ranked-lists.js';
import type { ShortIndex } from './short-index.js';
import { SPACE } from './spaces.js';

/** Records that came to life, and records that died. */
export interface LiveChange {
  readonly born: readonly LiveRecord[];
  readonly died: readonly LiveRecord[];
}

/** Records that are current now, and records that no longer are. */
export interface CurrentChange {
  readonly applied: readonly LiveRecord[];
  readonly reversed: readonly LiveRecord[];
}

function versions(db: BufferedDb, index: ShortIndex): ListRules {
  return {
    space: SPACE.version,
    furtherSpace: SPACE.olderVersion,
    cap: 1,
    order: 'last',
    pack: (positions) => positions.join(''),
    unpack: (lists) => Promise.resolve(lists.map(({ value }) => splitPositions(value))),
    indexKey: (key) => recordKey(key.slice(0, 2), key.slice(2)),
    index,
    inRuns: (keys) => currentInRuns(db, keys, (wanted) => index.runs.find(db, wanted)),
  };
}

/** Where the current record stands under each version key, as far as the runs know. */
export async function currentInRuns(
  db: Reader,
  keys: readonly Binary[],
  find: (keys: readonly IndexKey[]) => Promise<(Position | undefined)[]>,
): Promise<(Position | undefined)[]> {
  const found = await find(keys.map((key) => recordKey(key.slice(0, 2), key.slice(2))));
  const records = await liveAt(
    db,
    found.filter((position) => position !== undefined),
  );
  return found.map((position, i) => {
    const record = position === undefined ? undefined : records.get(position);
    return record !== undefined && versionKey(record) === keys[i] ? position : undefined;
  });
}

/** Writes what is live now and says what that means for what is current. */
export async function changeLive(
  db: BufferedDb,
  index: ShortIndex,
  { born, died }: LiveChange,
): Promise<CurrentChange> {
  const edits = new ListEdits();
  const known = new Map<Position, LiveRecord>();
  for (const record of born) {
    putLive(db, record);
    known.set(record.position, record);
    edits.add(versionKey(record), record.position);
  }
  for (const record of died) {
    known.set(record.position, record);
    edits.remove(versionKey(record), record.position);
  }
  const changes = [...(await editLists(db, versions(db, index), edits)).values()];
  await deleteLive(db, died);
  const involved = changes.flatMap(({ before, now }) => [...before, ...now]);
  const stored = await liveAt(
    db,
    involved.filter((position) => !known.has(position)),
  );
  const recordsAt = (positions: readonly Position[]): LiveRecord[] =>
    positions.map((position) => (known.get(position) ?? stored.get(position)) as LiveRecord);
  return {
    applied: recordsAt(changes.flatMap(({ now }) => now)),
    reversed: recordsAt(changes.flatMap(({ before }) => before)),
  };
}

function versionKey(record: LiveRecord): Binary {
  return memberNumberOf(record.position) + record.recordId;
}
