// What the leads are about: sealed media records are matched by their hashes as open ones are, and whoever asks for a
// thing is shown what was sealed about it. They join nothing.
//
//   H <thing>         -> positions of the leads about it, the first 64; of a medium, by one of its hashes
//   H <member number> -> how many leads of the member are records with hashes
//   H                 -> how many leads are about anything: where there are none, looking up is spared

import type { LogName, MemberCode } from '../names.js';
import { hashesOf } from '../statements/hashes.js';
import { type Binary, readU48, toBinary, u48 } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { thingsAbout } from './events.js';
import { type HashKey, hashKey } from './hash-key.js';
import { type FreshLead, type Lead, leadsAt } from './lead-rows.js';
import { statementsAt } from './live-statements.js';
import type { LogTable } from './log-table.js';
import {
  indexOf,
  type MemberNumber,
  memberNumberOf,
  POSITION_BYTES,
  type Position,
  splitPositions,
} from './position.js';
import { SPACE } from './spaces.js';
import { type ThingKey, thingKey } from './thing-key.js';

/** A media record that was sealed and could be opened here. */
export interface SealedRecord {
  readonly position: Position;
  readonly member: MemberCode;
  readonly log: LogName;
  readonly index: number;
  readonly recordId: Binary;
  /** Strongest first. */
  readonly hashes: readonly HashKey[];
}

/** Stands for all leads. */
const ALL: MemberNumber = '';

/** Bounds what one row can come to: a lead beyond it was told of, and matched, when it came. */
const MAX_ABOUT = 64;

/** The hashes of the media record that the lead is, strongest first; none when it is another statement. */
export function hashesIn({ statement }: Pick<Lead, 'statement'>): HashKey[] {
  return statement.case === 'mediaRecord' ? hashesOf(statement.value).map(hashKey) : [];
}

/** The things that the lead is about. */
function thingsIn({ statement }: Pick<Lead, 'statement'>): ThingKey[] {
  switch (statement.case) {
    case 'mediaRecord':
      return hashesOf(statement.value).map(hashKey);
    case 'link':
      return [statement.value.from, statement.value.to].flatMap((end) =>
        end === undefined ? [] : [thingKey(end)],
      );
    default:
      return thingsAbout(statement).map(({ key }) => key);
  }
}

export async function noteLeadThings(
  db: BufferedDb,
  born: readonly Lead[],
  died: readonly Lead[],
): Promise<void> {
  const touched = [...new Set([...born, ...died].flatMap(thingsIn))];
  if (touched.length === 0) return;
  const rows = await db.getMany(touched.map((thing) => SPACE.leadThing + thing));
  const about = new Map(touched.map((thing, i) => [thing, splitPositions(rows[i] ?? '')]));
  for (const lead of died) {
    for (const thing of thingsIn(lead)) {
      const left = about.get(thing)?.filter((position) => position !== lead.position) ?? [];
      about.set(thing, left);
    }
  }
  for (const lead of born) for (const thing of thingsIn(lead)) about.get(thing)?.push(lead.position);
  for (const [thing, positions] of about) {
    const row = positions.join('').slice(0, MAX_ABOUT * POSITION_BYTES);
    if (row === '') db.delete(SPACE.leadThing + thing);
    else db.put(SPACE.leadThing + thing, row);
  }
  for (const [of, change] of changes(born, died)) {
    db.put(SPACE.leadThing + of, u48((await countOf(db, of)) + change));
  }
}

/** How many more leads there are, and how many more of a member are records. */
function changes(born: readonly Lead[], died: readonly Lead[]): Map<MemberNumber, number> {
  const sums = new Map<MemberNumber, number>();
  const add = (lead: Lead, change: number): void => {
    const counts = [
      ...(thingsIn(lead).length > 0 ? [ALL] : []),
      ...(hashesIn(lead).length > 0 ? [memberNumberOf(lead.position)] : []),
    ];
    for (const of of counts) sums.set(of, (sums.get(of) ?? 0) + change);
  };
  for (const lead of born) add(lead, 1);
  for (const lead of died) add(lead, -1);
  return sums;
}

async function countOf(db: Reader, of: MemberNumber): Promise<number> {
  const [count] = await db.getMany([SPACE.leadThing + of]);
  return count === undefined ? 0 : readU48(count, 0);
}

/** True when something was sealed that can be read here. */
export async function hasLeads(db: Reader): Promise<boolean> {
  return (await countOf(db, ALL)) > 0;
}

/** True when the member has sealed records that can be read here. */
export async function hasSealedRecords(db: Reader, member: MemberNumber): Promise<boolean> {
  return (await countOf(db, member)) > 0;
}

/** For each hash the sealed records that bear it. */
export async function sealedRecordsWith(
  db: Reader,
  logs: LogTable,
  hashes: readonly HashKey[],
): Promise<SealedRecord[][]> {
  const lists = await positionsAbout(db, hashes);
  const leads = await leadsAt(db, [...new Set(lists.flat())]);
  const bearing = leads.filter((lead) => hashesIn(lead).length > 0);
  const records = new Map(bearing.map((lead) => [lead.position, sealedRecordOf(lead, logs)]));
  return lists.map((positions) => positions.flatMap((position) => records.get(position) ?? []));
}

/** The leads about any of the things, in the order of their places, each with the entry that it was sealed in. */
export async function leadsAbout(db: Reader, things: Iterable<ThingKey>): Promise<FreshLead[]> {
  const positions = [...new Set((await positionsAbout(db, [...things])).flat())].sort();
  const [leads, entries] = await Promise.all([leadsAt(db, positions), statementsAt(db, positions)]);
  return leads.flatMap((lead) => {
    const sealed = entries.get(lead.position);
    return sealed === undefined ? [] : [{ ...lead, sealed }];
  });
}

async function positionsAbout(db: Reader, things: readonly ThingKey[]): Promise<Position[][]> {
  if (!(await hasLeads(db))) return things.map(() => []);
  const rows = await db.getMany(things.map((thing) => SPACE.leadThing + thing));
  return rows.map((row) => splitPositions(row ?? ''));
}

export function sealedRecordOf(lead: Lead, logs: LogTable): SealedRecord {
  const { member, name } = logs.logAt(lead.position);
  return {
    position: lead.position,
    member,
    log: name,
    index: indexOf(lead.position),
    recordId: lead.statement.case === 'mediaRecord' ? toBinary(lead.statement.value.recordId) : '',
    hashes: hashesIn(lead),
  };
}
