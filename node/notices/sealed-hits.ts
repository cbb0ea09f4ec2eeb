// Hits by sealed media records: another member has sealed for this one what it has on record or holds, or this one has
// sealed what another has. They are told as those by open records are, whichever came first.

import { positionText } from '../names.js';
import { namedHash } from '../views/hash-key.js';
import {
  hasSealedRecords,
  type SealedRecord,
  sealedRecordOf,
  sealedRecordsWith,
} from '../views/lead-things.js';
import type { LiveRecord } from '../views/live-records.js';
import { findRecords } from '../views/lookup.js';
import { indexOf, memberNumberOf } from '../views/position.js';
import type { Step } from '../views/view.js';
import { byMember, type HitsOptions, heldOf, mineAt, theirsAt } from './hits.js';
import { type Mine, matchNotices, type Theirs } from './matches.js';
import type { Untold } from './told.js';

/** Tells what follows from a step of the views. To be called before the step is committed (`beforeCommit`). */
export async function tellSealedHitsOf(step: Step, options: HitsOptions): Promise<void> {
  const at = new Date(options.now()).toISOString();
  await options.told.tell([
    ...(await hitsOfFreshLeads(step, options, at)),
    ...(await hitsOfFreshRecords(step, options, at)),
  ]);
}

/** What was sealed by us or for us just now, against what the other side has. */
async function hitsOfFreshLeads(step: Step, { me, holdings }: HitsOptions, at: string): Promise<Untold[]> {
  const fresh = step.leads.born
    .map((lead) => sealedRecordOf(lead, step.logs))
    .filter(({ hashes }) => hashes.length > 0);
  if (fresh.length === 0) return [];
  const hashes = [...new Set(fresh.flatMap((record) => record.hashes))];
  const open = await findRecords(
    step.db,
    step.logs,
    (keys) => step.index.runs.find(step.db, keys),
    hashes.map(namedHash),
  );
  const sealed = await sealedRecordsWith(step.db, step.logs, hashes);
  const held = await holdings.matchKeys(hashes);
  const known = new Map(
    hashes.map((hash, i) => {
      const records = [...(open[i] ?? []), ...(sealed[i] ?? [])];
      const mine = records.filter(({ member }) => member === me).map(mineOf);
      const theirs = records.filter(({ member }) => member !== me).map(theirsOf);
      return [hash, { mine: [...mine, ...(held[i] ?? []).map(heldOf)], theirs }] as const;
    }),
  );
  return fresh.flatMap((record) => {
    const sharing = record.hashes.flatMap((hash) => known.get(hash) ?? []);
    if (record.member === me) {
      const theirs = sharing.flatMap((each) => each.theirs);
      return byMember(theirs).flatMap((group) => matchNotices(mineOf(record), group, at));
    }
    const mine = new Map(
      sharing.flatMap((each) => each.mine).map((each) => [`${each.kind} ${each.key}`, each]),
    );
    return [...mine.values()].flatMap((each) => matchNotices(each, [theirsOf(record)], at));
  });
}

/** What was published openly just now, against what was sealed: ours against others', others' against ours. */
async function hitsOfFreshRecords(step: Step, { me }: HitsOptions, at: string): Promise<Untold[]> {
  const { applied, plain, db, logs } = step;
  const number = logs.numberOf(me);
  if ((applied.length === 0 && plain.count === 0) || !(await hasSealedRecords(db))) return [];
  const againstOurs = number !== undefined && (await hasSealedRecords(db, number));
  const isMine = ({ position }: LiveRecord): boolean => memberNumberOf(position) === number;
  const isPlainWanted = againstOurs || plain.member === number;
  const fresh = [...applied, ...(isPlainWanted ? plain.records() : [])].filter(
    (record) => againstOurs || isMine(record),
  );
  const hashes = [...new Set(fresh.flatMap((record) => record.hashes))];
  const sealed = await sealedRecordsWith(db, logs, hashes);
  const byHash = new Map(hashes.map((hash, i) => [hash, sealed[i] ?? []]));
  return fresh.flatMap((record) => {
    const others = [...new Set(record.hashes.flatMap((hash) => byHash.get(hash) ?? []))].filter(
      ({ member }) => (member === me) !== isMine(record),
    );
    const { name, member } = logs.logAt(record.position);
    const said = { ...record, member, log: name, index: indexOf(record.position) };
    if (!isMine(record)) return others.flatMap((ours) => matchNotices(mineOf(ours), [theirsOf(said)], at));
    return byMember(others.map(theirsOf)).flatMap((group) => matchNotices(mineOf(said), group, at));
  });
}

/** A record, open or sealed, and where it stands. */
type SaidRecord = Pick<SealedRecord, 'member' | 'log' | 'index' | 'recordId' | 'hashes'>;

function mineOf({ log, index, recordId, hashes }: Omit<SaidRecord, 'member'>): Mine {
  return mineAt(positionText(log, index), { recordId, hashes });
}

function theirsOf({ member, log, index, hashes }: Omit<SaidRecord, 'recordId'>): Theirs {
  return theirsAt(member, log, index, hashes);
}
