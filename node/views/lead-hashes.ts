// Which sealed media records that were opened here bear a hash, so that they are matched as open ones are.
//
//   H <hash key>   -> positions of the leads that bear it, the first 64
//   H <member number> -> how many leads of the member bear hashes; without a number, of all: where there are none,
//                        looking up is spared

import type { LogName, MemberCode } from '../names.js';
import { hashesOf } from '../statements/hashes.js';
import { type Binary, readU48, toBinary, u48 } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { type HashKey, hashKey } from './hash-key.js';
import { type Lead, leadsAt } from './lead-rows.js';
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

/** Stands for the members together. */
const ALL: MemberNumber = '';

/** Bounds what one row can come to: a lead beyond it was matched when it came. */
const MAX_BEARERS = 64;

/** The hashes of the media record that the lead is, strongest first; none when it is another statement. */
export function hashesIn({ statement }: Pick<Lead, 'statement'>): HashKey[] {
  return statement.case === 'mediaRecord' ? hashesOf(statement.value).map(hashKey) : [];
}

export async function noteLeadHashes(
  db: BufferedDb,
  born: readonly Lead[],
  died: readonly Lead[],
): Promise<void> {
  const touched = [...new Set([...born, ...died].flatMap(hashesIn))];
  if (touched.length === 0) return;
  const rows = await db.getMany(touched.map((hash) => SPACE.leadHash + hash));
  const bearers = new Map(touched.map((hash, i) => [hash, splitPositions(rows[i] ?? '')]));
  for (const lead of died) {
    for (const hash of hashesIn(lead)) {
      const left = bearers.get(hash)?.filter((position) => position !== lead.position) ?? [];
      bearers.set(hash, left);
    }
  }
  for (const lead of born) for (const hash of hashesIn(lead)) bearers.get(hash)?.push(lead.position);
  for (const [hash, positions] of bearers) {
    const row = positions.join('').slice(0, MAX_BEARERS * POSITION_BYTES);
    if (row === '') db.delete(SPACE.leadHash + hash);
    else db.put(SPACE.leadHash + hash, row);
  }
  for (const [of, change] of changes(born, died)) {
    db.put(SPACE.leadHash + of, u48((await bearingLeads(db, of)) + change));
  }
}

/** How many more leads bear hashes, by member and in all. */
function changes(born: readonly Lead[], died: readonly Lead[]): Map<MemberNumber, number> {
  const sums = new Map<MemberNumber, number>();
  const add = (lead: Lead, change: number): void => {
    if (hashesIn(lead).length === 0) return;
    for (const of of [ALL, memberNumberOf(lead.position)]) sums.set(of, (sums.get(of) ?? 0) + change);
  };
  for (const lead of born) add(lead, 1);
  for (const lead of died) add(lead, -1);
  return sums;
}

/** How many leads bear hashes: of the member, or of all. */
export async function bearingLeads(db: Reader, of: MemberNumber = ALL): Promise<number> {
  const [count] = await db.getMany([SPACE.leadHash + of]);
  return count === undefined ? 0 : readU48(count, 0);
}

/** For each hash the sealed records that bear it. */
export async function sealedRecordsWith(
  db: Reader,
  logs: LogTable,
  hashes: readonly HashKey[],
): Promise<SealedRecord[][]> {
  if ((await bearingLeads(db)) === 0) return hashes.map(() => []);
  const rows = await db.getMany(hashes.map((hash) => SPACE.leadHash + hash));
  const lists = rows.map((row) => splitPositions(row ?? ''));
  const leads = await leadsAt(db, [...new Set(lists.flat())]);
  const records = new Map(leads.map((lead) => [lead.position, sealedRecordOf(lead, logs)]));
  return lists.map((positions) => positions.flatMap((position) => records.get(position) ?? []));
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
