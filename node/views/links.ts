// The links view: which statements name which thing (thing-key.ts). What is connected with a thing is found on
// demand from here (part.ts): kept labels would have to be taken apart again whenever a link goes.
//
//   k <thing>             -> positions of the statements that count, sorted
//   K <thing> <position>  -> nothing: beyond STATEMENTS_OF_A_MEMBER
//
// A media record writes nothing here. That it joins hashes which statements name is told from a filter in memory
// (named-things.ts), and so is which things nobody has named yet: of those no row is read.

import type { Hash } from 'node:crypto';
import type { Snapshot, ViewsDatabase } from './buffered-db.js';
import type { LiveStatement } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { thingsIn } from './naming.js';
import { memberNumberOf, POSITION_BYTES } from './position.js';
import { editLists, entriesOf, type ListChange, ListEdits, NEVER_IN_BULK } from './ranked-lists.js';
import { SPACE } from './spaces.js';
import { digestJoins, STATEMENTS_OF_A_MEMBER } from './standing-joins.js';
import type { ThingKey } from './thing-key.js';
import type { Joined, Step, View } from './view.js';

export const linksView: View = {
  name: 'links',
  version: 1,

  async follow(step: Step): Promise<void> {
    const edits = editsOf(step.statements.born, step.statements.died);
    if (edits.byKey.size === 0 && step.postings.size === 0) return;
    const { named } = step.index;
    await named.load(step.db);
    const changes = await editLists(
      step.db,
      {
        ...NEVER_IN_BULK,
        space: SPACE.thing,
        furtherSpace: SPACE.furtherThing,
        cap: STATEMENTS_OF_A_MEMBER,
        order: 'first',
        ...entriesOf(POSITION_BYTES),
        mayHaveRow: (thing) => named.mayName(thing),
      },
      edits,
    );
    for (const thing of edits.byKey.keys()) named.note(thing);
    for (const [thing, change] of changes) step.joined.push(...joinedAt(thing, change));
    if (named.parts().length === 0) return;
    for (const [hash, change] of step.postings) {
      if (named.mayName(hash)) step.joined.push(...joinedAt(hash, change));
    }
  },

  /** For each join that counts, in the order of its first thing: both things, the relation and the place. */
  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    await digestJoins(db, snapshot, logs, hash);
  },
};

function editsOf(born: readonly LiveStatement[], died: readonly LiveStatement[]): ListEdits {
  const edits = new ListEdits();
  for (const { said, position } of died) for (const { key } of thingsIn(said)) edits.remove(key, position);
  for (const { said, position } of born) for (const { key } of thingsIn(said)) edits.add(key, position);
  return edits;
}

/** What counts now and did not before may have joined parts. */
export function joinedAt(thing: ThingKey, { before, now }: ListChange): Joined[] {
  const had = new Set(before);
  return now
    .filter((position) => !had.has(position))
    .map((position) => ({ by: memberNumberOf(position), thing }));
}
