// Who accuses whom, by what nodes say of their streams: no honest node has anything to blame on another, whatever
// network, disks and clocks do to both.

import type { ExchangeEvent } from '../../node/exchange/exchange.js';
import { LYON, type MemberCode, parseLogName } from '../../node/names.js';
import { type Ledger, short } from './ledger.js';
import type { SimulatedNode } from './simulated-node.js';

/** Ends of a stream that blame the sender. Between honest nodes there is nothing to blame. */
export const ACCUSING = new Set([
  'proof',
  'signature',
  'protocol',
  'too-large',
  'internal',
  'identity',
  'version',
  'federation',
]);

/** Writes down what the event breaks. `replaced` are members that have got new keys. */
export function judge(
  node: SimulatedNode,
  event: ExchangeEvent,
  ledger: Ledger,
  replaced: ReadonlySet<MemberCode>,
): void {
  const isHonest = (member: MemberCode): boolean => !ledger.dishonest.has(member);
  if (event.kind === 'forked') {
    ledger.faultsSeen.push({ by: node.member, fault: event.fault });
    if (!ledger.forked.has(event.log) && isHonest(parseLogName(event.log).member ?? LYON)) {
      ledger.broken('no honest member is accused', `${node.member} says that ${short(event.log)} is forked`);
    }
  } else if (event.kind === 'own-log') {
    if (isHonest(node.member) && !ledger.setBack.has(node.member) && isHonest(event.member))
      ledger.broken(
        'no honest member is accused',
        `${node.member} stopped by ${event.member}: ${event.reason}`,
      );
  } else if (event.kind === 'unlinked' || event.kind === 'refused') {
    const blames = event.byPeer ? event.member : node.member;
    const blamed = event.byPeer ? node.member : event.member;
    if (!ACCUSING.has(event.code) || !isHonest(blames) || !isHonest(blamed)) return;
    if (event.code === 'identity' && replaced.has(blamed)) return;
    ledger.broken('no honest member is accused', `${blames} of ${blamed}: ${event.code}: ${event.reason}`);
  } else if (event.kind === 'warning' && /internal error|no receipt/.test(event.reason)) {
    // A node whose registry does not name it yet, or names newer keys, gives no receipt that it can read.
    if (!/no receipt: no cosignature/.test(event.reason))
      ledger.broken('no error is unhandled', `${node.member}: ${event.reason}`);
  }
}
