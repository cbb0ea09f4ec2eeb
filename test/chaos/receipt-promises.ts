// What receipts promise, looked at when faults have ended and before anything new is published: an author has the
// receipt of every member that has its log, also on a log that does not grow any more.

import { LYON } from '../../node/names.js';
import type { Federation } from './federation.js';
import { short } from './ledger.js';
import { liveMembers } from './promises.js';

export function checkReceipts(federation: Federation): void {
  const { ledger, replaced } = federation;
  // A home that was lost is told everything again, but a receipt under keys that were replaced since says nothing to it.
  const isWhole = (member: string): boolean =>
    ![...ledger.setBack, ...ledger.dishonest, ...replaced].some((other) => other === member);
  if (!isWhole(LYON)) return;
  const live = liveMembers(federation).filter(({ member }) => isWhole(member));
  for (const author of live) {
    const log = author.ownLog;
    if (log === undefined || log.settled?.size !== log.size || ledger.forked.has(log.name)) continue;
    for (const other of live) {
      if (other === author || other.logs.get(log.name)?.settled?.size !== log.size) continue;
      const size = author.receipts.get(log.name, other.member)?.size ?? 0;
      if (size < log.size)
        ledger.broken(
          'who has a log confirms it',
          `${author.member} has the receipt of ${other.member} on ${short(log.name)} up to ${size} of ${log.size}`,
        );
    }
  }
}
