// Exact look-up: which current records bear a hash. Built for a thousand hashes at a time: the index is asked
// once, and what is told of the records is read once.

import type { LogName, MemberCode } from '../names.js';
import type { NamedHash } from '../statements/hashes.js';
import type { Binary } from './binary.js';
import type { Reader } from './buffered-db.js';
import { type HashKey, hashKey, shortKey, tailOf } from './hash-key.js';
import { type LiveRecord, liveAt } from './live-records.js';
import type { LogTable } from './log-table.js';
import { indexOf, type Position } from './position.js';
import { postingsIn } from './postings.js';
import { inRowsOrRuns } from './runs.js';
import { SPACE } from './spaces.js';

/** A current record that bears the hash. */
export interface RecordAnswer
  extends Pick<LiveRecord, 'position' | 'recordId' | 'classification' | 'hashes'> {
  readonly member: MemberCode;
  readonly log: LogName;
  readonly index: number;
}

/** Where what bears the short keys stands, as far as the sorted runs know. */
export type FindInRuns = (keys: readonly Binary[]) => Promise<(Position | undefined)[]>;

/** For each hash the records that bear it, in the order of member codes, then of their logs. */
export async function findRecords(
  reader: Reader,
  logs: LogTable,
  findInRuns: FindInRuns,
  hashes: readonly NamedHash[],
): Promise<RecordAnswer[][]> {
  const keys = hashes.map(hashKey);
  const found = await recordsBearing(reader, findInRuns, keys);
  return found.map((records) => answersFor(records, logs));
}

/** For each hash the current records that bear it. */
export async function recordsBearing(
  reader: Reader,
  findInRuns: FindInRuns,
  keys: readonly HashKey[],
): Promise<LiveRecord[][]> {
  const lists = await postingLists(reader, findInRuns, keys.map(shortKey));
  const places = keys.map((key, i) =>
    postingsIn({ key: shortKey(key), value: lists[i] ?? '' })
      .filter(({ tail = tailOf(key) }) => tail === tailOf(key))
      .map(({ position }) => position),
  );
  const records = await liveAt(reader, places.flat());
  return keys.map((key, i) =>
    (places[i] ?? []).flatMap((position) => {
      const record = records.get(position);
      // A record that stands alone in the index is known there by the first bytes of its hash only.
      return record?.hashes.includes(key) === true ? [record] : [];
    }),
  );
}

/** The lists under short keys: in rows of their own, or else in sorted runs. */
async function postingLists(
  reader: Reader,
  findInRuns: FindInRuns,
  keys: readonly Binary[],
): Promise<(Binary | undefined)[]> {
  const rows = await reader.getMany(keys.map((key) => SPACE.posting + key));
  return inRowsOrRuns(keys, rows, findInRuns);
}

function answersFor(records: readonly LiveRecord[], logs: LogTable): RecordAnswer[] {
  return records
    .map((record) => recordAnswer(record, logs))
    .sort((a, b) => (a.member < b.member ? -1 : Number(a.member > b.member)));
}

/** What a look-up tells of a record. */
export function recordAnswer(record: LiveRecord, logs: LogTable): RecordAnswer {
  const { position, recordId, classification, hashes } = record;
  const { member, name } = logs.logAt(position);
  return { member, log: name, index: indexOf(position), position, recordId, classification, hashes };
}
