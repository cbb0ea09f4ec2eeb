// Asks again for bytes that are missing: a relay may have had only their hashes. Each log's holes are asked for
// now and then, of everybody who has the log, until somebody has the bytes, or until it is certain that they are gone
// for good.

import { HoleReason } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Log } from '../log/log.js';
import type { LogName } from '../names.js';
import type { Link } from './link.js';

/** A log's holes are asked for so often, and so many at a time. */
const ASK_MS = 30_000;
const HOLES = 64;

export interface HoleFiller {
  tick(nowMs: number, logs: readonly Log[], links: readonly Link[]): void;
  /** Resolves when nothing is being asked for. */
  idle(): Promise<void>;
}

/** `obtainable` names the logs that can be got from a link; `settle` checks what peers claimed of a log's holes. */
export function fillHoles(
  obtainable: (link: Link) => readonly LogName[],
  settle: (log: Log) => Promise<void>,
  onError: (error: unknown) => void,
): HoleFiller {
  const askedAt = new Map<LogName, number>();
  let asking: Promise<void> = Promise.resolve();

  async function ask(log: Log, links: readonly Link[]): Promise<void> {
    await settle(log);
    // What was refused is due as well, and not asked for, however much of it there is.
    const due = await log.listDueHoles(Number.POSITIVE_INFINITY);
    const missing = due.filter((hole) => hole.reason === HoleReason.MISSING).slice(0, HOLES);
    if (missing.length === 0) return;
    const ranges = missing.map(({ index }) => ({ from: Number(index), to: Number(index) + 1 }));
    for (const link of links) {
      if (!link.ended && obtainable(link).includes(log.name)) link.session.consumer.askFor(log.name, ranges);
    }
  }

  return {
    tick(nowMs, logs, links) {
      for (const log of logs) {
        if (
          log.dueHoles + log.purged === 0 ||
          links.length === 0 ||
          Math.abs(nowMs - (askedAt.get(log.name) ?? 0)) < ASK_MS
        )
          continue;
        askedAt.set(log.name, nowMs);
        asking = asking.then(() => ask(log, links)).catch(onError);
      }
    },
    idle: () => asking,
  };
}
