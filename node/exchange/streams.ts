// The live links of a node, at most one a member, and the life of each stream: handshake, the choice among rivals,
// the session, the end, and how it ended.

import { ByeCode, Role } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { MemberCode } from '../names.js';
import type { ExchangeEvent } from './exchange-event.js';
import { Link, type LinkHost } from './link.js';
import { asRefusal, byeName, Refusal } from './refusal.js';
import { objectionOf, outliveRivals } from './rivals.js';
import type { Wire } from './wire.js';

/** How the last attempt to talk with a member ended. */
export interface Outcome {
  readonly code: string;
  readonly reason: string;
  readonly at: number;
}

export interface StreamsSurroundings {
  readonly host: LinkHost;
  /** Opens a stream to a member. */
  dial(member: MemberCode): Promise<Wire>;
  /** What a link waits for before it may run. Rejects with why it must go. */
  prepare(link: Link): Promise<void>;
  /** A session begins, and the link is the member's from now on. */
  begun(link: Link): void;
  ended(link: Link): void;
  onEvent(event: ExchangeEvent): void;
}

export interface Streams {
  readonly live: ReadonlyMap<MemberCode, Link>;
  /** Takes a stream that somebody opened to us. */
  accept(wire: Wire): void;
  /** Dials and shakes hands; the stream then runs on its own. */
  startDial(member: MemberCode): Promise<{ ended: Promise<Refusal> }>;
  lastOutcome(member: MemberCode): Outcome | undefined;
  /** An attempt ended before there was a stream. */
  setOutcome(member: MemberCode, code: string, reason: string): void;
  /** Takes no new stream and says Bye on those that live. */
  close(reason: string): void;
  /** Resolves when the last stream is gone. */
  idle(): Promise<void>;
}

/** Streams that a member has opened and not yet shaken hands on: one, and those of its dials that it gave up. */
export const MAX_OPENING = 4;

export function createStreams(around: StreamsSurroundings): Streams {
  const { host } = around;
  const live = new Map<MemberCode, Link>();
  const outcomes = new Map<MemberCode, Outcome>();
  const running = new Set<Promise<unknown>>();
  const opening = new Map<MemberCode, number>();
  let isClosing = false;

  /** Counts a stream that was opened to us until it is linked or gone; returns what ends the count. */
  function startOpening(member: MemberCode): () => void {
    opening.set(member, (opening.get(member) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (opening.get(member) as number) - 1;
      if (left === 0) opening.delete(member);
      else opening.set(member, left);
    };
  }

  /** Runs one stream from handshake to end. Rejects with the Refusal when no link came about. */
  async function serve(
    wire: Wire,
    role: Role.DIALLER | Role.ACCEPTOR,
    onLinked: () => void = () => {},
  ): Promise<Refusal> {
    const { member } = wire.peer;
    const direction = role === Role.DIALLER ? 'out' : 'in';
    let link: Link;
    try {
      link = await Link.open(host, wire, role);
    } catch (error) {
      refused(wire, direction, error as Refusal);
      throw error;
    }
    const refusal = (await prepared(link)) ?? objection(link);
    if (refusal !== undefined) {
      // Of two streams one is enough: nothing to report.
      if (refusal.bye !== ByeCode.DUPLICATE) refused(wire, direction, refusal);
      await link.dismiss(refusal);
      throw refusal;
    }
    const before = live.get(member);
    live.set(member, link);
    const ending = link.run();
    onLinked();
    around.onEvent({
      kind: 'linked',
      member,
      direction,
      remote: wire.remote,
      software: link.software,
      session: Buffer.from(link.sessionId).toString('hex').slice(0, 16),
    });
    around.begun(link);
    before?.close(new Refusal(ByeCode.REPLACED, 'a newer stream of the same two nodes takes over'));
    for (const log of host.logs.all())
      if (log.fault !== undefined) link.session.say({ case: 'fault', value: log.fault });
    const ended = await ending;
    if (live.get(member) === link) live.delete(member);
    around.ended(link);
    setOutcome(member, ended.code, ended.message);
    // The peer is told no more than that; here somebody has to find the fault.
    if (ended.bye === ByeCode.INTERNAL && ended.cause instanceof Error)
      host.warn(link, `an internal error ended the stream: ${ended.cause.stack ?? ended.cause.message}`);
    around.onEvent({
      kind: 'unlinked',
      member,
      direction,
      code: byeName(ended.bye),
      reason: ended.message,
      byPeer: ended.fromPeer,
    });
    return ended;
  }

  function refused(wire: Wire, direction: 'in' | 'out', { code, message, fromPeer }: Refusal): void {
    const { member } = wire.peer;
    setOutcome(member, code, message);
    around.onEvent({
      kind: 'refused',
      member,
      direction,
      remote: wire.remote,
      code,
      reason: message,
      byPeer: fromPeer,
    });
  }

  /** What has to be waited for before the link may run. Resolves with why it must go; never rejects. */
  async function prepared(link: Link): Promise<Refusal | undefined> {
    try {
      await around.prepare(link);
      await outliveRivals(live, link);
      return undefined;
    } catch (error) {
      return asRefusal(error);
    }
  }

  /** Why a new link must go, as things are now: nothing is waited for between this and its start. */
  function objection(link: Link): Refusal | undefined {
    if (isClosing) return new Refusal(ByeCode.GOING_AWAY, 'this node stops');
    try {
      // The registry may have changed during the handshake.
      host.admit(link.member);
    } catch (error) {
      return asRefusal(error);
    }
    return objectionOf(live.get(link.member), link, host.me);
  }

  function setOutcome(member: MemberCode, code: string, reason: string): void {
    outcomes.set(member, { code, reason, at: host.clock.now() });
  }

  function track(work: Promise<unknown>): void {
    const tracked = work.catch(() => {});
    running.add(tracked);
    void tracked.finally(() => running.delete(tracked));
  }

  return {
    live,
    accept(wire) {
      const { member } = wire.peer;
      if (isClosing || (opening.get(member) ?? 0) >= MAX_OPENING) return wire.destroy();
      const opened = startOpening(member);
      track(serve(wire, Role.ACCEPTOR, opened).finally(opened));
    },
    async startDial(member) {
      const wire = await around.dial(member);
      if (isClosing) {
        wire.destroy();
        throw new Refusal(ByeCode.GOING_AWAY, 'this node stops');
      }
      return new Promise((resolve, reject) => {
        const ended = serve(wire, Role.DIALLER, () => resolve({ ended }));
        track(ended);
        ended.catch(reject);
      });
    },
    lastOutcome: (member) => outcomes.get(member),
    setOutcome,
    close(reason) {
      isClosing = true;
      for (const link of live.values()) link.close(new Refusal(ByeCode.GOING_AWAY, reason));
    },
    async idle() {
      await Promise.allSettled([...running]);
    },
  };
}
