// What the leads are about: sealed media records are matched by their hashes as open ones are, and whoever asks for a
// thing is shown what was sealed about it. They join nothing.
//
//   H <hash>          -> positions of the sealed records that bear it, the first 64
//   T <thing>         -> positions of the other leads about it, the first 64; of a medium, by one of its hashes
//   H, T              -> how many such leads there are: where there are none, looking up is spared
//   H, T <member number> -> how many of them are the member's

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

/** Leads by what they are about. Records have lists of their own, which no other leads can fill. */
interface LeadLists {
  readonly space: string;
  thingsOf(lead: Pick<Lead, 'statement'>): ThingKey[];
}

const RECORDS: LeadLists = { space: SPACE.leadHash, thingsOf: hashesIn };
const OTHERS: LeadLists = { space: SPACE.leadThing, thingsOf: thingsNamedIn };

/** Stands for the members together. */
const ALL: MemberNumber = '';

/** Bounds what one row can come to: a lead beyond it was told of, and matched, when it came. */
const MAX_ABOUT = 64;

/** The hashes of the media record that the lead is, strongest first; none when it is another statement. */
export function hashesIn({ statement }: Pick<Lead, 'statement'>): HashKey[] {
  return statement.case === 'mediaRecord' ? hashesOf(statement.value).map(hashKey) : [];
}

/** The things that a lead is about which is no record. */
function thingsNamedIn({ statement }: Pick<Lead, 'statement'>): ThingKey[] {
  if (statement.case !== 'link') return thingsAbout(statement).map(({ key }) => key);
  return [statement.value.from, statement.value.to].flatMap((end) =>
    end === undefined ? [] : [thingKey(end)],
  );
}

export async function noteLeadThings(
  db: BufferedDb,
  born: readonly Lead[],
  died: readonly Lead[],
): Promise<void> {
  for (const lists of [RECORDS, OTHERS]) await noteIn(lists, db, born, died);
}

async function noteIn(
  { space, thingsOf }: LeadLists,
  db: BufferedDb,
  born: readonly Lead[],
  died: readonly Lead[],
): Promise<void> {
  const touched = [...new Set([...born, ...died].flatMap(thingsOf))];
  if (touched.length === 0) return;
  const rows = await db.getMany(touched.map((thing) => space + thing));
  const about = new Map(touched.map((thing, i) => [thing, splitPositions(rows[i] ?? '')]));
  const sums = new Map<MemberNumber, number>();
  const count = (lead: Lead, change: number): void => {
    for (const of of [ALL, memberNumberOf(lead.position)]) sums.set(of, (sums.get(of) ?? 0) + change);
  };
  for (const lead of died) {
    const things = thingsOf(lead);
    for (const thing of things) {
      const left = about.get(thing)?.filter((position) => position !== lead.position) ?? [];
      about.set(thing, left);
    }
    if (things.length > 0) count(lead, -1);
  }
  for (const lead of born) {
    const things = thingsOf(lead);
    for (const thing of things) about.get(thing)?.push(lead.position);
    if (things.length > 0) count(lead, 1);
  }
  for (const [thing, positions] of about) {
    const row = positions.join('').slice(0, MAX_ABOUT * POSITION_BYTES);
    if (row === '') db.delete(space + thing);
    else db.put(space + thing, row);
  }
  for (const [of, change] of sums) db.put(space + of, u48((await countOf(db, space, of)) + change));
}

async function countOf(db: Reader, space: string, of: MemberNumber): Promise<number> {
  const [count] = await db.getMany([space + of]);
  return count === undefined ? 0 : readU48(count, 0);
}

/** True when sealed records can be read here, of the member or of anybody. */
export async function hasSealedRecords(db: Reader, member: MemberNumber = ALL): Promise<boolean> {
  return (await countOf(db, RECORDS.space, member)) > 0;
}

/** For each hash the sealed records that bear it. */
export async function sealedRecordsWith(
  db: Reader,
  logs: LogTable,
  hashes: readonly HashKey[],
): Promise<SealedRecord[][]> {
  const lists = await positionsIn(RECORDS, db, hashes);
  const leads = await leadsAt(db, [...new Set(lists.flat())]);
  const records = new Map(leads.map((lead) => [lead.position, sealedRecordOf(lead, logs)]));
  return lists.map((positions) => positions.flatMap((position) => records.get(position) ?? []));
}

/** The leads about any of the things, in the order of their places, each with the entry that it was sealed in. */
export async function leadsAbout(db: Reader, things: readonly ThingKey[]): Promise<FreshLead[]> {
  const lists = [await positionsIn(RECORDS, db, things), await positionsIn(OTHERS, db, things)];
  const positions = [...new Set(lists.flat(2))].sort();
  const [leads, entries] = await Promise.all([leadsAt(db, positions), statementsAt(db, positions)]);
  return leads.flatMap((lead) => {
    const sealed = entries.get(lead.position);
    return sealed === undefined ? [] : [{ ...lead, sealed }];
  });
}

async function positionsIn(
  { space }: LeadLists,
  db: Reader,
  things: readonly ThingKey[],
): Promise<Position[][]> {
  if ((await countOf(db, space, ALL)) === 0) return things.map(() => []);
  const rows = await db.getMany(things.map((thing) => space + thing));
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
