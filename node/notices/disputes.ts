// Disputes: another member says that an entry of mine is wrong. Told once for each entry and member, however often it
// says so, and whatever it says later.
//
//   id = SHA-256("icse dispute v1" LF, place of my entry LF, other member)

import { createHash } from 'node:crypto';
import { Verdict } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import { referenceText } from '../statements/references.js';
import { ASSESSMENT_REASONS } from '../statements/vocabulary.js';
import { placeText } from '../views/log-table.js';
import type { Step } from '../views/view.js';
import type { Told, Untold } from './told.js';

export interface DisputesOptions {
  readonly me: MemberCode;
  readonly told: Told;
  /** The time in milliseconds since 1970. */
  readonly now: () => number;
  /** True when a log of mine has an entry there: others may dispute what nobody ever said. */
  readonly hasSaid: (generation: number, index: number) => boolean;
}

/** Tells what follows from a step of the views. To be called before the step is committed (`beforeCommit`). */
export async function tellDisputesOf(
  { statements, logs }: Pick<Step, 'statements' | 'logs'>,
  { me, told, now, hasSaid }: DisputesOptions,
): Promise<void> {
  const untold: Untold[] = [];
  for (const { position, said } of statements.born) {
    if (said.case !== 'assessment' || said.value.verdict !== Verdict.DISPUTE) continue;
    const { entry, reason } = said.value;
    const { member } = logs.logAt(position);
    if (entry?.member !== me || member === me) continue;
    if (!hasSaid(entry.generation, Number(entry.index))) continue;
    const mine = referenceText(entry);
    untold.push({
      id: createHash('sha256').update(`icse dispute v1\n${mine}\n${member}`).digest(),
      body: {
        kind: 'dispute',
        entry: mine,
        member,
        reason: ASSESSMENT_REASONS.wordOf.get(reason) ?? null,
        assessment: placeText(logs, position),
        at: new Date(now()).toISOString(),
      },
    });
  }
  await told.tell(untold);
}
