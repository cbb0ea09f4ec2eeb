// What happens on the exchange and at the hub, for the operators' log and for the journal: the same facts in
// both. No key, token or looked-up hash is among them.

import type { ExchangeEvent } from './exchange/exchange.js';
import type { HubEvent } from './hub/audit.js';
import type { Journal } from './journal/journal.js';
import { shortLogName } from './names.js';
import type { PurgeReport } from './purging/purger.js';
import type { StateChange } from './state-watch.js';

/** States that an operator should hear of. */
const TROUBLES = new Set(['stalled', 'waiting', 'out of step', 'refused']);

/** The part of a structured logger that a node uses. */
export interface OperationsLog {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Told of everything; writes it down twice. */
export interface EventsLog {
  exchange(event: ExchangeEvent): void;
  hub(event: HubEvent): void;
  refusedEntry(log: string, index: number, rule: string): void;
  purged(report: PurgeReport): void;
  state(change: StateChange): void;
  renewed(member: string, notAfter: Date): void;
  renewalFailed(reason: string, retryMs: number): void;
}

export function writeEvents(log: OperationsLog, journal: Journal): EventsLog {
  return {
    exchange(event) {
      const { kind, ...facts } = event;
      if (event.kind === 'forked') {
        const { fault, ...told } = event;
        journal.record(kind, { ...told, first: text(fault.first), second: text(fault.second) });
        log.error(
          { event: kind, log: event.log, toldBy: event.toldBy },
          `${shortLogName(event.log)} was forked by its author and is frozen`,
        );
        return;
      }
      journal.record(kind, facts);
      const [level, message] = sayExchange(event);
      log[level]({ event: kind, ...facts }, message);
    },
    hub(event) {
      const { kind, ...facts } = event;
      journal.record(kind, facts);
      const level = kind === 'enrolment-refused' ? 'warn' : 'info';
      log[level]({ event: kind, ...facts }, `${event.member}: ${kind.replaceAll('-', ' ')}`);
    },
    refusedEntry(name, index, rule) {
      journal.record('refused-entry', { log: name, index, rule });
      log.warn({ event: 'refused-entry', log: name, index, rule }, `an entry became a hole: ${rule}`);
    },
    purged({ retracted, expired, waiting, seconds }) {
      if (retracted + expired + waiting === 0) return;
      const facts = { retracted, expired, waiting, seconds };
      journal.record('purged', facts);
      const stay = waiting === 0 ? '' : `; ${waiting} stay until clocks agree`;
      log.info(
        { event: 'purged', ...facts },
        `${retracted} retracted and ${expired} expired entries are purged${stay}`,
      );
    },
    state(change) {
      const troubled = TROUBLES.has(change.to);
      if (!troubled && !TROUBLES.has(change.from)) return;
      journal.record('state', { ...change });
      const reason = change.why === '' ? '' : `: ${change.why}`;
      log[troubled ? 'warn' : 'info'](
        { event: 'state', ...change },
        `${change.what} is ${change.to}${reason}`,
      );
    },
    renewed(member, notAfter) {
      const facts = { member, notAfter: notAfter.toISOString() };
      journal.record('renewed', facts);
      log.info({ event: 'renewed', ...facts }, `the certificate was renewed until ${facts.notAfter}`);
    },
    renewalFailed(reason, retryMs) {
      journal.record('renewal-failed', { reason, retryMs });
      log.warn({ event: 'renewal-failed', reason, retryMs }, `the certificate was not renewed: ${reason}`);
    },
  };
}

function sayExchange(event: Exclude<ExchangeEvent, { kind: 'forked' }>): ['info' | 'warn' | 'error', string] {
  switch (event.kind) {
    case 'linked':
      return [
        'info',
        `${event.member} is connected (${event.direction === 'out' ? 'dialled' : 'accepted'}, ${event.remote})`,
      ];
    case 'unlinked':
      return ['info', `the stream with ${event.member} ended: ${event.reason}`];
    case 'refused':
      return [
        'warn',
        event.byPeer
          ? `${event.member} refused this node: ${event.reason}`
          : `${event.member} was refused: ${event.reason}`,
      ];
    case 'unreachable':
      return ['warn', event.reason];
    case 'own-log':
      return ['error', event.reason];
    case 'warning':
      return ['warn', `${event.member}: ${event.reason}`];
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
