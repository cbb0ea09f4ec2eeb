// Which record is current: of the live records of one member with one record id, the last one (by generation
// of the log, then by index). Views see only current records. When a later one arrives the former is taken
// back out of the views, and when the last one dies the one before is current again.

import type { Binary } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { type IndexKey, recordKey } from './index-key.js';
import { isRecord, isStatement, type LiveChange } from './live-entries.js';
import { deleteLive, type LiveRecord, liveAt, putLive } from './live-records.js';
import { deleteStatement, type LiveStatement, putStatement } from './live-statements.js';
import { memberNumberOf, POSITION_BYTES, type Position, splitPositions } from './position.js';
import { editLists, entriesOf, ListEdits, type ListRules } from './ranked-lists.js';
import type { ShortIndex } from './short-index.js';
import { rangeOf, SPACE } from './spaces.js';

/** Records that are current now, and records that no longer are. */
export interface CurrentChange {
  readonly applied: readonly LiveRecord[];
  readonly reversed: readonly LiveRecord[];
  /** All other statements, each of which counts by itself. */
  readonly statements: { readonly born: readonly LiveStatement[]; readonly died: readonly LiveStatement[] };
}

function versions(db: BufferedDb, index: ShortIndex): ListRules {
  return {
    space: SPACE.version,
    furtherSpace: SPACE.olderVersion,
    cap: 1,
    order: 'last',
    ...entriesOf(POSITION_BYTES),
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
  change: LiveChange,
): Promise<CurrentChange> {
  const born = change.born.filter(isRecord);
  const died = change.died.filter(isRecord);
  const statements = { born: change.born.filter(isStatement), died: change.died.filter(isStatement) };
  for (const statement of statements.born) putStatement(db, statement);
  for (const statement of statements.died) deleteStatement(db, statement);
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
    statements,
  };
}

function versionKey(record: LiveRecord): Binary {
  return memberNumberOf(record.position) + record.recordId;
}

/** The live records under a version key (member number and record id), the current one and those before it. */
export async function versionsOf(db: BufferedDb, index: ShortIndex, key: Binary): Promise<Position[]> {
  const [row] = await db.getMany([SPACE.version + key]);
  const current =
    row === undefined
      ? await currentInRuns(db, [key], (wanted) => index.runs.find(db, wanted))
      : splitPositions(row);
  const found = current.filter((position) => position !== undefined);
  for await (const [older] of db.scan(...rangeOf(SPACE.olderVersion, key))) {
    found.push(older.slice(1 + key.length));
  }
  return found;
}
