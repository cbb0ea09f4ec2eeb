// One purge: the bytes of all entries whose time has come leave the logs, then everything else at home that tells of
// them, then the files. The views' list of dead entries is shortened last, and that a purge is under way is noted
// first, so one that was cut short is begun again and ends the same.

import { utcDay } from '../clock.js';
import { settleClaims } from '../log/claimed-holes.js';
import { isHole, type LogItem } from '../log/item.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import type { Fate } from '../log/purged-hole.js';
import { type LogName, parseLogName, shortLogName } from '../names.js';
import type { Told } from '../notices/told.js';
import type { LogStore } from '../store/log-store.js';
import type { TextDatabase } from '../store/text-database.js';
import type { Views } from '../views/driver.js';
import { type FateSurroundings, verdictOn } from './fates.js';

/** Entries looked at, and dropped, at once: 4 MB of bundles at most where each lies in another. */
const BATCH = 64;
const UNDER_WAY = 'under-way';

export interface PurgeSurroundings extends FateSurroundings {
  readonly logs: Logs;
  readonly store: LogStore;
  readonly views: Views;
  readonly told: Told;
  /** Says durably whether a purge is under way. */
  readonly progress: TextDatabase;
  /** Aborted when the purge is to stop, with why. */
  readonly signal: AbortSignal;
  /** Compares clocks anew, as far as that is in this node's hands. */
  compareClocks(): Promise<void>;
}

export interface Purged {
  /** Entries whose bytes were dropped, by why. */
  readonly retracted: number;
  readonly expired: number;
  /** Entries whose keeping is over and which stay until clocks agree. */
  readonly waiting: number;
  /** For each log the size up to which nothing is left to purge. */
  readonly upTo: ReadonlyMap<LogName, number>;
}

interface Tally {
  retracted: number;
  expired: number;
  waiting: number;
}

/** Purges all that is due now. Throws what the store, the views and the notices throw; it is then to be done again. */
export async function purge(around: PurgeSurroundings): Promise<Purged> {
  const { views, logs, progress, signal } = around;
  // A long log may take the views longer than a node has to stop.
  await unlessAborted(() => views.settled(), signal);
  const upTo = new Map<LogName, number>();
  for (const log of logs.all()) {
    if (parseLogName(log.name).member === undefined) continue;
    await settleClaims(logs, log, utcDay(around.now()));
    upTo.set(log.name, views.caughtUpTo(log.name));
  }
  const tally = { retracted: 0, expired: 0, waiting: 0 };
  const done: [LogName, number[]][] = [];
  for (const name of await views.logsWithDead()) {
    const log = logs.get(name);
    if (log === undefined) continue;
    const dead = await views.deadIn(name, 0, log.size);
    for (let at = 0; at < dead.length; at += BATCH) {
      signal.throwIfAborted();
      const { dropped, waiting } = await dropBatch(log, dead.slice(at, at + BATCH), tally, around);
      if (dropped.length > 0) done.push([name, dropped]);
      if (waiting !== undefined) upTo.set(name, Math.min(waiting, upTo.get(name) ?? 0));
    }
  }
  if (done.length > 0 || (await progress.get(UNDER_WAY)) !== undefined) {
    await dropElsewhere(around);
    for (const [name, indices] of done) await views.forgotten(name, indices);
    await progress.del(UNDER_WAY);
  }
  return { ...tally, upTo };
}

/** Drops those that are due from the log and the views; says which, and the first that waits for clocks to agree. */
async function dropBatch(
  log: Log,
  indices: readonly number[],
  tally: Tally,
  around: PurgeSurroundings,
): Promise<{ dropped: number[]; waiting: number | undefined }> {
  const fates = new Map<number, Fate>();
  const gone: { index: number; bytes: Uint8Array | undefined }[] = [];
  let waiting: number | undefined;
  for (const index of indices) {
    const [item] = (await log.read(index, index + 1)) as [LogItem];
    // A purge that was cut short had come so far.
    if (isHole(item)) {
      gone.push({ index, bytes: undefined });
      continue;
    }
    let verdict = await verdictOn(log, index, item, around);
    if (verdict === 'waiting' && tally.waiting === 0) {
      await around.compareClocks();
      verdict = await verdictOn(log, index, item, around);
    }
    if (verdict === 'waiting') {
      tally.waiting++;
      waiting ??= index;
    } else if (verdict !== 'not-due') {
      fates.set(index, verdict);
      gone.push({ index, bytes: item });
    }
  }
  if (gone.length > 0) {
    await around.progress.put(UNDER_WAY, '1', { sync: true });
    await around.views.forget(log.name, gone);
    await log.purge(fates);
    for (const { kind } of fates.values()) tally[kind]++;
  }
  return { dropped: gone.map(({ index }) => index), waiting };
}

/** Resolves with the work; rejects with why when the signal aborts before. Nothing begins once it has. */
async function unlessAborted(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop);
  try {
    await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What notices say of purged entries, and what all files still hold of what was deleted. */
async function dropElsewhere({ logs, store, views, told }: PurgeSurroundings): Promise<void> {
  const purged = new Set<string>();
  for (const log of logs.all()) {
    for (const { index } of await log.listPurged()) purged.add(`${shortLogName(log.name)}:${index}`);
  }
  await told.purge((place) => purged.has(place));
  await store.scrub();
  await views.scrub();
  await told.scrub();
}
