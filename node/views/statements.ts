// The view of all that members say beside media records, as far as it is for everybody. It keeps nothing of its own:
// the live statements are there already; it says in one hash which they are. Sealed ones are left out, because their
// bytes are here only for those whom they are for.

import type { Hash } from 'node:crypto';
import { shortLogName } from '../names.js';
import { fromBinary } from './binary.js';
import { type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { parseStatement } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { indexOf } from './position.js';
import { rangeOf, SPACE } from './spaces.js';
import type { View } from './view.js';

export const statementsView: View = {
  name: 'statements',
  version: 1,

  async follow(): Promise<void> {},

  /** For each log in the order of names: place, SP, the entry, LF. */
  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    const inOrder = [...logs.all()].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, number } of inOrder) {
      for await (const [key, row] of scan(db, ...rangeOf(SPACE.statement, number), { snapshot })) {
        const { position, said } = parseStatement(key.slice(1), row);
        if (said.case === 'sealed') continue;
        hash
          .update(`${shortLogName(name)}:${indexOf(position)} `)
          .update(fromBinary(row))
          .update('\n');
      }
    }
  },
};
