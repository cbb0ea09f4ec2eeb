// The overlaps view: the hashes that are on record with two or more members, and with which. A member is
// listed when one of its records and another member's share the hash and do not contradict each other in a
// stronger one that both have (hash-key.ts).
//
//   o <hash key>  -> member numbers, sorted
//
// Online work is bounded by the hashes view: at most 64 records of a member count under a hash, so a hostile
// member adds at most 64 comparisons for each record of the others under the same hash.

import type { Hash } from 'node:crypto';
import { cut, fromBinary } from './binary.js';
import { type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { contradicts, type HashKey, strongerThan } from './hash-key.js';
import { type LiveRecord, liveAt } from './live-records.js';
import type { LogTable } from './log-table.js';
import { MEMBER_NUMBER_BYTES, type MemberNumber, memberNumberOf, type Position } from './position.js';
import type { ListChange } from './ranked-lists.js';
import { rangeOf, SPACE } from './spaces.js';
import type { OverlapChange, Step, View } from './view.js';

export const overlapsView: View = {
  name: 'overlaps',
  version: 1,

  async follow(step: Step): Promise<void> {
    const touched = [...step.postings].filter(
      ([, { before, now }]) => areOfSeveral(before) || areOfSeveral(now),
    );
    if (touched.length === 0) return;
    const stored = await step.db.getMany(touched.map(([hash]) => SPACE.overlap + hash));
    const applied = new Map(step.applied.map((record) => [record.position, record]));
    const overlaps = new Map<HashKey, OverlapChange>();
    const unsure: [HashKey, readonly MemberNumber[], readonly Position[]][] = [];
    for (const [i, [hash, change]] of touched.entries()) {
      const before = splitMembers(stored[i] ?? '');
      const now = withoutReading(step, applied, hash, change, before);
      if (now === undefined) unsure.push([hash, before, change.now]);
      else overlaps.set(hash, { before, now });
    }
    const records = await liveAt(
      step.db,
      unsure.flatMap(([, , positions]) => positions),
    );
    for (const [hash, before, positions] of unsure) {
      const sharing = positions.map((position) => records.get(position) as LiveRecord);
      overlaps.set(hash, { before, now: membersThatAgree(hash, sharing) });
    }
    step.overlaps = keepChanged(step, overlaps);
  },

  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    for await (const [key, value] of scan(db, ...rangeOf(SPACE.overlap), { snapshot })) {
      const codes = splitMembers(value).map((number) => logs.codeOf(number));
      hash.update(fromBinary(`${key.slice(1)}${codes.sort().join(' ')}\n`));
    }
  },
};

/** Cuts a list of joined member numbers. */
export function splitMembers(list: string): MemberNumber[] {
  return cut(list, MEMBER_NUMBER_BYTES);
}

/** The members to list, from records that share the hash. */
export function membersThatAgree(hash: HashKey, records: readonly LiveRecord[]): MemberNumber[] {
  const listed = new Set<MemberNumber>();
  for (const record of records) {
    const member = memberNumberOf(record.position);
    if (listed.has(member)) continue;
    const partner = records.find(
      (other) => memberNumberOf(other.position) !== member && !contradicts(record.hashes, other.hashes, hash),
    );
    if (partner !== undefined) listed.add(member).add(memberNumberOf(partner.position));
  }
  return [...listed].sort();
}

function areOfSeveral(positions: readonly Position[]): boolean {
  const first = positions[0];
  return first !== undefined && positions.some((other) => memberNumberOf(other) !== memberNumberOf(first));
}

/**
 * The members to list where that needs no look at the records: nothing can contradict, or nothing was taken
 * away and every member was listed before or is now for certain. Spares the reading of all records under a
 * hash that many members have, each time that one more has it.
 */
function withoutReading(
  step: Step,
  applied: ReadonlyMap<Position, LiveRecord>,
  hash: HashKey,
  change: ListChange,
  before: readonly MemberNumber[],
): MemberNumber[] | undefined {
  if (!areOfSeveral(change.now)) return [];
  const all = [...new Set(change.now.map(memberNumberOf))].sort();
  if (!canBeContradicted(hash)) return all;
  const now = new Set(change.now);
  if (!change.before.every((position) => now.has(position))) return undefined;
  const earlier = new Set(change.before);
  const listed = new Set(before);
  for (const position of change.now) {
    if (earlier.has(position)) continue;
    for (const partner of certainPartners(step, applied.get(position) as LiveRecord, hash, change.now)) {
      listed.add(memberNumberOf(position)).add(memberNumberOf(partner));
    }
  }
  return all.every((member) => listed.has(member)) ? all : undefined;
}

/** Records of others that share the hash and every stronger exact hash that the record has. */
function certainPartners(
  step: Step,
  record: LiveRecord,
  hash: HashKey,
  sharing: readonly Position[],
): Position[] {
  const stronger = strongerThan(record.hashes, hash).map((key) => new Set(step.postings.get(key)?.now));
  return sharing.filter(
    (position) =>
      memberNumberOf(position) !== memberNumberOf(record.position) &&
      stronger.every((positions) => positions.has(position)),
  );
}

/** False for the strongest hash, and for those which stronger ones say nothing against. */
function canBeContradicted(hash: HashKey): boolean {
  const algorithm = hash.charCodeAt(0);
  return algorithm === 2 || algorithm === 3;
}

function keepChanged(
  step: Step,
  overlaps: ReadonlyMap<HashKey, OverlapChange>,
): ReadonlyMap<HashKey, OverlapChange> {
  const changed = new Map<HashKey, OverlapChange>();
  for (const [hash, change] of overlaps) {
    const written = change.now.join('');
    if (written === change.before.join('')) continue;
    if (written === '') step.db.delete(SPACE.overlap + hash);
    else step.db.put(SPACE.overlap + hash, written);
    changed.set(hash, change);
  }
  return changed;
}
