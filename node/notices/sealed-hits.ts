// Hits by sealed media records: another member has sealed for this one what it has on record or holds. They are told
// as those by open records are, whichever came first.

import { positionText } from '../names.js';
import { namedHash } from '../views/hash-key.js';
import { bearingLeads, type SealedRecord, sealedRecordOf, sealedRecordsWith } from '../views/lead-hashes.js';
import { findRecords } from '../views/lookup.js';
import { indexOf } from '../views/position.js';
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

/** What was sealed for us just now, against what we have. */
async function hitsOfFreshLeads(step: Step, { me, holdings }: HitsOptions, at: string): Promise<Untold[]> {
  const sealed = step.leads.born
    .map((lead) => sealedRecordOf(lead, step.logs))
    .filter(({ member, hashes }) => member !== me && hashes.length > 0);
  if (sealed.length === 0) return [];
  const hashes = [...new Set(sealed.flatMap((record) => record.hashes))];
  const records = await findRecords(
    step.db,
    step.logs,
    (keys) => step.index.runs.find(step.db, keys),
    hashes.map(namedHash),
  );
  const held = await holdings.matchKeys(hashes);
  const mine = new Map(
    hashes.map((hash, i): [string, Mine[]] => [
      hash,
      [
        ...(records[i] ?? [])
          .filter(({ member }) => member === me)
          .map(({ log, index, ...record }) => mineAt(positionText(log, index), record)),
        ...(held[i] ?? []).map(heldOf),
      ],
    ]),
  );
  return sealed.flatMap((record) => {
    const matched = new Map(
      record.hashes.flatMap((hash) => mine.get(hash) ?? []).map((each) => [`${each.kind} ${each.key}`, each]),
    );
    return [...matched.values()].flatMap((each) => matchNotices(each, [theirsOf(record)], at));
  });
}

/** What we have published just now, against what was sealed for us. */
async function hitsOfFreshRecords(step: Step, { me }: HitsOptions, at: string): Promise<Untold[]> {
  const { plain } = step;
  const applied = step.applied.filter(({ position }) => step.logs.logAt(position).member === me);
  const isPlainMine = plain.count > 0 && step.logs.codeOf(plain.member) === me;
  if (applied.length === 0 && !isPlainMine) return [];
  if ((await bearingLeads(step.db)) === 0) return [];
  const mine = isPlainMine ? [...applied, ...plain.records()] : applied;
  const hashes = [...new Set(mine.flatMap((record) => record.hashes))];
  const sealed = await sealedRecordsWith(step.db, step.logs, hashes);
  const byHash = new Map(hashes.map((hash, i) => [hash, sealed[i] ?? []]));
  return mine.flatMap((record) => {
    const others = new Set(record.hashes.flatMap((hash) => byHash.get(hash) ?? []));
    const theirs = [...others].filter(({ member }) => member !== me).map(theirsOf);
    const place = positionText(step.logs.logAt(record.position).name, indexOf(record.position));
    return byMember(theirs).flatMap((group) => matchNotices(mineAt(place, record), group, at));
  });
}

function theirsOf({ member, log, index, hashes }: SealedRecord): Theirs {
  return theirsAt(member, log, index, hashes);
}
