// The tallies view: about how many victims, suspects and places events of each kind are, by member and in all, and how
// many events were made in each month. Subjects are counted once however often and by however many members they are
// named, and those that are one as one (same-subjects.ts); an event that dies is counted back.
//
//   I <kind> <subject> <member number>  -> live events of the kind about the subject by the member (6)
//   u <kind> <subject>                  -> members that have such events (6)
//   y <kind> <member number, or none>   -> subjects of the member, or in all (6)
//   M <month> <kind> <member number>    -> live events (6)
//
// A kind is one byte, a subject its key (thing-key.ts), a month two bytes: months since year 0.

import type { Hash } from 'node:crypto';
import type { EventKind } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import { EVENT_KINDS } from '../statements/vocabulary.js';
import { type Binary, readU16, readU48, u16, u48 } from './binary.js';
import { type BufferedDb, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import type { LiveStatement } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { MEMBER_NUMBER_BYTES, type MemberNumber, memberNumberOf } from './position.js';
import { noteSameSubjects, sameSubjects } from './same-subjects.js';
import { rangeOf, SPACE } from './spaces.js';
import { subjectKey, type ThingKey } from './thing-key.js';
import type { Step, View } from './view.js';

/** By the word of the kind of event: how many subjects. */
export type SubjectCounts = { readonly [kind: string]: number };

export interface MonthTally {
  /** YYYY-MM, UTC, as the authors claim. */
  readonly month: string;
  /** By the word of the kind: live events. */
  readonly events: { readonly [kind: string]: number };
}

export interface Tallies {
  readonly all: SubjectCounts;
  readonly members: ReadonlyMap<MemberCode, SubjectCounts>;
  /** Ascending; months without events are left out. */
  readonly months: readonly MonthTally[];
}

export const talliesView: View = {
  name: 'tallies',
  version: 1,

  async follow({ db, statements }: Step): Promise<void> {
    noteSameSubjects(db, statements);
    const [events, months] = [new Deltas(), new Deltas()];
    for (const statement of statements.born) count(events, months, statement, 1);
    for (const statement of statements.died) count(events, months, statement, -1);
    await months.write(db);
    const [members, subjects] = [new Deltas(), new Deltas()];
    for (const { key, before, now } of await events.write(db)) {
      const by = appeared(before, now);
      if (by === 0) continue;
      const about = key.slice(1, -MEMBER_NUMBER_BYTES);
      members.add(SPACE.subjectMembers + about, by);
      subjects.add(SPACE.subjectCount + about.charAt(0) + key.slice(-MEMBER_NUMBER_BYTES), by);
    }
    for (const { key, before, now } of await members.write(db)) {
      subjects.add(SPACE.subjectCount + key.charAt(1), appeared(before, now));
    }
    await subjects.write(db);
  },

  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    const { all, members, months } = await readTallies(db, logs, snapshot);
    const inOrder = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(
      JSON.stringify({
        all: sorted(all),
        members: inOrder.map(([code, counts]) => [code, sorted(counts)]),
        months,
      }),
    );
  },
};

function count(events: Deltas, months: Deltas, { position, madeAt, said }: LiveStatement, by: number): void {
  if (said.case !== 'event') return;
  const { kind, subject } = said.value;
  const member = memberNumberOf(position);
  const word = String.fromCharCode(kind);
  months.add(SPACE.eventsInMonth + u16(monthOf(madeAt)) + word + member, by);
  if (subject !== undefined) events.add(SPACE.eventsAbout + word + subjectKey(subject) + member, by);
}

/** 1 when something is there that was not, -1 when it is gone. */
function appeared(before: number, now: number): number {
  return Number(now > 0) - Number(before > 0);
}

/** What is to be added to counters, so that a batch reads and writes each of them once. */
class Deltas {
  readonly #byKey = new Map<Binary, number>();

  add(key: Binary, by: number): void {
    this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + by);
  }

  /** Adds; a counter that is zero goes. Returns what each was and is. */
  async write(db: BufferedDb): Promise<{ key: Binary; before: number; now: number }[]> {
    const keys = [...this.#byKey.keys()];
    const rows = await db.getMany(keys);
    return keys.map((key, i) => {
      const row = rows[i];
      const before = row === undefined ? 0 : readU48(row, 0);
      const now = before + (this.#byKey.get(key) as number);
      if (now === 0) db.delete(key);
      else if (now !== before) db.put(key, u48(now));
      return { key, before, now };
    });
  }
}

function monthOf(madeAt: number): number {
  const date = new Date(madeAt * 1000);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function monthText(month: number): string {
  return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`;
}

/** How many subjects, by member ('' = in all) and kind, as counted when no two are one. */
async function countedSubjects(
  db: ViewsDatabase,
  options: { snapshot?: Snapshot },
): Promise<Map<MemberNumber, Record<string, number>>> {
  const counts = new Map<MemberNumber, Record<string, number>>();
  for await (const [key, value] of scan(db, ...rangeOf(SPACE.subjectCount), options)) {
    const member = key.slice(2);
    const ofMember = counts.get(member) ?? {};
    ofMember[wordAt(key, 1)] = readU48(value, 0);
    counts.set(member, ofMember);
  }
  return counts;
}

/** How many subjects, by member ('' = in all) and kind, when some of them are one. */
async function distinctSubjects(
  db: ViewsDatabase,
  options: { snapshot?: Snapshot },
  standFor: (subject: ThingKey) => ThingKey,
): Promise<Map<MemberNumber, Record<string, number>>> {
  const subjects = new Map<MemberNumber, Map<string, Set<ThingKey>>>();
  for await (const [key] of scan(db, ...rangeOf(SPACE.eventsAbout), options)) {
    const one = standFor(key.slice(2, -MEMBER_NUMBER_BYTES));
    for (const member of ['', key.slice(-MEMBER_NUMBER_BYTES)]) {
      const ofMember = subjects.get(member) ?? new Map<string, Set<ThingKey>>();
      const word = wordAt(key, 1);
      ofMember.set(word, (ofMember.get(word) ?? new Set()).add(one));
      subjects.set(member, ofMember);
    }
  }
  return new Map(
    [...subjects].map(([member, kinds]) => [
      member,
      Object.fromEntries([...kinds].map(([word, some]) => [word, some.size])),
    ]),
  );
}

/** The tallies as committed (in the snapshot). */
export async function readTallies(db: ViewsDatabase, logs: LogTable, snapshot?: Snapshot): Promise<Tallies> {
  const options = snapshot === undefined ? {} : { snapshot };
  const same = await sameSubjects(db, logs, snapshot);
  const counts = same.any
    ? await distinctSubjects(db, options, same.standFor)
    : await countedSubjects(db, options);
  const months = new Map<string, Record<string, number>>();
  for await (const [key, value] of scan(db, ...rangeOf(SPACE.eventsInMonth), options)) {
    const month = monthText(readU16(key, 1));
    const events = months.get(month) ?? {};
    const word = wordAt(key, 3);
    events[word] = (events[word] ?? 0) + readU48(value, 0);
    months.set(month, events);
  }
  const all = counts.get('') ?? {};
  counts.delete('');
  return {
    all,
    members: new Map([...counts].map(([member, ofMember]) => [logs.codeOf(member), ofMember])),
    months: [...months].map(([month, events]) => ({ month, events: sorted(events) })),
  };
}

/** In all, as the batches made so far have it: how many subjects events of the kind are about. */
export async function subjectsInAll(db: BufferedDb, kind: EventKind): Promise<number> {
  const [row] = await db.getMany([SPACE.subjectCount + String.fromCharCode(kind)]);
  return row === undefined ? 0 : readU48(row, 0);
}

function wordAt(key: Binary, at: number): string {
  return EVENT_KINDS.wordOf.get(key.charCodeAt(at) as EventKind) ?? 'unknown';
}

function sorted(counts: SubjectCounts): SubjectCounts {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
