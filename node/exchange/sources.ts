// Which link supplies which log. A log that can be got from two sides is asked of one: its author before Lyon,
// Lyon before others. It changes when somebody else shows a larger head for 5 s while the source stands still. A
// source that shows more and does not deliver it is left for good reason: each time, it waits twice as long before
// it is asked again, so that it costs the log less and less.

import type { LogName } from '../names.js';
import type { Link } from './link.js';
import { STALL_MS } from './messages.js';

export interface SourcesSurroundings {
  /** How good the link is for the log; the higher the better. */
  rank(link: Link, log: LogName): number;
  /** Logs of our own are taken from everybody, so that nobody's longer copy stays unseen. */
  isOwn(log: LogName): boolean;
  size(log: LogName): number;
  /** False while the log waits for its quota: nobody is to blame that it stands. */
  mayTake(log: LogName): boolean;
  /** The link shows more of the log than it delivers; told once a link and log. */
  failed(link: Link, log: LogName): void;
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

/** Failures that count: after them a link that shows more is asked again every 5 minutes. */
const MAX_FAILURES = 6;

/** The choice of sources of one node. */
export function createSources(around: SourcesSurroundings): Sources {
  const sources = new Map<LogName, Link>();
  /** Since when a log has stood at a size that somebody shows to be passed. */
  const standing = new Map<LogName, { since: number; size: number }>();
  /** How often a link has shown more of a log and not delivered it, while it lives. */
  const failures = new WeakMap<Link, Map<LogName, number>>();

  const failuresOf = (link: Link, log: LogName): number => failures.get(link)?.get(log) ?? 0;

  function failed(link: Link, log: LogName): void {
    const before = failuresOf(link, log);
    const all = failures.get(link) ?? new Map<LogName, number>();
    failures.set(link, all.set(log, Math.min(before + 1, MAX_FAILURES)));
    if (before === 0) around.failed(link, log);
  }

  /** Of several that show more, the one that has failed least, the best one of those. */
  function better(log: LogName, one: Link | undefined, other: Link): Link {
    if (one === undefined) return other;
    const fewer = failuresOf(one, log) - failuresOf(other, log);
    const isBetter = fewer > 0 || (fewer === 0 && around.rank(other, log) > around.rank(one, log));
    return isBetter ? other : one;
  }

  function assign(log: LogName, link: Link): void {
    const before = sources.get(log);
    sources.set(log, link);
    standing.delete(log);
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
      found = better(log, found, link);
    }
    return found;
  }

  return {
    choose(link, logs) {
      return logs.filter((log) => {
        if (around.isOwn(log)) return true;
        const current = sources.get(log);
        const kept = current !== undefined && !current.ended && better(log, current, link) === current;
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
        if (!around.mayTake(log)) {
          standing.delete(log);
          continue;
        }
        const size = around.size(log);
        const showing = live.filter((link) => link.session.consumer.peerSize(log) > size);
        const next = showing
          .filter((link) => link !== source)
          .reduce<Link | undefined>((found, link) => better(log, found, link), undefined);
        const seen = standing.get(log);
        if (next === undefined) standing.delete(log);
        else if (seen === undefined || seen.size !== size) standing.set(log, { since: nowMs, size });
        else if (nowMs - seen.since >= STALL_MS * 2 ** failuresOf(next, log)) {
          // What waits for our own disk has been delivered.
          if (showing.includes(source) && source.state().state !== 'waiting') failed(source, log);
          assign(log, next);
          next.session.consumer.take(log);
        }
      }
    },
    of: (log) => sources.get(log),
  };
}
