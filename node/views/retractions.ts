// Retractions: which entries they take back. A retraction takes back what stands before it in its author's logs,
// whether that has been followed already, comes later (a log of an earlier generation), or fills a hole; and when a
// cut takes the retraction itself back, what it took back lives again.
//
//   t <position>                        -> positions of the retractions that name the entry
//   i <member number> <record id>       -> positions of the retractions that name the record id
//   q <position of the retraction>      -> positions of the entries that it took back

import type { LogName } from '../names.js';
import type { Binary } from './binary.js';
import { toBinary } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { versionsOf } from './current-records.js';
import { noteAlive, noteDead } from './dead-entries.js';
import { isStatement, type LiveChange, type LiveEntry, liveEntriesAt, liveIn } from './live-entries.js';
import type { LiveStatement } from './live-statements.js';
import type { FollowedLog, LogTable } from './log-table.js';
import {
  indexOf,
  inRuns,
  logNumber,
  memberNumberOf,
  type Position,
  positionOf,
  splitPositions,
} from './position.js';
import type { ShortIndex } from './short-index.js';
import { SPACE } from './spaces.js';

/** Reads the bytes of entries at [from, to); undefined = a hole. */
export type ReadEntries = (log: LogName, from: number, to: number) => Promise<(Uint8Array | undefined)[]>;

/** Growth by nothing but retractions: the entries [cursor, cursor + length) of a log are applied. */
export async function growByRetractions(
  db: BufferedDb,
  index: ShortIndex,
  logs: LogTable,
  log: FollowedLog,
  entries: readonly Uint8Array[],
  day: number,
): Promise<LiveChange> {
  const born = entries.flatMap(
    (bytes, offset) => liveIn(bytes, positionOf(log.number, log.cursor + offset), day) ?? [],
  );
  logs.moveCursor(db, log, log.cursor + entries.length);
  return { born, died: await takenBackBy(db, index, born.filter(isStatement)) };
}

/** Notes what the retractions say, and tells which live entries die by them. */
export async function takenBackBy(
  db: BufferedDb,
  index: ShortIndex,
  retractions: readonly LiveStatement[],
): Promise<LiveEntry[]> {
  const died = new Map<Position, LiveEntry>();
  for (const retraction of retractions) {
    const { position } = retraction;
    const targets = (await targetsOf(db, index, retraction)).filter((target) => !died.has(target));
    const live = [...(await liveEntriesAt(db, targets))].filter(([, entry]) => !isRetractionEntry(entry));
    for (const [target, entry] of live) {
      died.set(target, entry);
      noteDead(db, target);
    }
    await append(db, ruleKey(retraction), position);
    db.put(SPACE.takenBack + position, live.map(([target]) => target).join(''));
  }
  return [...died.values()];
}

export function isRetractionEntry(entry: LiveEntry): entry is LiveStatement {
  return isStatement(entry) && entry.said.case === 'retraction';
}

/** Of entries that would come to life those that no retraction takes back. */
export async function notTakenBack(db: BufferedDb, born: readonly LiveEntry[]): Promise<LiveEntry[]> {
  const standing: LiveEntry[] = [];
  for (const entry of born) {
    const retraction = await retractionOf(db, entry);
    if (retraction === undefined) {
      standing.push(entry);
      continue;
    }
    noteDead(db, entry.position);
    await append(db, SPACE.takenBack + retraction, entry.position);
  }
  return standing;
}

/** The retraction dies: what it took back and nothing else takes back lives again, as far as its bytes are here. */
export async function undoRetraction(
  db: BufferedDb,
  logs: LogTable,
  read: ReadEntries,
  retraction: LiveStatement,
  day: number,
): Promise<LiveEntry[]> {
  const { position } = retraction;
  const key = ruleKey(retraction);
  const [rule = '', taken = ''] = await db.getMany([key, SPACE.takenBack + position]);
  const left = splitPositions(rule).filter((other) => other !== position);
  if (left.length === 0) db.delete(key);
  else db.put(key, left.join(''));
  db.delete(SPACE.takenBack + position);
  const born: LiveEntry[] = [];
  for (const run of inRuns(splitPositions(taken).sort())) {
    const log = logs.logAt(run[0] as Position);
    const counted = run.filter((target) => indexOf(target) < log.cursor);
    if (counted.length === 0) continue;
    const first = indexOf(counted[0] as Position);
    const entries = await read(log.name, first, first + counted.length);
    for (const [i, target] of counted.entries()) {
      const bytes = entries[i];
      const entry = bytes === undefined ? undefined : liveIn(bytes, target, day);
      if (bytes === undefined) db.put(SPACE.hole + target, '');
      if (entry === undefined) continue;
      noteAlive(db, target);
      born.push(entry);
    }
  }
  return await notTakenBack(db, born);
}

/** The places that a retraction names; all of them stand before it. */
async function targetsOf(
  db: BufferedDb,
  index: ShortIndex,
  { position, said }: LiveStatement,
): Promise<Position[]> {
  if (said.case !== 'retraction') return [];
  const member = memberNumberOf(position);
  const { target } = said.value;
  if (target.case === 'entry') {
    const { generation, index: at } = target.value;
    return [positionOf(logNumber(member, generation), Number(at))];
  }
  const versions = await versionsOf(db, index, member + toBinary(target.value ?? new Uint8Array()));
  return versions.filter((version) => version < position);
}

/** The first retraction that takes the entry back; undefined when none does. */
export async function retractionOf(db: Reader, entry: LiveEntry): Promise<Position | undefined> {
  if (isRetractionEntry(entry)) return undefined;
  return await retractionOfPlace(db, entry.position, isStatement(entry) ? undefined : entry.recordId);
}

/** The first retraction that takes back what stands at the position, a record with that id if it is one. */
export async function retractionOfPlace(
  db: Reader,
  position: Position,
  recordId?: Binary,
): Promise<Position | undefined> {
  const keys = [SPACE.retractedEntry + position];
  if (recordId !== undefined) keys.push(SPACE.retractedRecord + memberNumberOf(position) + recordId);
  const rules = await db.getMany(keys);
  const after = rules
    .flatMap((rule) => splitPositions(rule ?? ''))
    .filter((retraction) => retraction > position);
  return after.sort()[0];
}

/** Where it stands what the retraction is about. */
function ruleKey({ position, said }: LiveStatement): Binary {
  if (said.case !== 'retraction') throw new TypeError('only a retraction takes something back');
  const member = memberNumberOf(position);
  const { target } = said.value;
  if (target.case !== 'entry') {
    return SPACE.retractedRecord + member + toBinary(target.value ?? new Uint8Array());
  }
  const { generation, index } = target.value;
  return SPACE.retractedEntry + positionOf(logNumber(member, generation), Number(index));
}

async function append(db: BufferedDb, key: Binary, position: Position): Promise<void> {
  const [before = ''] = await db.getMany([key]);
  db.put(key, before + position);
}
