// Reads which entries are dead and may still have their bytes here, and why they must go, from the committed views.

import type { LogName } from '../names.js';
import { knownOf } from '../statements/entry.js';
import { toBinary } from './binary.js';
import { getMany, type Reader, scan, type ViewsDatabase } from './buffered-db.js';
import { recordIn } from './live-records.js';
import { statementIn } from './live-statements.js';
import type { FollowedLog, LogTable } from './log-table.js';
import { indexOf, logNumberOf, type Position, positionOf } from './position.js';
import { retractionOf, retractionOfPlace } from './retractions.js';
import { rangeOf, SPACE } from './spaces.js';

/** Why an entry is dead. */
export interface DeathCause {
  /** Where the retraction stands that takes it back; undefined when none does. */
  readonly retraction: { readonly log: LogName; readonly index: number } | undefined;
  /** 0 = no end. */
  readonly keepUntilDay: number;
}

/** The dead entries of the log at [from, to), ascending. */
export async function deadIn(
  db: ViewsDatabase,
  log: FollowedLog,
  from: number,
  to: number,
): Promise<number[]> {
  const dead: number[] = [];
  const start = SPACE.dead + positionOf(log.number, from);
  for await (const [key] of scan(db, start, SPACE.dead + positionOf(log.number, to))) {
    dead.push(indexOf(key.slice(1)));
  }
  return dead;
}

/** The logs that have dead entries. */
export async function logsWithDead(db: ViewsDatabase, logs: LogTable): Promise<FollowedLog[]> {
  const found: FollowedLog[] = [];
  let [from] = rangeOf(SPACE.dead);
  const [, end] = rangeOf(SPACE.dead);
  for (;;) {
    const rows = scan(db, from, end);
    const first = await rows.next();
    await rows.return(undefined);
    if (first.done === true) return found;
    const position: Position = first.value[0].slice(1);
    found.push(logs.logAt(position));
    from = SPACE.dead + logNumberOf(position) + '\xff'.repeat(7);
  }
}

/**
 * Why the entry with these bytes is dead. One of a newer schema counts nowhere here, and is purged all the same when its
 * keeping is over, or its place or its record is taken back.
 */
export async function causeOfDeath(
  db: ViewsDatabase,
  logs: LogTable,
  log: FollowedLog,
  index: number,
  bytes: Uint8Array,
): Promise<DeathCause> {
  const reader: Reader = { getMany: (keys) => getMany(db, keys) };
  const position = positionOf(log.number, index);
  const entry = knownOf(bytes);
  const said = recordIn(entry, position) ?? statementIn(entry, toBinary(bytes), position);
  const retraction = await (said === undefined
    ? retractionOfPlace(reader, position)
    : retractionOf(reader, said));
  return {
    keepUntilDay: entry.handling?.keepUntilDay ?? 0,
    retraction:
      retraction === undefined ? undefined : { log: logs.logAt(retraction).name, index: indexOf(retraction) },
  };
}
