// Whether the members whose subjects a statement names are there: an author is told at once. Others take the statement
// as it is, since they may know of a member later; a mistyped code would count everywhere as one more victim.

import type { Subject } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { RulesBroken } from '../statements/build.js';
import type { OpenStatement } from '../statements/statement-json.js';

/** Throws RulesBroken when the statement names a subject of somebody who was never a member. */
export function checkSubjectsAreKnown(statement: OpenStatement, { members }: RegistryState): void {
  const reasons = subjectsIn(statement).flatMap(([field, subject]) =>
    subject === undefined || members.has(subject.member as MemberCode)
      ? []
      : [`${field}: ${subject.member} is not a member of this federation`],
  );
  if (reasons.length > 0) throw new RulesBroken(reasons);
}

function subjectsIn(statement: OpenStatement): [field: string, subject: Subject | undefined][] {
  switch (statement.case) {
    case 'event':
      return [
        ['subject', statement.value.subject],
        ['series', statement.value.series],
      ];
    case 'link': {
      const ends = [
        ['from', statement.value.from?.thing],
        ['to', statement.value.to?.thing],
      ] as const;
      return ends.map(([field, end]) => [field, end?.case === 'media' ? undefined : end?.value]);
    }
    default:
      return [];
  }
}
