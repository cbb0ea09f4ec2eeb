// The view of investigations in what was sealed for this member, or by it, and could be opened here (leads.ts): as
// events.ts has those that everybody can read, and local as leads are. A closing counts for whoever can read it: one
// that is sealed closes a case that was opened openly for its readers, and for nobody else.
//
//   J <length, 1> <member code> <case id, 16>  -> openings and closings that count, as in the events view
//   j <as above> <position, 1 or 0>            -> nothing: before those that count
//   W <thing>                                  -> positions of the openings about it that count, sorted
//   X <thing> <position>                       -> nothing: beyond STATEMENTS_OF_A_MEMBER
//
// A sealed opening joins nothing, not even the things that it names: parts are what everybody can read.

import { type Reader, scan, type ViewsDatabase } from './buffered-db.js';
import {
  CASES,
  caseEventOf,
  isOpening,
  openEntries,
  positionIn,
  type Spoken,
  thingsAbout,
} from './events.js';
import { type Lead, leadsAt } from './lead-rows.js';
import { joinedAt } from './links.js';
import { statementsAt } from './live-statements.js';
import { memberNumberOf, POSITION_BYTES, type Position, splitPositions } from './position.js';
import { editLists, entriesOf, ListEdits, type ListRules, NEVER_IN_BULK } from './ranked-lists.js';
import { rangeOf, SPACE } from './spaces.js';
import { STATEMENTS_OF_A_MEMBER } from './standing-joins.js';
import type { ThingKey } from './thing-key.js';
import type { LocalView, Step } from './view.js';

const SEALED_CASES: ListRules = {
  ...CASES,
  space: SPACE.sealedCase,
  furtherSpace: SPACE.earlierSealedCase,
};

const OPENINGS: ListRules = {
  ...NEVER_IN_BULK,
  space: SPACE.sealedOpening,
  furtherSpace: SPACE.furtherSealedOpening,
  cap: STATEMENTS_OF_A_MEMBER,
  order: 'first',
  ...entriesOf(POSITION_BYTES),
};

export const sealedCasesView: LocalView = {
  name: 'sealed-cases',
  version: 1,

  async follow(step: Step): Promise<void> {
    const [cases, openings] = [new ListEdits(), new ListEdits()];
    for (const lead of step.leads.died) note(lead, 'remove');
    for (const lead of step.leads.born) note(lead, 'add');
    if (cases.byKey.size > 0) await editLists(step.db, SEALED_CASES, cases);
    if (openings.byKey.size > 0) {
      const changes = await editLists(step.db, OPENINGS, openings);
      for (const [thing, change] of changes) step.joined.push(...joinedAt(thing, change));
    }
    await noteReopened(step);

    function note(lead: Lead, edit: 'add' | 'remove'): void {
      const event = caseEventOf(step.logs, spoken(lead));
      if (event === undefined) return;
      cases[edit](event.key, event.entry);
      if (!isOpening(event.entry)) return;
      for (const { key } of thingsAbout(lead.statement)) openings[edit](key, lead.position);
    }
  },
};

function spoken({ position, statement }: Lead): Spoken {
  return { position, said: statement };
}

/** Where a closing went, sealed or not, all things of what is open again may be where investigations meet. */
async function noteReopened({ db, logs, statements, leads, joined }: Step): Promise<void> {
  const cases = new Set(
    [...statements.died, ...leads.died.map(spoken)].flatMap((statement) => {
      const event = caseEventOf(logs, statement);
      return event === undefined || isOpening(event.entry) ? [] : [event.key];
    }),
  );
  if (cases.size === 0) return;
  const open = (await openEntries(db, [...cases])).flat().map(positionIn);
  const said = [...(await statementsAt(db, open)).values(), ...(await leadsAt(db, open)).map(spoken)];
  for (const { position, said: what } of said) {
    for (const { key } of thingsAbout(what)) joined.push({ by: memberNumberOf(position), thing: key });
  }
}

/** What opened investigations about the things in sealed statements, each once, in the order of places. */
export async function sealedOpeningsAbout(db: Reader, things: Iterable<ThingKey>): Promise<Spoken[]> {
  const rows = await db.getMany([...things].map((thing) => SPACE.sealedOpening + thing));
  const positions = new Set(rows.flatMap((row) => splitPositions(row ?? '')));
  return (await leadsAt(db, [...positions].sort())).map(spoken);
}

/** The things that the leads at the positions name. */
export async function thingsOfLeads(db: Reader, positions: readonly Position[]): Promise<ThingKey[]> {
  return (await leadsAt(db, positions)).flatMap(({ statement }) =>
    thingsAbout(statement).map(({ key }) => key),
  );
}

/** True when anything was opened in a sealed statement that can be read here, and counts. */
export async function hasSealedOpenings(db: ViewsDatabase): Promise<boolean> {
  for await (const _row of scan(db, ...rangeOf(SPACE.sealedOpening))) return true;
  return false;
}
