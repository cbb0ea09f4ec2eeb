// A member's retractions, as far as they are live: for whoever asks what became of them.

import type { Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import type { LogName, MemberCode } from '../names.js';
import { getMany, scan, type ViewsDatabase } from './buffered-db.js';
import { statementsAt } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { indexOf, type Position } from './position.js';
import { rangeOf, SPACE } from './spaces.js';

/** A live retraction and where it stands. */
export interface SaidRetraction {
  readonly log: LogName;
  readonly index: number;
  readonly retraction: Retraction;
}

/** The live retractions of the member, in the order of its logs. Reads nothing else that the member has said. */
export async function retractionsOf(
  db: ViewsDatabase,
  logs: LogTable,
  member: MemberCode,
): Promise<SaidRetraction[]> {
  const number = logs.numberOf(member);
  if (number === undefined) return [];
  const positions: Position[] = [];
  // A retraction has a row of what it took back, even of nothing.
  for await (const [key] of scan(db, ...rangeOf(SPACE.takenBack, number))) positions.push(key.slice(1));
  const statements = await statementsAt({ getMany: (keys) => getMany(db, keys) }, positions);
  return [...statements.values()].flatMap(({ position, said }): SaidRetraction[] =>
    said.case === 'retraction'
      ? [{ log: logs.logAt(position).name, index: indexOf(position), retraction: said.value }]
      : [],
  );
}
