// The assessments view: what members think of an entry, the last assessment by each one. The entry need not be here.
//
//   a <entry>             -> assessments that count, sorted: position, and 1 (agree) or 2 (dispute)
//   A <entry> <as above>  -> nothing: replaced by a later one of the same member

import type { Hash } from 'node:crypto';
import { Relation, type Verdict } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import { VERDICTS } from '../statements/vocabulary.js';
import { type Binary, cut, fromBinary } from './binary.js';
import { type Reader, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { type EntryKey, entryKey, positionAt } from './entry-key.js';
import { type LiveStatement, statementsAt } from './live-statements.js';
import { type LogTable, placeText } from './log-table.js';
import { thingsIn } from './naming.js';
import { memberNumberOf, POSITION_BYTES, type Position } from './position.js';
import { editLists, entriesOf, type ListChange, ListEdits, NEVER_IN_BULK } from './ranked-lists.js';
import { rangeOf, SPACE } from './spaces.js';
import type { Step, View } from './view.js';

export interface CountedAssessment {
  readonly by: MemberCode;
  readonly verdict: 'agree' | 'dispute';
  readonly position: Position;
}

const ENTRY_BYTES = POSITION_BYTES + 1;

export const assessmentsView: View = {
  name: 'assessments',
  version: 1,

  async follow(step: Step): Promise<void> {
    const edits = new ListEdits();
    for (const statement of step.statements.died) eachOf(statement, (key, entry) => edits.remove(key, entry));
    for (const statement of step.statements.born) eachOf(statement, (key, entry) => edits.add(key, entry));
    if (edits.byKey.size === 0) return;
    const changes = await editLists(
      step.db,
      {
        ...NEVER_IN_BULK,
        space: SPACE.assessment,
        furtherSpace: SPACE.earlierAssessment,
        cap: 1,
        order: 'last',
        ...entriesOf(ENTRY_BYTES),
      },
      edits,
    );
    await noteConfirmed(step, changes);
  },

  /** For each entry in the order of keys: entry, then members, verdicts and places. */
  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    for await (const [key, value] of scan(db, ...rangeOf(SPACE.assessment), { snapshot })) {
      const said = countedIn(logs, value).map(
        ({ verdict, position }) => `${placeText(logs, position)} ${verdict}`,
      );
      hash.update(fromBinary(`${key.slice(1)}${said.join(',')}\n`));
    }
  },
};

/** For each entry that anybody assessed, the last live assessment by each member, in the order of codes. */
export async function assessmentsOf(
  db: Reader,
  logs: LogTable,
  entries: readonly EntryKey[],
): Promise<Map<EntryKey, CountedAssessment[]>> {
  const rows = await db.getMany(entries.map((entry) => SPACE.assessment + entry));
  const found = new Map<EntryKey, CountedAssessment[]>();
  for (const [i, entry] of entries.entries()) {
    const row = rows[i];
    if (row !== undefined) found.set(entry, countedIn(logs, row));
  }
  return found;
}

function eachOf({ said, position }: LiveStatement, act: (key: EntryKey, entry: Binary) => void): void {
  if (said.case !== 'assessment' || said.value.entry === undefined) return;
  const key = entryKey(said.value.entry);
  if (key !== undefined) act(key, position + String.fromCharCode(said.value.verdict));
}

function countedIn(logs: LogTable, row: Binary): CountedAssessment[] {
  const counted = cut(row, ENTRY_BYTES).map((entry) => ({
    by: logs.codeOf(memberNumberOf(entry)),
    verdict: verdictOf(entry),
    position: entry.slice(0, POSITION_BYTES),
  }));
  return counted.sort((a, b) => (a.by < b.by ? -1 : 1));
}

function verdictOf(entry: Binary): 'agree' | 'dispute' {
  return VERDICTS.wordOf.get(entry.charCodeAt(POSITION_BYTES) as Verdict) === 'agree' ? 'agree' : 'dispute';
}

/** A link that says of two subjects that they are one may count from now on. */
async function noteConfirmed(step: Step, changes: ReadonlyMap<EntryKey, ListChange>): Promise<void> {
  const by = new Map<Position, Binary>();
  for (const [key, { now }] of changes) {
    const position = positionAt(step.logs, key);
    const agreed = now.find((entry) => verdictOf(entry) === 'agree');
    if (position !== undefined && agreed !== undefined) by.set(position, memberNumberOf(agreed));
  }
  const links = await statementsAt(step.db, by.keys());
  for (const [position, { said }] of links) {
    if (said.case !== 'link' || said.value.relation !== Relation.SAME_AS) continue;
    const [first] = thingsIn(said);
    if (first !== undefined) step.joined.push({ by: by.get(position) as Binary, thing: first.key });
  }
}
