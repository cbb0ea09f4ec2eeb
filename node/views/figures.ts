// The figures view: how many current records there are, and how many overlaps, in all and of each member.
//
//   f <member number>  -> records (6), overlaps (6)
//   f                  -> the same in all

import type { Hash } from 'node:crypto';
import type { MemberCode } from '../names.js';
import { type Binary, fromBinary, readU48, u48 } from './binary.js';
import { type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import type { LogTable } from './log-table.js';
import { type MemberNumber, memberNumberOf } from './position.js';
import { rangeOf, SPACE } from './spaces.js';
import type { Step, View } from './view.js';

export interface Figure {
  readonly records: number;
  /** Hashes that are on record with two or more members; of a member: with it and another. */
  readonly overlaps: number;
}

export interface Figures extends Figure {
  /** By code; members without records are left out. */
  readonly members: readonly (Figure & { readonly member: MemberCode })[];
}

/** The key of the figures in all: no member number. */
const ALL = '';

export const figuresView: View = {
  name: 'figures',
  version: 1,

  async follow(step: Step): Promise<void> {
    const records = new Tally();
    const overlaps = new Tally();
    for (const { position } of step.applied) records.add(memberNumberOf(position), 1).add(ALL, 1);
    for (const { position } of step.reversed) records.add(memberNumberOf(position), -1).add(ALL, -1);
    const { member, count } = step.plain;
    if (count > 0) records.add(member, count).add(ALL, count);
    for (const { before, now } of step.overlaps.values()) {
      for (const member of now) overlaps.add(member, 1);
      for (const member of before) overlaps.add(member, -1);
      overlaps.add(ALL, Number(now.length > 0) - Number(before.length > 0));
    }
    await write(step, records, overlaps);
  },

  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    const figures = await readFigures(db, logs, snapshot);
    for (const { member, records, overlaps } of [...figures.members, { member: 'all', ...figures }]) {
      hash.update(fromBinary(`${member} ${records} ${overlaps}\n`));
    }
  },
};

class Tally {
  readonly counts = new Map<MemberNumber, number>();

  add(member: MemberNumber, count: number): this {
    this.counts.set(member, (this.counts.get(member) ?? 0) + count);
    return this;
  }
}

async function write(step: Step, records: Tally, overlaps: Tally): Promise<void> {
  const members = [...new Set([...records.counts.keys(), ...overlaps.counts.keys()])];
  const stored = await step.db.getMany(members.map((member) => SPACE.figure + member));
  for (const [i, member] of members.entries()) {
    const before = parseFigure(stored[i]);
    const recordsNow = before.records + (records.counts.get(member) ?? 0);
    const overlapsNow = before.overlaps + (overlaps.counts.get(member) ?? 0);
    if (recordsNow === 0) step.db.delete(SPACE.figure + member);
    else step.db.put(SPACE.figure + member, u48(recordsNow) + u48(overlapsNow));
  }
}

function parseFigure(value: Binary | undefined): Figure {
  return value === undefined
    ? { records: 0, overlaps: 0 }
    : { records: readU48(value, 0), overlaps: readU48(value, 6) };
}

/** The figures as committed (in the snapshot). */
export async function readFigures(db: ViewsDatabase, logs: LogTable, snapshot?: Snapshot): Promise<Figures> {
  let all: Figure = { records: 0, overlaps: 0 };
  const members: (Figure & { member: MemberCode })[] = [];
  const options = snapshot === undefined ? {} : { snapshot };
  for await (const [key, value] of scan(db, ...rangeOf(SPACE.figure), options)) {
    const member = key.slice(1);
    if (member === ALL) all = parseFigure(value);
    else members.push({ member: logs.codeOf(member), ...parseFigure(value) });
  }
  members.sort((a, b) => (a.member < b.member ? -1 : 1));
  return { ...all, members };
}
