// One live stream with a peer: handshake, frames, session, and what the session sets in motion. A bad peer loses
// its link and nothing else; what its messages set in motion is awaited before the link ends.

import { create } from '@bufbuild/protobuf';
import {
  ByeCode,
  ByeSchema,
  type Envelope,
  EnvelopeSchema,
  type Fault,
  type Head,
  type Message,
  type PurgedUpTo,
  type Receipt,
  Role,
  type Segment,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import { Failure } from '../failure.js';
import type { LogItem } from '../log/item.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import type { LogName, MemberCode } from '../names.js';
import type { LinkState } from './consumer.js';
import { createFrameQueue, type FrameQueue } from './frame-queue.js';
import {
  createFrameReader,
  createFrameWriter,
  type FrameReader,
  type FrameRecord,
  type SaidMessage,
  saidMessage,
} from './frames.js';
import type { SelfIntroduction } from './handshake.js';
import { answer, greet, type Handshake, type Transcript } from './handshake-wire.js';
import { localHead } from './local-head.js';
import { createLogWork, type LogWork } from './log-work.js';
import type { Content } from './messages.js';
import type { Taking } from './quota-pace.js';
import { asRefusal, plainReason, Refusal } from './refusal.js';
import { farewell, type Session, startSession } from './session.js';
import { checkEnvelope } from './strict-message.js';
import type { Wire } from './wire.js';

export { localHead } from './local-head.js';

/** What a link needs of the node around it. */
export interface LinkHost {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  /** 64-byte secret key that signs hellos and frames. */
  readonly sessionKey: Uint8Array;
  random(sizeBytes: number): Uint8Array;
  introduction(): SelfIntroduction;
  knowsByCertificate(member: MemberCode): boolean;
  /** Whether to talk to the member at all. Throws Refusal. */
  admit(member: MemberCode): void;
  /** Logs that `to` can get from `from`, ascending by name. */
  exchanged(from: MemberCode, to: MemberCode): readonly LogName[];
  isOwn(log: LogName): boolean;
  /** False while the log is over its quota. */
  mayTake(log: LogName): boolean;
  /** A segment of the log is being taken. */
  taking(log: LogName, segment: Segment): Taking;
  /** Which of the logs this link is to supply. */
  choose(link: Link, logs: readonly LogName[]): readonly LogName[];
  /** True while our own log may still be extended from outside. */
  recovering(): boolean;
  /** The peer's heads have been heard, or heard anew. */
  headsHeard(link: Link): void;
  /** The peer says that it has more of a log than it can show. */
  unproven(link: Link, log: LogName): void;
  receipt(link: Link, receipt: Receipt): void;
  purgedUpTo(link: Link, purged: PurgedUpTo): void;
  /** The run of a log that the member is sent from `from` on, never past `limit`. */
  segment(
    log: Log,
    reader: MemberCode,
    from: number,
    limit: number | undefined,
  ): Promise<Segment | undefined>;
  /** The places of a log of ours at [from, to) as peers may see them. */
  places(log: Log, from: number, to: number): Promise<readonly LogItem[]>;
  /** A proven fork, first seen on this link. */
  forked(link: Link, fault: Fault): void;
  /** Somebody shows another log of ours than we have. */
  ownLogDiffers(link: Link, log: LogName, what: string): void;
  /** Holes of the log at [from, to) were filled. */
  filled(log: LogName, from: number, to: number): void;
  /** For the record: every frame of a session, in both directions. */
  frame(link: Link, direction: 'in' | 'out', record: FrameRecord, messages: readonly SaidMessage[]): void;
  warn(link: Link, what: string): void;
}

/** A handshake that takes longer is given up. */
export const HANDSHAKE_MS = 10_000;
/** After Bye, the peer has so long to end the stream itself. */
const FAREWELL_MS = 1000;
/** Works that a peer's messages have set in motion: beyond these nothing more is read from it. */
const MAX_IN_PROGRESS = 1024;
/**
 * After a frame of many messages the peer is not heard for a while, so that one that talks without end leaves most of
 * the node's time to others: 20 messages a millisecond, and a frame of fewer than 100 costs no more than its signature.
 */
const MANY_MESSAGES = 100;
const MESSAGES_A_MS = 20;
/** The longest that a timer of the platform runs. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Link {
  readonly member: MemberCode;
  readonly direction: 'in' | 'out';
  readonly remote: string;
  readonly instance: Uint8Array;
  readonly software: string;
  readonly schema: number;
  /** The registry that the peer had when it said hello. */
  readonly registry: Head | undefined;
  /** What the root has signed last, by a hub's hello; not checked yet. */
  readonly rootSigned: Uint8Array;
  readonly since: number;
  readonly sessionId: Uint8Array;
  readonly transcript: Transcript;
  /** The key that signs what the peer says on this link. */
  readonly sessionKey: Uint8Array;
  /** Their clock less ours when the handshake was made, in milliseconds. */
  readonly skewMs: number;
  readonly session: Session;
  readonly #host: LinkHost;
  readonly #wire: Wire;
  readonly #inbox: AsyncIterator<Envelope>;
  readonly #reader: FrameReader;
  readonly #queue: FrameQueue;
  readonly #work: LogWork;
  readonly #pongs = new Map<bigint, () => void>();
  readonly #inProgress = new Set<Promise<void>>();
  #end: ((refusal: Refusal) => void) | undefined;
  #ended: Refusal | undefined;

  private constructor(
    host: LinkHost,
    wire: Wire,
    role: Role,
    inbox: AsyncIterator<Envelope>,
    { peer, sessionId, transcript }: Handshake,
  ) {
    this.#host = host;
    this.#wire = wire;
    this.#inbox = inbox;
    this.member = peer.member;
    this.direction = role === Role.DIALLER ? 'out' : 'in';
    this.remote = wire.remote;
    this.instance = peer.body.instance;
    this.software = peer.body.software;
    this.schema = peer.body.schema;
    this.registry = peer.body.registry;
    this.rootSigned = peer.body.rootSigned;
    this.since = host.clock.now();
    this.skewMs = Number(peer.body.clockMs) - this.since;
    this.sessionId = sessionId;
    this.transcript = transcript;
    this.sessionKey = peer.sessionKey;
    this.#reader = createFrameReader(sessionId, peer.sessionKey);
    const writer = createFrameWriter(sessionId, host.sessionKey);
    this.#queue = createFrameQueue(wire, writer, host.clock, (record, messages) =>
      host.frame(this, 'out', record, messages),
    );
    this.#work = this.#works();
    this.session = startSession(this.#surroundings(), this.since);
  }

  /** Shakes hands over the wire. Rejects with the Refusal that the peer was told, or that it told us. */
  static async open(host: LinkHost, wire: Wire, role: Role.DIALLER | Role.ACCEPTOR): Promise<Link> {
    const inbox = wire.receive()[Symbol.asyncIterator]();
    const cancel = host.clock.after(HANDSHAKE_MS, () => wire.destroy());
    try {
      host.admit(wire.peer.member);
      const shake = role === Role.DIALLER ? greet : answer;
      return new Link(host, wire, role, inbox, await shake(host, wire, inbox));
    } catch (error) {
      const refusal = error instanceof Failure ? asRefusal(error) : lost(error);
      if (refusal.fromPeer) {
        wire.destroy();
      } else {
        const bye = create(ByeSchema, { code: refusal.bye, reason: plainReason(refusal.message) });
        await wire.send(create(EnvelopeSchema, { content: { case: 'refusal', value: bye } })).catch(() => {});
        wire.end();
        host.clock.after(FAREWELL_MS, () => wire.destroy());
      }
      throw refusal;
    } finally {
      cancel();
    }
  }

  /** Runs the session until it ends, and resolves with the reason. */
  async run(): Promise<Refusal> {
    const closed = new Promise<Refusal>((resolve) => {
      this.#end = resolve;
    });
    if (this.#ended !== undefined) this.#end?.(this.#ended);
    const stopTicks = this.#host.clock.every(1000, () => this.session.tick(this.#host.clock.now()));
    let stopExpiry = () => {};
    const watchExpiry = (): void => {
      const validMs = this.#wire.peer.notAfter.getTime() - this.#host.clock.now();
      if (validMs > 0) stopExpiry = this.#host.clock.after(Math.min(validMs, LONGEST_TIMER_MS), watchExpiry);
      else
        this.close(new Refusal(ByeCode.CERTIFICATE_EXPIRED, `the certificate of ${this.member} has expired`));
    };
    watchExpiry();
    this.session.begin();
    void this.#receiveAll();
    const reason = await closed;
    stopTicks();
    stopExpiry();
    await Promise.allSettled([...this.#inProgress]);
    return reason;
  }

  /** Ends a link that was not run: the peer is told why, and nothing that it says is heard. */
  async dismiss(refusal: Refusal): Promise<void> {
    this.#ended ??= refusal;
    await this.#takeLeave(refusal);
  }

  /** Ends the link: says Bye after what is under way, unless the peer has said it. */
  close(refusal: Refusal): void {
    if (this.#ended !== undefined) return;
    this.#ended = refusal;
    void this.#takeLeave(refusal).finally(() => this.#end?.(refusal));
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Resolves true when the peer answers a ping in time. */
  isAlive(withinMs: number): Promise<boolean> {
    const token = Buffer.from(this.#host.random(8)).readBigUInt64BE();
    return new Promise((resolve) => {
      const cancel = this.#host.clock.after(withinMs, () => settle(false));
      const settle = (alive: boolean): void => {
        cancel();
        this.#pongs.delete(token);
        resolve(alive);
      };
      this.#pongs.set(token, () => settle(true));
      this.session.ping(token);
    });
  }

  /** A log that the registry has come to name is open. */
  opened(log: LogName): void {
    if (this.#ended === undefined) this.#start(() => this.#work.opened(log));
  }

  state(): { state: LinkState; why: string } {
    return this.session.consumer.state(this.#host.clock.now());
  }

  async #receiveAll(): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await this.#inbox.next();
        if (this.#ended !== undefined) return;
        if (done === true)
          throw new Refusal(ByeCode.GOING_AWAY, 'the peer ended the stream', undefined, true);
        checkEnvelope(value);
        const { content } = value;
        if (content.case !== 'frame') {
          if (content.case === 'refusal') throw farewell(content.value);
          throw new Refusal(ByeCode.PROTOCOL, `${content.case ?? 'nothing'} came where a frame was due`);
        }
        const { messages, record } = this.#reader.read(content.value);
        const said = content.value.messages.map((bytes, i) =>
          saidMessage(bytes, (messages[i] as Message).content),
        );
        this.#host.frame(this, 'in', record, said);
        for (const message of messages) {
          this.session.receive(message);
          if (this.#ended !== undefined) return;
        }
        if (messages.length >= MANY_MESSAGES) await this.#pause(messages.length / MESSAGES_A_MS);
        while (this.#inProgress.size >= MAX_IN_PROGRESS) await Promise.race(this.#inProgress);
      }
    } catch (error) {
      this.close(error instanceof Failure ? asRefusal(error) : lost(error));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#host.clock.after(ms, resolve));
  }

  async #takeLeave(refusal: Refusal): Promise<void> {
    if (refusal.fromPeer) {
      this.#wire.destroy();
      return;
    }
    const { bye, message } = refusal;
    const reason = plainReason(message);
    this.#queue.addLast({ case: 'bye', value: create(ByeSchema, { code: bye, reason }) });
    await Promise.race([
      // A broken stream has nobody to take leave of.
      this.#queue.flush().catch(() => {}),
      new Promise<void>((resolve) => void this.#host.clock.after(FAREWELL_MS, resolve)),
    ]);
    this.#wire.end();
    this.#host.clock.after(FAREWELL_MS, () => this.#wire.destroy());
  }

  #send(content: Content): void {
    if (this.#ended !== undefined) return;
    try {
      this.#queue.add(content);
    } catch (error) {
      this.close(asRefusal(error));
      return;
    }
    this.#queue.flush().catch((error: unknown) => {
      this.close(lost(error));
    });
  }

  /** Does work that a message asked for; an error of the peer's making ends the link. */
  #start(work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => this.close(asRefusal(error)));
    this.#inProgress.add(running);
    void running.finally(() => this.#inProgress.delete(running));
  }

  #works(): LogWork {
    const { logs } = this.#host;
    return createLogWork({
      logs,
      member: this.member,
      session: () => this.session,
      isOwn: (log) => this.#host.isOwn(log),
      recovering: () => this.#host.recovering(),
      headsHeard: () => this.#host.headsHeard(this),
      forked: (fault) => this.#host.forked(this, fault),
      ownLogDiffers: (log, what) => this.#host.ownLogDiffers(this, log, what),
      filled: (log, from, to) => this.#host.filled(log, from, to),
      taking: (log, segment) => this.#host.taking(log, segment),
      segment: (log, from, limit) => this.#host.segment(log, this.member, from, limit),
      places: (log, from, to) => this.#host.places(log, from, to),
      warn: (what) => this.#host.warn(this, what),
    });
  }

  #surroundings(): Parameters<typeof startSession>[0] {
    const { logs } = this.#host;
    const work = this.#work;
    return {
      offered: () => this.#host.exchanged(this.#host.me, this.member),
      obtainable: () => this.#host.exchanged(this.member, this.#host.me),
      head: (log) => localHead(logs, log),
      send: (content) => this.#send(content),
      mayTake: (log) => this.#host.mayTake(log),
      choose: (names) => this.#host.choose(this, names),
      read: (log, from) => this.#start(() => work.read(log, from)),
      readRange: (log, from, to) => this.#start(() => work.readRange(log, from, to)),
      compare: (log, size, root) => this.#start(() => work.compare(log, size, root)),
      extend: (log, segment) => this.#start(() => work.extend(log, segment)),
      consider: (log, note) => this.#start(() => work.consider(log, note)),
      proven: (log, note) => logs.get(log)?.provenBy(note),
      unproven: (log) => this.#host.unproven(this, log),
      fill: (log, segment) => this.#start(() => work.fill(log, segment)),
      receipt: (receipt) => this.#host.receipt(this, receipt),
      purgedUpTo: (purged) => this.#host.purgedUpTo(this, purged),
      fault: (fault) => this.#start(() => work.fault(fault)),
      diverged: (divergence) => this.#start(() => work.diverged(divergence)),
      headsHeard: () => this.#host.headsHeard(this),
      pong: (token) => this.#pongs.get(token)?.(),
    };
  }
}

function lost(cause: unknown): Refusal {
  return new Refusal(ByeCode.GOING_AWAY, 'the connection was lost', cause, true);
}
