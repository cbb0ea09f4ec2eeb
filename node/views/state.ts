// What the views' database says about itself: by which versions of driver and views it was made, and for which
// day. Anything that does not fit means that the logs are followed anew from their beginning.

import { type Binary, fromBinary, toBinary } from './binary.js';
import { type BufferedDb, getMany, type ViewsDatabase } from './buffered-db.js';
import { rangeOf, SPACE } from './spaces.js';
import type { LocalView } from './view.js';

/** Raised with each change of what the driver keeps or how. */
const DRIVER_VERSION = 8;

/** The UTC day of a database made by these views, or undefined when it is empty or made by others. */
export async function readDay(db: ViewsDatabase, views: readonly LocalView[]): Promise<number | undefined> {
  const [value] = await getMany(db, [SPACE.meta]);
  if (value === undefined) return undefined;
  const [versions, day] = fromBinary(value).toString().split('\n');
  return versions === versionsText(views) ? Number(day) : undefined;
}

export function putDay(db: BufferedDb, views: readonly LocalView[], day: number): void {
  db.put(SPACE.meta, toBinary(Buffer.from(`${versionsText(views)}\n${day}`)));
}

/**
 * Empties the database but for the members' numbers, by which look-ups under way go. The meta key goes first,
 * so that half a database is never taken for a whole one.
 */
export async function dropAll(db: ViewsDatabase): Promise<void> {
  const [members, afterMembers] = rangeOf(SPACE.member);
  await db.del(fromBinary(SPACE.meta));
  await db.clear({ lt: fromBinary(members) });
  await db.clear({ gte: fromBinary(afterMembers) });
}

function versionsText(views: readonly LocalView[]): Binary {
  return [`driver ${DRIVER_VERSION}`, ...views.map(({ name, version }) => `${name} ${version}`)].join(', ');
}
