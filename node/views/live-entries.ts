// What is live: media records (live-records.ts) and all other statements of members (live-statements.ts).

import { isLiveOn } from '../statements/day.js';
import { entryOrNothing } from '../statements/entry.js';
import { isLink } from '../statements/statement-tag.js';
import { toBinary } from './binary.js';
import type { Reader } from './buffered-db.js';
import { type LiveRecord, liveAt, recordIn } from './live-records.js';
import { type LiveStatement, linkIn, statementIn, statementsAt } from './live-statements.js';
import type { Position } from './position.js';

export type LiveEntry = LiveRecord | LiveStatement;

/** Entries that came to life, and entries that died. */
export interface LiveChange {
  readonly born: readonly LiveEntry[];
  readonly died: readonly LiveEntry[];
}

export function isStatement(entry: LiveEntry): entry is LiveStatement {
  return 'said' in entry;
}

export function isRecord(entry: LiveEntry): entry is LiveRecord {
  return !isStatement(entry);
}

/** The entry, when it is live on the day; undefined otherwise: views ignore what they do not know. */
export function liveIn(bytes: Uint8Array, position: Position, day: number): LiveEntry | undefined {
  const entry = (isLink(bytes) ? linkIn(toBinary(bytes), position) : undefined) ?? decodedIn(bytes, position);
  return entry === undefined || !isLiveOn(entry.keepUntilDay, day) ? undefined : entry;
}

function decodedIn(bytes: Uint8Array, position: Position): LiveEntry | undefined {
  // A later version of this program, which knows what does not decode here, follows the logs anew.
  const entry = entryOrNothing(bytes);
  if (entry === undefined) return undefined;
  return recordIn(entry, position) ?? statementIn(entry, toBinary(bytes), position);
}

/** What is live at the positions; those where nothing is are left out. */
export async function liveEntriesAt(
  db: Reader,
  positions: readonly Position[],
): Promise<Map<Position, LiveEntry>> {
  const [records, statements] = await Promise.all([liveAt(db, positions), statementsAt(db, positions)]);
  return new Map<Position, LiveEntry>([...records, ...statements]);
}
