// Silence is never success: no log stands still on a stream between two honest nodes while there is more of it to get
// there. What a new stream would repair has to be repaired on the old one too.

import type { Link } from '../../node/exchange/link.js';
import type { LogName, MemberCode } from '../../node/names.js';
import type { Federation } from './federation.js';
import { short } from './ledger.js';

const LOOK_MS = 2000;
/** Longer than question and answer take on the slowest network; a dark path and a slow disk do not count. */
const MAX_STALL_MS = 20_000;

/** Where each log stands on a stream, since when. */
type Standing = Map<LogName, { readonly size: number; readonly since: number }>;

/** Looks at all streams from now on, for as long as virtual time goes on. */
export function watchStalls(federation: Federation): void {
  const { ledger, time, network, nodes } = federation;
  const standings = new WeakMap<Link, Standing>();

  function lookAt(link: Link, by: MemberCode): void {
    const before = standings.get(link);
    const now: Standing = new Map();
    standings.set(link, now);
    if (link.ended || link.state().state === 'waiting') return;
    for (const { log, size, peerSize } of link.session.consumer.behind()) {
      const known = before?.get(log);
      const stands = known?.size === size ? known : { size, since: time.now() };
      now.set(log, stands);
      if (time.now() - stands.since < MAX_STALL_MS || ledger.forked.has(log)) continue;
      if (isOwnAndKnown(by, log)) continue;
      const what = `${by} has ${short(log)} up to ${size}, and ${link.member} does not go on to ${peerSize}`;
      ledger.broken('no log stands still', what);
    }
  }

  /** Who has begun to publish takes no more of its own log: it stops and says why, for an operator to act. */
  function isOwnAndKnown(by: MemberCode, log: LogName): boolean {
    const exchange = nodes.get(by)?.exchange;
    return exchange?.isOwn(log) === true && exchange.guard.why() !== '';
  }

  /** A peer that is gone without a word, or that takes its leave, is noticed by keep-alive. */
  function isWhole({ member, sessionId }: Link, by: MemberCode): boolean {
    const peer = nodes.get(member);
    const theirs = peer?.isRunning === true ? peer.exchange.linkTo(by) : undefined;
    if (theirs === undefined || theirs.ended || network.isDark(member, by)) return false;
    return Buffer.compare(theirs.sessionId, sessionId) === 0;
  }

  function look(): void {
    for (const { member, exchange } of federation.running()) {
      if (ledger.dishonest.has(member)) continue;
      for (const link of exchange.links()) {
        if (ledger.dishonest.has(link.member) || !isWhole(link, member)) standings.delete(link);
        else lookAt(link, member);
      }
    }
    time.after(LOOK_MS, look);
  }

  look();
}
