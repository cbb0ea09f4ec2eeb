// What peers claim of holes, checked as far as it can be: that a hole is retracted, by the retraction itself once it
// is here and counts; that it is expired, by this node's own clock. Until then the hole is missing and is asked for.
// Where a cut takes a retraction back, what it took back is asked for again.

import type { Hole } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type LogName, logName, parseLogName } from '../names.js';
import { entryOrNothing } from '../statements/entry.js';
import { mayTakeBack, type Place } from '../statements/takes-back.js';
import { isHole } from './item.js';
import type { Log } from './log.js';
import type { Logs } from './logs.js';
import { claimOf, doubtedHole, type Fate } from './purged-hole.js';

/** Holes restated in one commit. */
const BATCH = 4096;

/** Settles what is claimed of the log's holes; `today` is the UTC day by this node's clock. */
export async function settleClaims(logs: Logs, log: Log, today: number): Promise<void> {
  const proven = new Map<number, Fate>();
  for (const hole of await log.listDueHoles(Number.POSITIVE_INFINITY)) {
    const claim = claimOf(hole);
    if (claim === undefined || !(await isTrue(logs, log.name, hole, claim, today))) continue;
    proven.set(Number(hole.index), claim);
    if (proven.size === BATCH) {
      await log.purge(proven);
      proven.clear();
    }
  }
  if (proven.size > 0) await log.purge(proven);
  const doubtful = await doubtfulIn(logs, log);
  if (doubtful.length > 0) await log.doubt(doubtful);
}

/** Holes whose retraction no longer counts. */
async function doubtfulIn(logs: Logs, log: Log): Promise<number[]> {
  const { member } = parseLogName(log.name);
  const hasCut = [...logs.registry.state.logs.values()].some(
    (known) => known.member === member && known.cut !== undefined,
  );
  if (!hasCut) return [];
  return (await log.listPurged()).flatMap((hole) => {
    const claim = claimOf(doubtedHole(hole));
    return claim?.kind === 'retracted' && !counts(logs, logOf(log.name, claim.generation), claim.by)
      ? [Number(hole.index)]
      : [];
  });
}

async function isTrue(logs: Logs, name: LogName, hole: Hole, claim: Fate, today: number): Promise<boolean> {
  if (claim.kind === 'expired') return today > claim.keepUntilDay;
  const by = logOf(name, claim.generation);
  if (!counts(logs, by, claim.by)) return false;
  const [item] = (await logs.get(by)?.read(claim.by, claim.by + 1)) ?? [];
  const retraction = item === undefined || isHole(item) ? undefined : entryOrNothing(item);
  if (retraction === undefined) return false;
  const at: Place = { generation: parseLogName(by).generation, index: claim.by };
  const { generation } = parseLogName(name);
  return mayTakeBack(retraction, at, { generation, index: Number(hole.index) });
}

/** The log of the same author that a claim names. */
function logOf(name: LogName, generation: number): LogName {
  const { federation, member } = parseLogName(name);
  return generation === 0 ? name : logName(federation, member, generation);
}

function counts(logs: Logs, log: LogName, index: number): boolean {
  const cut = logs.registry.state.logs.get(log)?.cut;
  return cut === undefined || index < cut.size;
}
