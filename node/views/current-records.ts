// Which record is current: of the live records of one member with one record id, the last one (by generation
// of the log, then by index). Views see only current records. When a later one arrives the former is taken
// back out of the views, and when the last one dies the one before is current again.

import type { Binary } from './binary.js';
import type { BufferedDb } from './buffered-db.js';
import { deleteLive, type LiveRecord, liveAt, putLive } from './live-records.js';
import { memberNumberOf, type Position, splitPositions } from './position.js';
import { editLists, ListEdits, type ListRules } from './ranked-lists.js';
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

const VERSIONS: ListRules = {
  space: SPACE.version,
  furtherSpace: SPACE.olderVersion,
  cap: 1,
  order: 'last',
  pack: (positions) => positions.join(''),
  unpack: (lists) => Promise.resolve(lists.map(({ value }) => splitPositions(value))),
};

/** Writes what is live now and says what that means for what is current. */
export async function changeLive(db: BufferedDb, { born, died }: LiveChange): Promise<CurrentChange> {
  const edits = new ListEdits();
  const known = new Map<Position, LiveRecord>();
  for (const record of born) {
    putLive(db, record);
    known.set(record.position, record);
    edits.add(versionKey(record), record.position);
  }
  for (const record of died) {
    deleteLive(db, record);
    known.set(record.position, record);
    edits.remove(versionKey(record), record.position);
  }
  const changes = [...(await editLists(db, VERSIONS, edits)).values()];
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
