// The events view: which investigations are open, and which events answer which entry. An opening is open until its
// member closes the case of the same id after it; a case that is opened again is open again. What was said of a case in
// sealed statements stands apart (sealed-cases.ts), and counts together with this where it can be read.
//
//   n <length, 1> <member code> <case id, 16>  -> openings and closings that count, sorted: position, and 1 or 0
//   N <as above> <position, 1 or 0>            -> nothing: before those that count
//   w <member code>                            -> cases that are open, four bytes
//   b <entry>                                  -> positions of the events that answer it
//   B <entry> <position>                       -> nothing: beyond EVENTS_OF_A_MEMBER

import type { Hash } from 'node:crypto';
import { EventKind } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import type { SealableStatement } from '../statements/sealed-content.js';
import { type Binary, cut, fromBinary, readU32, toBinary, u32 } from './binary.js';
import { type Reader, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { type EntryKey, entryKey } from './entry-key.js';
import { type LiveStatement, type Said, statementsAt } from './live-statements.js';
import { type LogTable, placeText } from './log-table.js';
import { thingsIn, thingsOf } from './naming.js';
import { memberNumberOf, POSITION_BYTES, type Position, splitPositions } from './position.js';
import {
  editLists,
  entriesOf,
  type ListChange,
  ListEdits,
  type ListRules,
  NEVER_IN_BULK,
} from './ranked-lists.js';
import { rangeOf, SPACE } from './spaces.js';
import type { NamedThing } from './thing-key.js';
import type { Step, View } from './view.js';

/** How many openings and closings of a case count, its last ones; and how many answers by one member, its first. */
export const EVENTS_OF_A_MEMBER = 64;

export type CaseKey = Binary;

/** Where lists of cases stand: what is said for everybody, or in sealed statements. */
export type CaseSpace = typeof SPACE.caseEvent | typeof SPACE.sealedCase;

/** An investigation that is open. */
export interface Opening {
  readonly member: MemberCode;
  /** 16 bytes. */
  readonly caseId: Binary;
  /** As people write it: `NL:5`. */
  readonly entry: string;
  /** What it is about. */
  readonly things: readonly NamedThing[];
}

/** Something said, openly or in a sealed statement. */
export interface Spoken {
  readonly position: Position;
  readonly said: Said | SealableStatement;
}

const OPENED = '\x01';
const CLOSED = '\x00';
const CASE_ENTRY_BYTES = POSITION_BYTES + 1;

/** The lists of cases, in whatever space. */
export const CASES: Omit<ListRules, 'space' | 'furtherSpace'> = {
  ...NEVER_IN_BULK,
  cap: EVENTS_OF_A_MEMBER,
  order: 'last',
  ...entriesOf(CASE_ENTRY_BYTES),
};

const ANSWERS: ListRules = {
  ...NEVER_IN_BULK,
  space: SPACE.answer,
  furtherSpace: SPACE.furtherAnswer,
  cap: EVENTS_OF_A_MEMBER,
  order: 'first',
  ...entriesOf(POSITION_BYTES),
};

export const eventsView: View = {
  name: 'events',
  version: 1,

  async follow(step: Step): Promise<void> {
    const { born, died } = step.statements;
    const [cases, answers] = [new ListEdits(), new ListEdits()];
    for (const statement of died) {
      eachOf(step.logs, statement, cases.remove.bind(cases), answers.remove.bind(answers));
    }
    for (const statement of born) {
      eachOf(step.logs, statement, cases.add.bind(cases), answers.add.bind(answers));
    }
    if (answers.byKey.size > 0) await editLists(step.db, ANSWERS, answers);
    if (cases.byKey.size === 0) return;
    const rules = { ...CASES, space: SPACE.caseEvent, furtherSpace: SPACE.earlierCaseEvent };
    const changes = await editLists(step.db, rules, cases);
    await countOpen(step, changes);
    await noteReopened(step, changes);
  },

  /** For each case in the order of keys its events; then for each entry that is answered, by what. */
  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    for await (const [key, value] of scan(db, ...rangeOf(SPACE.caseEvent), { snapshot })) {
      const events = splitCase(value).map(
        (entry) => `${placeText(logs, positionIn(entry))} ${isOpening(entry)}`,
      );
      hash.update(fromBinary(`${key}${events.join(',')}\n`));
    }
    for await (const [key, value] of scan(db, ...rangeOf(SPACE.answer), { snapshot })) {
      const places = splitPositions(value).map((position) => placeText(logs, position));
      hash.update(fromBinary(`${key}${places.sort().join(',')}\n`));
    }
  },
};

/** Those of what was said that opened an investigation which is open, by all that can be read here. */
export async function openAmong(
  db: Reader,
  logs: LogTable,
  statements: readonly Spoken[],
): Promise<Opening[]> {
  const opened = statements.flatMap((statement) => {
    const event = caseEventOf(logs, statement);
    return event !== undefined && isOpening(event.entry) ? [{ ...statement, ...event }] : [];
  });
  const open = await openEntries(
    db,
    opened.map(({ key }) => key),
  );
  return opened.flatMap(({ position, said, key, entry }, i): Opening[] => {
    if (open[i]?.includes(entry) !== true) return [];
    return [
      {
        member: logs.logAt(position).member,
        caseId: key.slice(-16),
        entry: placeText(logs, position),
        things: thingsAbout(said),
      },
    ];
  });
}

/** The things that an investigation is about. */
export function thingsAbout(said: Spoken['said']): NamedThing[] {
  return said.case === 'event' ? thingsOf(said.value) : [];
}

/** For each case the openings that are open, by all that can be read here: each a position and one byte more. */
export async function openEntries(db: Reader, cases: readonly CaseKey[]): Promise<Binary[][]> {
  const [open, sealed] = await Promise.all([
    db.getMany(cases.map((key) => SPACE.caseEvent + key)),
    db.getMany(cases.map((key) => SPACE.sealedCase + key)),
  ]);
  return cases.map((_key, i) => {
    const entries = [...splitCase(open[i] ?? ''), ...splitCase(sealed[i] ?? '')];
    return stillOpen(entries.sort().slice(-EVENTS_OF_A_MEMBER));
  });
}

/** The members that have cases open, in the order of codes. */
export async function membersWithOpenCases(db: ViewsDatabase): Promise<MemberCode[]> {
  const members: MemberCode[] = [];
  for await (const [key] of scan(db, ...rangeOf(SPACE.openCases))) members.push(key.slice(1) as MemberCode);
  return members;
}

/** Positions of the openings that are open by the lists of the space, of a member or of all. */
export async function* openPositions(
  db: ViewsDatabase,
  space: CaseSpace,
  member?: MemberCode,
): AsyncGenerator<Position> {
  const prefix = member === undefined ? '' : ownPrefix(member);
  for await (const [, row] of scan(db, ...rangeOf(space, prefix))) {
    for (const entry of stillOpen(splitCase(row))) yield positionIn(entry);
  }
}

/** For each entry the positions of the events that answer it. */
export async function answersTo(db: Reader, entries: readonly EntryKey[]): Promise<Position[][]> {
  const rows = await db.getMany(entries.map((entry) => SPACE.answer + entry));
  return rows.map((row) => splitPositions(row ?? ''));
}

/** The openings and closings of the cases to which the statements belong. */
export async function eventsOfCases(
  db: Reader,
  logs: LogTable,
  statements: readonly LiveStatement[],
): Promise<Position[]> {
  const keys = new Set(statements.flatMap((statement) => caseOf(logs, statement) ?? []));
  const rows = await db.getMany([...keys].map((key) => SPACE.caseEvent + key));
  return rows.flatMap((row) => splitCase(row ?? '').map((entry) => positionIn(entry)));
}

function eachOf(
  logs: LogTable,
  statement: LiveStatement,
  ofCase: (key: CaseKey, entry: Binary) => void,
  answer: (key: EntryKey, position: Position) => void,
): void {
  const event = caseEventOf(logs, statement);
  if (event !== undefined) ofCase(event.key, event.entry);
  const { said, position } = statement;
  if (said.case !== 'event' || said.value.answers === undefined) return;
  const key = entryKey(said.value.answers);
  if (key !== undefined) answer(key, position);
}

/** The case of an opening or closing, and how it stands in the list of the case. */
export function caseEventOf(
  logs: LogTable,
  statement: Spoken,
): { readonly key: CaseKey; readonly entry: Binary } | undefined {
  const { said, position } = statement;
  if (said.case !== 'event') return undefined;
  const { kind } = said.value;
  if (kind !== EventKind.INVESTIGATION_OPENED && kind !== EventKind.INVESTIGATION_CLOSED) return undefined;
  const key = caseOf(logs, statement);
  if (key === undefined) return undefined;
  return { key, entry: position + (kind === EventKind.INVESTIGATION_OPENED ? OPENED : CLOSED) };
}

function caseOf(logs: LogTable, { said, position }: Spoken): CaseKey | undefined {
  if (said.case !== 'event' || said.value.caseId.length === 0) return undefined;
  return ownPrefix(logs.logAt(position).member) + toBinary(said.value.caseId);
}

function ownPrefix(member: MemberCode): Binary {
  return String.fromCharCode(member.length) + member;
}

function splitCase(list: Binary): Binary[] {
  return cut(list, CASE_ENTRY_BYTES);
}

/** True for an entry of a case's list that opens it. */
export function isOpening(entry: Binary): boolean {
  return entry.endsWith(OPENED);
}

export function positionIn(entry: Binary): Position {
  return entry.slice(0, POSITION_BYTES);
}

/** The openings behind the last closing. */
function stillOpen(entries: readonly Binary[]): Binary[] {
  return entries.slice(entries.findLastIndex((entry) => !isOpening(entry)) + 1);
}

async function countOpen(step: Step, changes: ReadonlyMap<CaseKey, ListChange>): Promise<void> {
  const more = new Map<Binary, number>();
  for (const [key, { before, now }] of changes) {
    const change = Number(stillOpen(now).length > 0) - Number(stillOpen(before).length > 0);
    const member = key.slice(1, -16);
    if (change !== 0) more.set(member, (more.get(member) ?? 0) + change);
  }
  const members = [...more.keys()];
  const rows = await step.db.getMany(members.map((member) => SPACE.openCases + member));
  for (const [i, member] of members.entries()) {
    const row = rows[i];
    const count = (row === undefined ? 0 : readU32(row, 0)) + (more.get(member) as number);
    if (count === 0) step.db.delete(SPACE.openCases + member);
    else step.db.put(SPACE.openCases + member, u32(count));
  }
}

/** An opening whose closing went is open again. Those that are new are noted by the links view. */
async function noteReopened(step: Step, changes: ReadonlyMap<CaseKey, ListChange>): Promise<void> {
  const reopened = [...changes.values()].flatMap(({ before, now }) => {
    const open = new Set(stillOpen(before));
    return stillOpen(now).filter((entry) => !open.has(entry) && before.includes(entry));
  });
  const statements = await statementsAt(
    step.db,
    reopened.map((entry) => positionIn(entry)),
  );
  for (const [position, { said }] of statements) {
    const [first] = thingsIn(said);
    if (first !== undefined) step.joined.push({ by: memberNumberOf(position), thing: first.key });
  }
}
