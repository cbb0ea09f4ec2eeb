// The check of a node's own logs, as the exchange drives it: which logs are its own, who could tell how long they
// are, and what links show of them. What follows from the answers is in own-log.ts.

import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode, shortLogName } from '../names.js';
import { registryLog } from '../registry/state.js';
import type { ExchangeEvent } from './exchange-event.js';
import type { Link } from './link.js';
import { guardOwnLogs, type OwnLogGuard } from './own-log.js';

export interface OwnLogWatchSurroundings {
  readonly logs: Logs;
  readonly me: MemberCode;
  now(): number;
  /** Members that this node keeps a stream to. */
  dialled(): Iterable<MemberCode>;
  onEvent(event: ExchangeEvent): void;
}

export interface OwnLogWatch {
  readonly guard: OwnLogGuard;
  /** A peer's heads have been compared: what it has of our logs is an answer. */
  answered(link: Link): void;
  /** A peer says that it has more of a log of ours than it can show. */
  unproven(link: Link, log: LogName): void;
  /** A peer shows another log of ours than we have: publishing stops. */
  differs(link: Link, log: LogName, what: string): void;
}

export function watchOwnLogs(around: OwnLogWatchSurroundings): OwnLogWatch {
  const { logs, me } = around;

  /** Our own logs by the registry, also those that are not open yet; none before there is a registry. */
  function ownLogs(): LogName[] {
    const { state } = logs.registry;
    if (state.size === 0) return [];
    const names = [...state.logs.values()].filter(({ member }) => member === me).map(({ name }) => name);
    return me === LYON ? [registryLog(state), ...names] : names;
  }

  /** Members that could tell how long our own logs are. */
  function witnesses(): MemberCode[] | undefined {
    const { members, size } = logs.registry.state;
    // A hub's registry has an entry from its first day on: an empty one was lost, and with it who could tell.
    if (me === LYON && size === 0) return undefined;
    const admitted = [...members.values()].filter((member) => !member.suspended && member.code !== me);
    if (me === LYON) return admitted.map((member) => member.code);
    return [...new Set([LYON, ...around.dialled()])];
  }

  const guard = guardOwnLogs({
    now: () => around.now(),
    sizes: () => {
      const open = ownLogs().map((name) => logs.get(name));
      return new Map(open.includes(undefined) ? [] : (open as Log[]).map((log) => [log.name, log.size]));
    },
    signedBeyond: () => {
      const log = logs.get(logs.registry.state.members.get(me)?.log ?? logs.registry.log.name);
      const signed = log?.checkpoint?.size ?? 0;
      return log !== undefined && signed > log.size ? { log: log.name, size: log.size, signed } : undefined;
    },
    others: witnesses,
  });

  /** Tells the guard what is certain of what the peer has. */
  function answered(link: Link): void {
    const { consumer } = link.session;
    const wasReady = guard.ready();
    const certain = ownLogs().filter((log) => !consumer.claimsMore(log));
    if (certain.length < ownLogs().length) guard.claimed(link.member);
    guard.answered(link.member, new Map(certain.map((log) => [log, consumer.peerSize(log)])));
    if (!wasReady || guard.ready()) return;
    const log = ownLogs().find((own) => consumer.peerSize(own) > (logs.get(own)?.size ?? 0));
    const reason = guard.why();
    if (log !== undefined) around.onEvent({ kind: 'own-log', log, member: link.member, reason });
  }

  return {
    guard,
    answered,
    unproven(link, log) {
      const reason = `it says that it has more of our log ${shortLogName(log)} than we, and shows no signature of ours`;
      around.onEvent({ kind: 'warning', member: link.member, reason });
      // It has answered, for what its word is worth: publishing does not wait for what nobody has shown.
      answered(link);
    },
    differs(link, log, what) {
      const isStopped = !guard.ready() && !guard.recovering();
      if (isStopped) return;
      const reason = `our own log is not as others have it (${what}): is there another node with our keys?`;
      around.onEvent({ kind: 'own-log', log, member: link.member, reason });
      guard.stop(reason);
    },
  };
}
