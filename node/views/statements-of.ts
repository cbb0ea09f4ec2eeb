// What a member has said beside media records, as far as it is live: for whoever asks what became of it.

import type { LogName, MemberCode } from '../names.js';
import { scan, type ViewsDatabase } from './buffered-db.js';
import { parseStatement, type Said } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { indexOf } from './position.js';
import { rangeOf, SPACE } from './spaces.js';

/** A live statement and where it stands. */
export interface SaidStatement {
  readonly log: LogName;
  readonly index: number;
  readonly said: Said;
}

/** The live statements of the member, in the order of its logs. */
export async function statementsOf(
  db: ViewsDatabase,
  logs: LogTable,
  member: MemberCode,
): Promise<SaidStatement[]> {
  const number = logs.numberOf(member);
  if (number === undefined) return [];
  const found: SaidStatement[] = [];
  for await (const [key, row] of scan(db, ...rangeOf(SPACE.statement, number))) {
    const { position, said } = parseStatement(key.slice(1), row);
    found.push({ log: logs.logAt(position).name, index: indexOf(position), said });
  }
  return found;
}
