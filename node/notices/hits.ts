// Hits: something of mine, a record or a holding, and another member that has the same. Found when the other's
// record arrives, when I publish, and when I hold something; the notice is the same whichever came first.
//
// What a member can cause is bounded by the hashes view (64 of its records under a hash) and by the ids: one
// hit and one conflict of a member with one thing of mine.

import type { Holding } from '../holdings/holding.js';
import type { Holdings } from '../holdings/holdings.js';
import type { LogName, MemberCode } from '../names.js';
import { laterLog, positionText } from '../names.js';
import type { Views } from '../views/driver.js';
import { namedHash } from '../views/hash-key.js';
import { type LiveRecord, liveAt } from '../views/live-records.js';
import { indexOf, type Position } from '../views/position.js';
import type { Step } from '../views/view.js';
import { type Mine, matchNotices, type Theirs } from './matches.js';
import type { Told, Untold } from './told.js';

export interface HitsOptions {
  readonly me: MemberCode;
  readonly told: Told;
  readonly holdings: Holdings;
  /** The time in milliseconds since 1970. */
  readonly now: () => number;
}

/** Tells what follows from a step of the views. To be called before the step is committed (`beforeCommit`). */
export async function tellHitsOf(step: Step, { me, told, holdings, now }: HitsOptions): Promise<void> {
  if (step.applied.length === 0 && step.plain.count === 0) return;
  const at = new Date(now()).toISOString();
  const untold: Untold[] = [];
  const records = await sharingRecords(step, me);
  for (const record of step.applied) {
    const isMine = memberAt(step, record.position) === me;
    const partners = [...(records.get(record.position) ?? [])];
    if (isMine) {
      for (const theirs of byMember(partners.map((partner) => theirsOf(step, partner)))) {
        untold.push(...matchNotices(mineOf(step, record), theirs, at));
      }
    } else {
      for (const partner of partners) {
        untold.push(...matchNotices(mineOf(step, partner), [theirsOf(step, record)], at));
      }
    }
  }
  untold.push(...(await holdingHits(step, me, holdings, at)));
  await told.tell(untold);
}

/** Matches holdings that are new against the records that are there, after `add` and at a start. */
export async function tellHitsOfHoldings(
  views: Pick<Views, 'batchEnd' | 'lookup' | 'sealedRecordsWith'>,
  { me, told, holdings, now }: HitsOptions,
): Promise<void> {
  // A batch made before the holdings were there was not matched against them and is not yet to be looked up.
  await views.batchEnd();
  for (let page = await holdings.unmatched(); page.length > 0; page = await holdings.unmatched()) {
    const hashes = [...new Set(page.flatMap((holding) => holding.hashes))];
    const named = hashes.map(namedHash);
    const [open, sealed] = await Promise.all([views.lookup(named), views.sealedRecordsWith(named)]);
    const byHash = new Map(hashes.map((hash, i) => [hash, [...(open[i] ?? []), ...(sealed[i] ?? [])]]));
    const at = new Date(now()).toISOString();
    const untold = page.flatMap((holding) => {
      const others = holding.hashes
        .flatMap((hash) => byHash.get(hash) ?? [])
        .filter(({ member }) => member !== me)
        .map(({ member, log, index, hashes }) => theirsAt(member, log, index, hashes));
      return byMember(others).flatMap((theirs) => matchNotices(heldOf(holding), theirs, at));
    });
    await told.tell(untold);
    await holdings.markMatched(page);
  }
}

/** For each applied record of mine those of others that share a hash, and for each of others mine. */
async function sharingRecords(step: Step, me: MemberCode): Promise<Map<Position, LiveRecord[]>> {
  const sharing = new Map<Position, Set<Position>>();
  for (const record of step.applied) {
    const isMine = memberAt(step, record.position) === me;
    const partners = new Set<Position>();
    for (const hash of record.hashes) {
      for (const other of step.postings.get(hash)?.now ?? []) {
        if ((memberAt(step, other) === me) !== isMine) partners.add(other);
      }
    }
    if (partners.size > 0) sharing.set(record.position, partners);
  }
  const live = await liveAt(
    step.db,
    [...sharing.values()].flatMap((partners) => [...partners]),
  );
  return new Map(
    [...sharing].map(([position, partners]) => [
      position,
      [...partners].flatMap((partner) => live.get(partner) ?? []),
    ]),
  );
}

async function holdingHits(step: Step, me: MemberCode, holdings: Holdings, at: string): Promise<Untold[]> {
  if (holdings.isEmpty) return [];
  const applied = [...step.applied, ...step.plain.records()];
  const others = applied.filter(({ position }) => memberAt(step, position) !== me);
  const hashes = [...new Set(others.flatMap((record) => record.hashes))];
  const matches = await holdings.matchKeys(hashes);
  const byHash = new Map(hashes.map((hash, i) => [hash, matches[i] ?? []]));
  return others.flatMap((record) => {
    const held = new Map(
      record.hashes.flatMap((hash) => byHash.get(hash) ?? []).map((holding) => [holding.key, holding]),
    );
    return [...held.values()].flatMap((holding) =>
      matchNotices(heldOf(holding), [theirsOf(step, record)], at),
    );
  });
}

function memberAt(step: Step, position: Position): MemberCode {
  return step.logs.logAt(position).member;
}

function mineOf(step: Step, record: LiveRecord): Mine {
  const place = positionText(step.logs.logAt(record.position).name, indexOf(record.position));
  return mineAt(place, record);
}

export function mineAt(place: string, { recordId, hashes }: Pick<LiveRecord, 'recordId' | 'hashes'>): Mine {
  return { kind: 'record', key: recordId, hashes, told: { record: place } };
}

export function heldOf({ key, hashes, label }: Holding): Mine {
  return { kind: 'holding', key, hashes, told: { holding: label ?? null } };
}

function theirsOf(step: Step, { position, hashes }: LiveRecord): Theirs {
  const { member, name } = step.logs.logAt(position);
  return theirsAt(member, name, indexOf(position), hashes);
}

export function theirsAt(member: MemberCode, log: LogName, index: number, hashes: Theirs['hashes']): Theirs {
  return { member, hashes, told: { member, index, ...laterLog(member, log) } };
}

export function byMember(theirs: readonly Theirs[]): Theirs[][] {
  const groups = new Map<MemberCode, Theirs[]>();
  for (const record of theirs) {
    const group = groups.get(record.member);
    if (group === undefined) groups.set(record.member, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}
