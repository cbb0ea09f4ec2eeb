// What `icse status` shows: each connection and each log with its state, since when, and why. Silence is never
// success: whatever does not move while there is something to get says so.

import type { ConnectionStatus, LogStatus } from './api.js';
import type { Exchange } from './exchange/exchange.js';
import type { ReceiptBook } from './exchange/receipt-book.js';
import type { Log } from './log/log.js';
import { type LogName, LYON, type MemberCode, parseLogName, shortLogName } from './names.js';
import type { StateMemory } from './state-watch.js';
import { formatVerifierKey, TYPE_ED25519 } from './tlog/note.js';

const REFUSALS = new Set([
  'suspended',
  'not-a-member',
  'denied',
  'identity',
  'federation',
  'version',
  'clock',
  'second-instance',
]);

/** One line for each member that this node has, wants or had a stream with. */
export function connectionStatuses(
  exchange: Exchange,
  wanted: readonly MemberCode[],
  memory: StateMemory,
): ConnectionStatus[] {
  const { members } = exchange.logs.registry.state;
  const codes = new Set<MemberCode>([...wanted, ...members.keys()]);
  codes.delete(exchange.me);
  return [...codes].sort().flatMap((member): ConnectionStatus[] => {
    const link = exchange.linkTo(member);
    if (link !== undefined) {
      const { state, why } = link.state();
      return [
        { member, direction: link.direction, state, since: memory.since(`link ${member}`, state), why },
      ];
    }
    const outcome = exchange.lastOutcome(member);
    const isWanted = wanted.includes(member);
    if (outcome === undefined && !isWanted && exchange.me !== LYON) return [];
    const state = outcome !== undefined && REFUSALS.has(outcome.code) ? 'refused' : 'off';
    const why = outcome?.reason ?? (isWanted ? 'dialling' : 'has not connected since this node started');
    return [{ member, direction: null, state, since: memory.since(`link ${member}`, state), why }];
  });
}

/** One line for each log: the registry first, then the members'. */
export function logStatuses(exchange: Exchange, book: ReceiptBook, memory: StateMemory): LogStatus[] {
  const { registry } = exchange.logs;
  const order = (log: Log): string => (log.name === registry.log.name ? '' : log.name);
  return exchange.logs
    .all()
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .map((log) => {
      const { state, why, behind } = logState(exchange, log);
      const key = registry.state.logs.get(log.name)?.key ?? registry.hubKeys.log;
      const isShown = exchange.me === LYON || exchange.isOwn(log.name);
      return {
        member: parseLogName(log.name).member ?? 'registry',
        log: shortLogName(log.name),
        size: log.size,
        state,
        since: memory.since(`log ${log.name}`, state),
        why,
        behind,
        holes: log.holes,
        notAddressed: log.holes - log.dueHoles,
        purged: log.purged,
        checkpoint: log.checkpoint === undefined ? null : Buffer.from(log.checkpoint.note).toString(),
        vkey: formatVerifierKey(log.name, TYPE_ED25519, key),
        receipts: isShown ? receiptsOn(book, log.name) : [],
      };
    });
}

function receiptsOn(book: ReceiptBook, log: LogName): LogStatus['receipts'] {
  return book.on(log).map(({ by, size, time }) => ({ by, size, time: new Date(time * 1000).toISOString() }));
}

function logState(exchange: Exchange, log: Log): { state: string; why: string; behind: number } {
  if (log.fault !== undefined) {
    return {
      state: 'out of step',
      why: 'its author has forked it; it is frozen here (icse faults, icse verify)',
      behind: 0,
    };
  }
  const cut = exchange.logs.registry.state.logs.get(log.name)?.cut;
  if (cut !== undefined && log.size >= cut.size)
    return { state: 'off', why: `closed at ${cut.size}`, behind: 0 };
  if (exchange.isOwn(log.name)) {
    const why = exchange.guard.why();
    return { state: why === '' ? 'live' : 'waiting', why, behind: 0 };
  }
  const source = exchange.sourceOf(log.name);
  const heard = exchange.links().map((link) => link.session.consumer.peerSize(log.name));
  // What lies above a cut is missing to nobody.
  const signed = Math.min(log.checkpoint?.size ?? 0, cut?.size ?? Number.MAX_SAFE_INTEGER);
  const behind = Math.max(0, ...heard, signed) - log.size;
  if (source === undefined || source.ended)
    return { state: 'off', why: 'nobody who has it is connected', behind: Math.max(0, behind) };
  if (behind <= 0) return { state: 'live', why: '', behind: 0 };
  if (source.session.consumer.isHeldBack(log.name))
    return { state: 'waiting', why: `for the quota of ${exchange.authorOf(log.name)}`, behind };
  const { state, why } = source.state();
  return {
    state: state === 'live' ? 'catching up' : state,
    why: `from ${source.member}: ${why || `${behind} entries behind`}`,
    behind,
  };
}
