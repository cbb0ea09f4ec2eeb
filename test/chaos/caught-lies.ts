// Whether lies on streams are caught. A lie is told once it has reached an honest receiver where it matters, and is
// caught when that receiver ends the stream for it. A stream that is lost before that takes the lie with it; one that
// lives on beside the lie breaks a promise.

import type { Link } from '../../node/exchange/link.js';
import type { LogName, MemberCode } from '../../node/names.js';
import type { Frame } from '../../proto/gen/icse/v1/exchange_pb.js';
import { ACCUSING } from './accusations.js';
import type { Federation } from './federation.js';
import type { SimulatedNode } from './simulated-node.js';

export type LieKind =
  | 'altered segment'
  | 'wrong proof'
  | 'forged checkpoint'
  | 'forged frame'
  | 'replayed frame'
  | 'false fault';

/** How the receiver must end the stream. */
const CODES: Readonly<Record<LieKind, readonly string[]>> = {
  'altered segment': ['proof'],
  'wrong proof': ['proof'],
  'forged checkpoint': ['proof'],
  'forged frame': ['signature', 'protocol'],
  'replayed frame': ['protocol'],
  'false fault': ['proof'],
};

/** A stream on which a lie was told lives no longer than this: far longer than what has arrived waits to be heard. */
export const CAUGHT_MS = 10_000;

/** A lie in a frame of one session. */
export interface Lie {
  readonly kind: LieKind;
  readonly sessionId: Uint8Array;
  /** What its content is about; undefined when the frame itself is the lie. */
  readonly about?: { readonly log: LogName; readonly from: number; readonly end: number };
}

/** A lie that was told. */
interface Outstanding {
  readonly lie: Lie;
  readonly receiver: SimulatedNode;
  readonly link: Link;
}

/** Watches what becomes of the liar's lies; returns how to say that a frame is one. */
export function watchLies(federation: Federation, liar: MemberCode): (frame: Frame, lie: Lie) => void {
  const { ledger, time } = federation;
  /** By the signature of the frame. */
  const frames = new Map<string, { readonly lie: Lie; arrived: number; taken: number }>();
  /** What has arrived on streams that live, whether it matters or not. */
  let arrived: { readonly lie: Lie; readonly receiver: SimulatedNode }[] = [];
  const outstanding = new Set<Outstanding>();
  /** Up to where honest runs of each log were heard: more than is on disk. */
  const heard = new WeakMap<SimulatedNode, Map<LogName, number>>();

  function isTold(one: Outstanding): void {
    ledger.told(one.lie.kind);
    outstanding.add(one);
    time.after(CAUGHT_MS, () => mustBeCaught(one));
  }

  function mustBeCaught(one: Outstanding): void {
    if (!outstanding.has(one)) return;
    if (!one.receiver.isRunning) isLost(one);
    else if (!one.link.ended) isBroken(one, 'and goes on');
    // Why it has ended is said when all that it had begun is done.
    else time.after(CAUGHT_MS, () => mustBeCaught(one));
  }

  function isLost(one: Outstanding): void {
    outstanding.delete(one);
    ledger.untold(one.lie.kind);
  }

  function isBroken(one: Outstanding, what: string): void {
    outstanding.delete(one);
    const { lie, receiver } = one;
    ledger.broken('every lie is caught', `${receiver.member} took a lie of ${liar} (${lie.kind}) ${what}`);
  }

  /** True when another lie, told or not, may be what the stream was ended for. */
  function isForAnother({ lie, receiver }: Outstanding, code: string): boolean {
    return arrived.some(
      (other) => other.receiver === receiver && other.lie !== lie && CODES[other.lie.kind].includes(code),
    );
  }

  /** True when the receiver has to look at what the lie says, as it is now. */
  function matters(
    { kind, about }: Lie,
    { member, logs, exchange }: SimulatedNode,
    heardTo: number,
  ): boolean {
    const log = about === undefined ? undefined : logs.get(about.log);
    if (about === undefined || log === undefined || log.fault !== undefined) return false;
    if (kind === 'false fault') return true;
    if (exchange.isOwn(log.name) || !exchange.mayTake(log.name)) return false;
    if (!exchange.exchanged(liar, member).includes(log.name)) return false;
    // What was heard is maybe being written: then the run is passed over as known.
    return about.from <= log.size && Math.max(log.size, heardTo) < about.end;
  }

  federation.onDelivery = ({ content }, from, to) => {
    if (from.member !== liar || content.case !== 'frame') return;
    const frame = frames.get(keyOf(content.value));
    const receiver = federation.running().find(({ host }) => host === to);
    if (frame === undefined || receiver === undefined) return;
    const { lie } = frame;
    if (++frame.arrived <= honestCopies(lie)) return;
    arrived.push({ lie, receiver });
    const link = receiver.exchange.linkTo(liar);
    if (lie.about !== undefined || link === undefined || link.ended || !isOf(lie, link)) return;
    isTold({ lie, receiver, link });
  };
  federation.onFrameTaken = (receiver, link, record, messages) => {
    const frame = link.member === liar ? frames.get(keyOf(record)) : undefined;
    const isLie = frame !== undefined && ++frame.taken > honestCopies(frame.lie);
    const about = isLie ? frame.lie.about : undefined;
    const known = heard.get(receiver) ?? new Map<LogName, number>();
    heard.set(receiver, known);
    const heardTo = about === undefined ? 0 : (known.get(about.log) ?? 0);
    for (const { run } of messages) {
      if (run === undefined || run.fill || isRunOf(frame?.lie, run)) continue;
      const log = run.log as LogName;
      known.set(log, Math.max(known.get(log) ?? 0, run.from + run.entries));
    }
    if (!isLie) return;
    const { lie } = frame;
    const one = [...outstanding].find((told) => told.lie === lie) ?? { lie, receiver, link };
    if (about === undefined) isBroken(one, 'for good');
    else if (matters(lie, receiver, heardTo)) isTold(one);
  };
  federation.onEvent = (node, event) => {
    if (event.kind !== 'unlinked' || event.member !== liar) return;
    const { code, byPeer } = event;
    for (const one of outstanding) {
      if (one.receiver !== node || !one.link.ended) continue;
      if (!byPeer && CODES[one.lie.kind].includes(code)) {
        outstanding.delete(one);
        ledger.caught(one.lie.kind);
      } else if (byPeer || !ACCUSING.has(code) || isForAnother(one, code)) isLost(one);
      else isBroken(one, `and ended the stream for something else: ${code}: ${event.reason}`);
    }
    const live = node.exchange.linkTo(liar);
    arrived = arrived.filter(
      ({ lie, receiver }) => receiver !== node || (live !== undefined && isOf(lie, live)),
    );
  };
  return (frame, lie) => void frames.set(keyOf(frame), { lie, arrived: 0, taken: 0 });
}

/** Of a replay, the first is honest. */
function honestCopies({ kind }: Lie): number {
  return kind === 'replayed frame' ? 1 : 0;
}

function isOf({ sessionId }: Lie, link: Link): boolean {
  return Buffer.compare(sessionId, link.sessionId) === 0;
}

/** True when the run is what the lie is about; a false fault is about none. */
function isRunOf(lie: Lie | undefined, run: { log: string; from: number; entries: number }): boolean {
  const about = lie?.about;
  return about?.log === run.log && about.from === run.from && about.end === run.from + run.entries;
}

function keyOf({ signature }: Pick<Frame, 'signature'>): string {
  return Buffer.from(signature).toString('base64');
}
