// Milestones: that the federation has identified so many victims, told when the number is first passed and never
// untold, whatever is taken back later.
//
//   id = SHA-256("icse milestone v1" LF, "victims identified" LF, the number)

import { createHash } from 'node:crypto';
import { EventKind } from '../../proto/gen/icse/v1/entry_pb.js';
import { subjectsInAll } from '../views/tallies.js';
import type { Step } from '../views/view.js';
import type { Told, Untold } from './told.js';

/** The first round number that is told; then each that is ten times as large. */
const FIRST = 1000;

/** Tells what the step has passed. To be called before the step is committed (`beforeCommit`). */
export async function tellMilestones(
  { db, statements }: Step,
  { told, now }: { readonly told: Told; readonly now: () => number },
): Promise<void> {
  const isNearer = statements.born.some(
    ({ said }) => said.case === 'event' && said.value.kind === EventKind.VICTIM_IDENTIFIED,
  );
  if (!isNearer) return;
  const victims = await subjectsInAll(db, EventKind.VICTIM_IDENTIFIED);
  const at = new Date(now()).toISOString();
  const untold: Untold[] = [];
  for (let number = FIRST; number <= victims; number *= 10) untold.push(milestone(number, at));
  await told.tell(untold);
}

function milestone(number: number, at: string): Untold {
  const id = createHash('sha256').update(`icse milestone v1\nvictims identified\n${number}`).digest();
  return { id, body: { kind: 'milestone', at, figure: 'victims identified', number } };
}
