// Which subjects are one: two victims (suspects, places) that a link calls the same, when the owner of one of them says so
// (standing-joins.ts). Such links are few beside all others, so they are found by a row of their own.
//
//   S <position>  -> nothing: a live link with the relation same-as

import { Relation } from '../../proto/gen/icse/v1/entry_pb.js';
import { type BufferedDb, getMany, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { type LiveStatement, statementsAt } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { joinsIn } from './naming.js';
import type { Position } from './position.js';
import { rangeOf, SPACE } from './spaces.js';
import { StandingJoins } from './standing-joins.js';
import type { ThingKey } from './thing-key.js';

/** Links that are looked at together. */
const LINKS_TOGETHER = 128;

/** Notes which of the statements say that two subjects are one. */
export function noteSameSubjects(
  db: BufferedDb,
  { born, died }: { readonly born: readonly LiveStatement[]; readonly died: readonly LiveStatement[] },
): void {
  for (const statement of born) if (isSameAs(statement)) db.put(SPACE.sameAs + statement.position, '');
  for (const statement of died) if (isSameAs(statement)) db.delete(SPACE.sameAs + statement.position);
}

function isSameAs({ said }: LiveStatement): boolean {
  return said.case === 'link' && said.value.relation === Relation.SAME_AS;
}

/** For a subject the one that stands for all that are the same; without such links, each for itself. */
export async function sameSubjects(
  db: ViewsDatabase,
  logs: LogTable,
  snapshot?: Snapshot,
): Promise<{ readonly any: boolean; standFor(subject: ThingKey): ThingKey }> {
  const reader = { getMany: (keys: readonly string[]) => getMany(db, keys, snapshot) };
  const options = snapshot === undefined ? {} : { snapshot };
  const parent = new Map<ThingKey, ThingKey>();
  const standFor = (subject: ThingKey): ThingKey => {
    let root = subject;
    for (let next = parent.get(root); next !== undefined; next = parent.get(root)) root = next;
    if (root !== subject) parent.set(subject, root);
    return root;
  };
  let positions: Position[] = [];
  for await (const [key] of scan(db, ...rangeOf(SPACE.sameAs), options)) {
    positions.push(key.slice(1));
    if (positions.length === LINKS_TOGETHER) await join();
  }
  await join();
  return { any: parent.size > 0, standFor };

  async function join(): Promise<void> {
    const links = [...(await statementsAt(reader, positions)).values()];
    positions = [];
    const joins = links.flatMap(({ position, said }) =>
      joinsIn(said).map(({ from, to }) => ({ from, to, position })),
    );
    const standing = new StandingJoins(reader, logs, async (hashes) => hashes.map(() => []));
    await standing.load(joins.flatMap(({ from, to }) => [from, to]));
    for (const { from, to, position } of joins) {
      if (!standing.stands({ from, to }, position)) continue;
      // The lesser one stands for both, whatever the order.
      const [lesser, greater] = [standFor(from), standFor(to)].sort() as [ThingKey, ThingKey];
      if (lesser !== greater) parent.set(greater, lesser);
    }
  }
}
