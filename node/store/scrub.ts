// Takes what was overwritten or deleted out of the files of a LevelDB, where it otherwise stays for as long as no
// compaction comes by: in its write-ahead log, its tables, its manifest (which names first and last keys) and the notes
// that it keeps of compactions (which name keys as well).
//
// LevelDB drops such rows only where it merges a table with one of another level, and it may put the first table of
// an empty range deep down, where nothing is merged with it. So everything goes down to one level, and then a table
// that spans all keys is laid on top: merging that one downwards rewrites every table below it.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassicLevel } from 'classic-level';
import type { Gate } from './gate.js';

/** Before and behind all keys of ours. */
const FIRST_KEY = Buffer.from([0]);
const LAST_KEY = Buffer.alloc(64, 0xff);

/** Keys as they are, whatever the database makes of its own. */
const AS_BYTES = { keyEncoding: 'buffer' } as const;

/**
 * Whoever uses the database does so through the gate, or stands still while `pause` does what it is handed: there it is
 * closed and opened again.
 */
export async function scrub<Key, Value>(
  db: ClassicLevel<Key, Value>,
  gate: Gate,
  pause: (reopen: () => Promise<void>) => Promise<void> = (reopen) => reopen(),
): Promise<void> {
  // A snapshot from before would keep alive what was deleted since: those who read then have ended.
  await gate.alone(async () => {});
  await gate.use(() => compact(db));
  await pause(() =>
    gate.alone(async () => {
      await db.close();
      await db.open();
      // What LevelDB says of its compactions names keys.
      await rm(join(db.location, 'LOG.old'), { force: true });
    }),
  );
}

async function compact<Key, Value>(db: ClassicLevel<Key, Value>): Promise<void> {
  // LevelDB counts its levels before it writes what is in memory, which may make one more of them.
  await db.compactRange(FIRST_KEY, LAST_KEY, AS_BYTES);
  await db.compactRange(FIRST_KEY, LAST_KEY, AS_BYTES);
  // A deletion that covers nothing is dropped on its way, at the first table that it meets; one that is younger than
  // some snapshot is not. What was to go was deleted before that snapshot, so it does not keep it.
  const snapshot = db.snapshot();
  try {
    const lid = [FIRST_KEY, LAST_KEY].map((key) => ({ type: 'del' as const, key }));
    await db.batch<Buffer, Value>(lid, { ...AS_BYTES, sync: true });
    await db.compactRange(FIRST_KEY, LAST_KEY, AS_BYTES);
  } finally {
    await snapshot.close();
  }
}
