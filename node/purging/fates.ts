// What is to become of dead entries: those that their author took back go at once, those whose keeping is over go a
// day later, and only while this node's clock can be trusted.

import { utcDay } from '../clock.js';
import { isHole, type LogItem } from '../log/item.js';
import type { Log } from '../log/log.js';
import { type Fate, purgedHole } from '../log/purged-hole.js';
import { parseLogName } from '../names.js';
import { leafHash } from '../tlog/hash.js';
import type { Views } from '../views/driver.js';

/** How many days after its last day an entry's bytes go. */
const DAYS_LATE = 1;

export interface FateSurroundings {
  readonly views: Pick<Views, 'causeOfDeath' | 'deadIn'>;
  /** UTC milliseconds since 1970. */
  now(): number;
  /** This node's clock agrees with its peers'. */
  clocksAgree(): boolean;
}

/** The fate of an entry, or 'waiting' for clocks that agree, or 'not-due'. */
export type Verdict = Fate | 'waiting' | 'not-due';

/** What is to become of the bytes of a dead entry. */
export async function verdictOn(
  log: Log,
  index: number,
  bytes: Uint8Array,
  { views, now, clocksAgree }: FateSurroundings,
): Promise<Verdict> {
  const { retraction, keepUntilDay } = await views.causeOfDeath(log.name, index, bytes);
  if (retraction !== undefined) {
    const generation = retraction.log === log.name ? 0 : parseLogName(retraction.log).generation;
    return { kind: 'retracted', by: retraction.index, generation };
  }
  if (keepUntilDay === 0 || utcDay(now()) <= keepUntilDay + DAYS_LATE) return 'not-due';
  return clocksAgree() ? { kind: 'expired', keepUntilDay } : 'waiting';
}

/** The places of the log at [from, to) as a peer may see them: what is to be purged here is served to nobody. */
export async function placesForPeers(
  log: Log,
  from: number,
  to: number,
  around: FateSurroundings,
): Promise<LogItem[]> {
  const items = await log.read(from, to);
  for (const index of await around.views.deadIn(log.name, from, from + items.length)) {
    const item = items[index - from] as LogItem;
    if (isHole(item)) continue;
    const verdict = await verdictOn(log, index, item, around);
    if (typeof verdict !== 'string') items[index - from] = purgedHole(index, leafHash(item), verdict);
  }
  return items;
}
