// The four kinds of work that following the logs is made of. Each is one batch: it moves a cursor, a day or a
// list of holes, and says which entries came to life and which died by it.

import { type Binary, u32 } from './binary.js';
import type { BufferedDb } from './buffered-db.js';
import { noteDead } from './dead-entries.js';
import { type LiveChange, type LiveEntry, liveEntriesAt, liveIn } from './live-entries.js';
import { parseLive } from './live-records.js';
import { type LiveStatement, parseStatement } from './live-statements.js';
import type { FollowedLog, LogTable } from './log-table.js';
import { packedPlaces, packKey } from './packs.js';
import { indexOf, inRuns, type Position, positionOf } from './position.js';
import { isRetractionEntry, notTakenBack, takenBackBy, undoRetraction } from './retractions.js';
import type { ShortIndex } from './short-index.js';
import type { ViewSource } from './source.js';
import { SPACE } from './spaces.js';

/**
 * Entries in one batch. Enough to make the fixed cost of a batch small, and few enough that other work on the
 * thread waits some milliseconds at most, and that what a batch makes dies young: with eight times as many,
 * half of the time goes into collecting garbage.
 */
export const BATCH_ENTRIES = 256;

/** Growth: the entries [cursor, cursor + length) of a log are applied, and holes among them remembered. */
export async function grow(
  db: BufferedDb,
  logs: LogTable,
  log: FollowedLog,
  entries: readonly (Uint8Array | undefined)[],
  day: number,
): Promise<LiveChange> {
  const born: LiveEntry[] = [];
  for (const [i, bytes] of entries.entries()) {
    const position = positionOf(log.number, log.cursor + i);
    if (bytes === undefined) {
      db.put(SPACE.hole + position, '');
      continue;
    }
    const entry = liveIn(bytes, position, day);
    if (entry === undefined) noteDead(db, position);
    else born.push(entry);
  }
  logs.moveCursor(db, log, log.cursor + entries.length);
  // What stands before a retraction in its own log was there when it came; only a later log takes back ahead.
  return { born: logs.hasLater(log) ? await notTakenBack(db, born) : born, died: [] };
}

/** A cut below the cursor: the last entries of the log, down to `to` or a batch of them, are taken back. */
export async function cutBack(
  db: BufferedDb,
  source: ViewSource,
  logs: LogTable,
  log: FollowedLog,
  to: number,
  day: number,
): Promise<LiveChange> {
  const cursor = Math.max(to, log.cursor - BATCH_ENTRIES);
  const from = positionOf(log.number, cursor);
  const end = positionOf(log.number, log.cursor);
  for await (const [key] of db.scan(SPACE.hole + from, SPACE.hole + end)) db.delete(key);
  // What does not count is neither retracted nor expired.
  for await (const [key] of db.scan(SPACE.dead + from, SPACE.dead + end)) db.delete(key);
  const died: LiveEntry[] = [];
  const statements: LiveStatement[] = [];
  const rows = new Map<Position, Binary>();
  for await (const [key, value] of db.scan(SPACE.live + from, SPACE.live + end)) {
    rows.set(key.slice(1), value);
  }
  const lastPack = `${packKey(log.number, log.cursor - 1)}\0`;
  for await (const [key, pack] of db.scan(packKey(log.number, cursor), lastPack)) {
    for (const [position, value] of packedPlaces(key, pack)) {
      if (position >= from && position < end && !rows.has(position)) rows.set(position, value);
    }
  }
  for (const [position, value] of rows) if (value !== '') died.push(parseLive(position, value));
  for await (const [key, value] of db.scan(SPACE.statement + from, SPACE.statement + end)) {
    statements.push(parseStatement(key.slice(1), value));
  }
  logs.moveCursor(db, log, cursor);
  const born: LiveEntry[] = [];
  for (const statement of statements.reverse()) {
    if (statement.said.case !== 'retraction') continue;
    const read: ViewSource['read'] = (name, first, last) => source.read(name, first, last);
    born.push(...(await undoRetraction(db, logs, read, statement, day)));
  }
  return { born, died: [...died, ...statements] };
}

/** A new day: a batch of the entries whose last day is over die. `done` when no such entry is left. */
export async function expire(db: BufferedDb, day: number): Promise<LiveChange & { done: boolean }> {
  const ended: Position[] = [];
  for await (const [key] of db.scan(SPACE.expiry, SPACE.expiry + u32(day))) {
    ended.push(key.slice(5));
    if (ended.length === BATCH_ENTRIES) break;
  }
  const died = [...(await liveEntriesAt(db, ended)).values()];
  for (const { position } of died) noteDead(db, position);
  return { born: [], died, done: ended.length < BATCH_ENTRIES };
}

/** Positions in which holes may have been filled: [from, to). */
export interface HoleRange {
  readonly from: Position;
  readonly to: Position;
}

/** All holes of all logs. */
export const ALL_HOLES: HoleRange = { from: '', to: '\xff'.repeat(12) };

/** A batch of the holes in the range is read again. `rest` is what is left of the range, if anything. */
export async function fillHoles(
  db: BufferedDb,
  index: ShortIndex,
  source: ViewSource,
  logs: LogTable,
  range: HoleRange,
  day: number,
): Promise<LiveChange & { rest: HoleRange | undefined }> {
  const holes: Position[] = [];
  for await (const [key] of db.scan(SPACE.hole + range.from, SPACE.hole + range.to)) {
    holes.push(key.slice(1));
    if (holes.length === BATCH_ENTRIES) break;
  }
  const born: LiveEntry[] = [];
  for (const run of inRuns(holes)) {
    const first = indexOf(run[0] as Position);
    const entries = await source.read(logs.logAt(run[0] as Position).name, first, first + run.length);
    for (const [i, position] of run.entries()) {
      const bytes = entries[i];
      if (bytes === undefined) continue;
      db.delete(SPACE.hole + position);
      const entry = liveIn(bytes, position, day);
      if (entry === undefined) noteDead(db, position);
      else born.push(entry);
    }
  }
  const last = holes[BATCH_ENTRIES - 1];
  // What retractions among them say is noted before it is asked whether the others are taken back.
  const died = await takenBackBy(db, index, born.filter(isRetractionEntry));
  // No position lies between a position and the same with a byte behind it.
  return {
    born: await notTakenBack(db, born),
    died,
    rest: last === undefined ? undefined : { from: `${last}\0`, to: range.to },
  };
}
