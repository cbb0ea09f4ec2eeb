// Which link supplies which log. A log that can be got from two sides is asked of one: its author before Lyon,
// Lyon before others. It changes when somebody else shows a larger head for 5 s while the source stands still.

import type { LogName } from '../names.js';
import type { Link } from './link.js';
import { STALL_MS } from './messages.js';

export interface SourcesSurroundings {
  /** How good the link is for the log; the higher the better. */
  rank(link: Link, log: LogName): number;
  /** Logs of our own are taken from everybody, so that nobody's longer copy stays unseen. */
  isOwn(log: LogName): boolean;
  size(log: LogName): number;
}

export interface Sources {
  /** Which of the logs the link is to supply from now on. */
  choose(link: Link, logs: readonly LogName[]): LogName[];
  /** The link has ended: others take over what it supplied. */
  ended(link: Link, others: Iterable<Link>, obtainable: (link: Link) => readonly LogName[]): void;
  /** Leaves sources that stand still while others have more. */
  tick(nowMs: number, links: Iterable<Link>): void;
  of(log: LogName): Link | undefined;
}

/** The choice of sources of one node. */
export function createSources(around: SourcesSurroundings): Sources {
  const sources = new Map<LogName, Link>();
  const outdone = new Map<LogName, { since: number; size: number }>();

  function assign(log: LogName, link: Link): void {
    const before = sources.get(log);
    sources.set(log, link);
    outdone.delete(log);
    if (before !== undefined && before !== link && !before.ended) before.session.consumer.leave(log);
  }

  function best(
    log: LogName,
    links: Iterable<Link>,
    obtainable: (link: Link) => readonly LogName[],
  ): Link | undefined {
    let found: Link | undefined;
    for (const link of links) {
      if (link.ended || !obtainable(link).includes(log)) continue;
      if (found === undefined || around.rank(link, log) > around.rank(found, log)) found = link;
    }
    return found;
  }

  return {
    choose(link, logs) {
      return logs.filter((log) => {
        if (around.isOwn(log)) return true;
        const current = sources.get(log);
        const kept =
          current !== undefined && !current.ended && around.rank(current, log) >= around.rank(link, log);
        if (kept && current.member !== link.member) return false;
        assign(log, link);
        return true;
      });
    },
    ended(link, others, obtainable) {
      const links = [...others];
      for (const [log, source] of sources) {
        if (source !== link) continue;
        sources.delete(log);
        const next = best(log, links, obtainable);
        if (next === undefined) continue;
        assign(log, next);
        next.session.consumer.take(log);
      }
    },
    tick(nowMs, links) {
      const live = [...links].filter((link) => !link.ended);
      for (const [log, source] of sources) {
        const size = around.size(log);
        const ahead = live.find((link) => link !== source && link.session.consumer.peerSize(log) > size);
        const seen = outdone.get(log);
        if (ahead === undefined) outdone.delete(log);
        else if (seen === undefined || seen.size !== size) outdone.set(log, { since: nowMs, size });
        else if (nowMs - seen.since >= STALL_MS) {
          assign(log, ahead);
          ahead.session.consumer.take(log);
        }
      }
    },
    of: (log) => sources.get(log),
  };
}
