// One live stream with a peer: handshake, frames, session, and the session's wishes carried out on the logs.
// A bad peer loses its link and nothing else; what its messages set in motion is awaited before the link ends.

import { create } from '@bufbuild/protobuf';
import {
  ByeCode,
  ByeSchema,
  type Divergence,
  DivergenceSchema,
  type Envelope,
  EnvelopeSchema,
  type Fault,
  FaultSchema,
  type Receipt,
  Role,
  type Segment,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import { Failure } from '../failure.js';
import { verifyFork } from '../log/fork.js';
import { safeSize } from '../log/item.js';
import { type Log, LogClosed, WriteAbandoned } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { readFill, readSegment } from '../log/read-segment.js';
import { SegmentRefused } from '../log/verify-segment.js';
import type { LogName, MemberCode } from '../names.js';
import { EMPTY_ROOT } from '../tlog/hash.js';
import type { LinkState } from './consumer.js';
import {
  createFrameReader,
  createFrameWriter,
  encodeMessage,
  type FrameReader,
  type FrameRecord,
  type FrameWriter,
} from './frames.js';
import type { SelfIntroduction } from './handshake.js';
import { answer, greet, type Handshake, type Transcript } from './handshake-wire.js';
import { type Content, type LocalHead, SEGMENT_BYTES, segmentWeight } from './messages.js';
import { asRefusal, plainReason, Refusal } from './refusal.js';
import { farewell, type Session, startSession } from './session.js';
import type { Wire } from './wire.js';

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
  /** Which of the logs this link is to supply. */
  choose(link: Link, logs: readonly LogName[]): readonly LogName[];
  /** True while our own log may still be extended from outside. */
  recovering(): boolean;
  /** The peer's heads have been heard, or heard anew. */
  headsHeard(link: Link): void;
  receipt(link: Link, receipt: Receipt): void;
  /** A proven fork, first seen on this link. */
  forked(link: Link, fault: Fault): void;
  /** Somebody shows another log of ours than we have. */
  ownLogDiffers(link: Link, log: LogName, what: string): void;
  /** Holes of the log at [from, to) were filled. */
  filled(log: LogName, from: number, to: number): void;
  /** For the record: every frame of a session, in both directions. */
  frame(link: Link, direction: 'in' | 'out', record: FrameRecord, messages: readonly Uint8Array[]): void;
  warn(link: Link, what: string): void;
}

/** A handshake that takes longer is given up. */
const HANDSHAKE_MS = 10_000;
/** Messages of one frame: a segment of full size and small ones beside it. */
const FRAME_BYTES = 1024 * 1024;
/** After Bye, the peer has so long to end the stream itself. */
const FAREWELL_MS = 1000;
/** Segments in a row that do not continue the log, from one peer, before it is sent away. */
const MAX_GAPS = 16;
/** Works that a peer's messages have set in motion: beyond these nothing more is read from it. */
const MAX_IN_PROGRESS = 1024;
/** What waits to go out: the window of segments, and more small messages than any honest peer lets wait. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
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
  readonly registryLog: string;
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
  readonly #writer: FrameWriter;
  readonly #urgent: Uint8Array[] = [];
  readonly #bulk: Uint8Array[] = [];
  readonly #pongs = new Map<bigint, () => void>();
  readonly #inProgress = new Set<Promise<void>>();
  #flushing: Promise<void> | undefined;
  #end: ((refusal: Refusal) => void) | undefined;
  #ended: Refusal | undefined;
  #gaps = 0;
  #queuedBytes = 0;

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
    this.registryLog = peer.body.registry?.log ?? '';
    this.rootSigned = peer.body.rootSigned;
    this.since = host.clock.now();
    this.skewMs = Number(peer.body.clockMs) - this.since;
    this.sessionId = sessionId;
    this.transcript = transcript;
    this.sessionKey = peer.sessionKey;
    this.#reader = createFrameReader(sessionId, peer.sessionKey);
    this.#writer = createFrameWriter(sessionId, host.sessionKey);
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
        const { content } = value;
        if (content.case !== 'frame') {
          if (content.case === 'refusal') throw farewell(content.value);
          throw new Refusal(ByeCode.PROTOCOL, `${content.case ?? 'nothing'} came where a frame was due`);
        }
        const { messages, record } = this.#reader.read(content.value);
        this.#host.frame(this, 'in', record, content.value.messages);
        for (const message of messages) {
          this.session.receive(message);
          if (this.#ended !== undefined) return;
        }
        while (this.#inProgress.size >= MAX_IN_PROGRESS) await Promise.race(this.#inProgress);
      }
    } catch (error) {
      this.close(error instanceof Failure ? asRefusal(error) : lost(error));
    }
  }

  async #takeLeave(refusal: Refusal): Promise<void> {
    if (refusal.fromPeer) {
      this.#wire.destroy();
      return;
    }
    const { bye, message } = refusal;
    const reason = plainReason(message);
    const last = encodeMessage({ case: 'bye', value: create(ByeSchema, { code: bye, reason }) });
    this.#queuedBytes += last.length;
    this.#urgent.push(last);
    await Promise.race([
      // A broken stream has nobody to take leave of.
      this.#flush().catch(() => {}),
      new Promise<void>((resolve) => void this.#host.clock.after(FAREWELL_MS, resolve)),
    ]);
    this.#wire.end();
    this.#host.clock.after(FAREWELL_MS, () => this.#wire.destroy());
  }

  #send(content: Content): void {
    if (this.#ended !== undefined) return;
    const message = encodeMessage(content);
    this.#queuedBytes += message.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) {
      this.close(new Refusal(ByeCode.TOO_LARGE, `${this.member} takes nothing of what it is told`));
      return;
    }
    (content.case === 'segment' ? this.#bulk : this.#urgent).push(message);
    this.#flush().catch((error: unknown) => {
      this.close(lost(error));
    });
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#flushQueues();
    return this.#flushing;
  }

  async #flushQueues(): Promise<void> {
    // In a microtask, so that what is said in one turn goes into one frame.
    await Promise.resolve();
    try {
      while (this.#urgent.length + this.#bulk.length > 0) {
        const messages = this.#nextFrame();
        const { frame, record } = this.#writer.write(messages);
        this.#host.frame(this, 'out', record, messages);
        await this.#wire.send(create(EnvelopeSchema, { content: { case: 'frame', value: frame } }));
      }
    } finally {
      // At once after the queues were found empty: what is said from here on starts the next flush.
      this.#flushing = undefined;
    }
  }

  /** What is ready, acknowledgements and other small messages before segments. */
  #nextFrame(): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let bytes = 0;
    for (const queue of [this.#urgent, this.#bulk]) {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        if (messages.length > 0 && (bytes + next.length > FRAME_BYTES || messages.length >= 1024))
          return messages;
        bytes += next.length;
        messages.push(next);
        queue.shift();
        this.#queuedBytes -= next.length;
      }
    }
    return messages;
  }

  /** Does work that a message asked for; an error of the peer's making ends the link. */
  #start(work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => this.close(asRefusal(error)));
    this.#inProgress.add(running);
    void running.finally(() => this.#inProgress.delete(running));
  }

  #surroundings(): Parameters<typeof startSession>[0] {
    const { logs } = this.#host;
    return {
      offered: () => this.#host.exchanged(this.#host.me, this.member),
      obtainable: () => this.#host.exchanged(this.member, this.#host.me),
      head: (log) => localHead(logs, log),
      send: (content) => this.#send(content),
      choose: (names) => this.#host.choose(this, names),
      read: (log, from) => this.#start(() => this.#read(log, from)),
      readRange: (log, from, to) => this.#start(() => this.#readRange(log, from, to)),
      compare: (log, size, root) => this.#start(() => this.#compare(log, size, root)),
      extend: (log, segment) => this.#start(() => this.#extend(log, segment)),
      consider: (log, note) => this.#start(() => this.#consider(log, note)),
      fill: (log, segment) => this.#start(() => this.#fill(log, segment)),
      receipt: (receipt) => this.#host.receipt(this, receipt),
      fault: (fault) => this.#start(() => this.#fault(fault)),
      diverged: (divergence) => this.#start(() => this.#diverged(divergence)),
      headsHeard: () => this.#host.headsHeard(this),
      pong: (token) => this.#pongs.get(token)?.(),
    };
  }

  async #read(name: LogName, from: number): Promise<void> {
    const { logs } = this.#host;
    const cut = logs.registry.state.logs.get(name)?.cut?.size;
    const log = logs.get(name);
    let segment: Segment | undefined;
    try {
      segment = log === undefined ? undefined : await readSegment(log, from, SEGMENT_BYTES, cut);
    } finally {
      this.session.provider.segmentRead(name, segment);
    }
  }

  async #readRange(name: LogName, from: number, to: number): Promise<void> {
    const log = this.#host.logs.get(name);
    let segment: Segment | undefined;
    try {
      segment = log === undefined ? undefined : await readFill(log, from, to, SEGMENT_BYTES);
    } finally {
      this.session.provider.rangeRead(segment);
    }
  }

  async #compare(name: LogName, size: number, root: Uint8Array): Promise<void> {
    const log = this.#host.logs.get(name);
    const ours = log === undefined || log.size < size ? root : await log.rootAt(size);
    const same = Buffer.compare(ours, root) === 0;
    if (!same && log !== undefined) {
      const proven = await log.proofFrom(size);
      if (proven !== undefined && proven.via === undefined) {
        const { checkpoint, proof } = proven;
        const value = create(DivergenceSchema, {
          log: name,
          size: BigInt(size),
          root: ours,
          checkpoint,
          proof,
        });
        this.#send({ case: 'divergence', value });
      }
    }
    this.session.provider.compared(name, same);
  }

  async #extend(name: LogName, segment: Segment): Promise<void> {
    const { provider, consumer } = this.session;
    const log = this.#host.logs.get(name);
    const weight = segmentWeight(segment);
    if (log === undefined) return consumer.taken(name, 0, weight);
    const end = safeSize(segment.from) + segment.entries.length;
    // Before the log grows by it: what a peer sends is never sent back to it.
    provider.peerHas(name, end);
    if (this.#host.isOwn(name) && !this.#host.recovering()) {
      if (end > log.size)
        this.#host.ownLogDiffers(
          this,
          name,
          `${this.member} has it up to ${end}, here it ends at ${log.size}`,
        );
      return consumer.taken(name, log.size, weight);
    }
    try {
      const size = await log.extend(segment);
      this.#gaps = 0;
      consumer.taken(name, size, weight);
      // A checkpoint that was seen before may turn out to be of another tree once we are there.
      if (log.fault !== undefined) this.#host.forked(this, log.fault);
      if (this.#host.isOwn(name)) this.#host.headsHeard(this);
    } catch (error) {
      if (this.#isTooEarly(log, error) && ++this.#gaps <= MAX_GAPS) {
        consumer.taken(name, log.size, weight);
        this.#askAgain(name);
        return;
      }
      if (error instanceof SegmentRefused) throw new Refusal(ByeCode.PROOF, error.message, error);
      if (!(error instanceof LogClosed)) throw error;
      this.#host.warn(this, error.message);
      consumer.taken(name, log.size, weight);
      consumer.leave(name);
    }
  }

  /** A run whose beginning is missing here, or one that goes on past a cut that we have not reached. */
  #isTooEarly(log: Log, error: unknown): boolean {
    if (error instanceof WriteAbandoned) return true;
    if (error instanceof SegmentRefused) return error.code === 'gap';
    const cut = this.#host.logs.registry.state.logs.get(log.name)?.cut;
    return error instanceof LogClosed && log.fault === undefined && cut !== undefined && log.size < cut.size;
  }

  /** Asks for the log from where it ends now. */
  #askAgain(name: LogName): void {
    const { consumer } = this.session;
    if (!consumer.takes(name)) return;
    consumer.leave(name);
    consumer.take(name);
  }

  async #fill(name: LogName, segment: Segment): Promise<void> {
    const log = this.#host.logs.get(name);
    try {
      const filled = (await log?.fill(segment)) ?? 0;
      const from = Number(segment.from);
      if (filled > 0) this.#host.filled(name, from, from + segment.entries.length);
    } catch (error) {
      if (error instanceof SegmentRefused) throw new Refusal(ByeCode.PROOF, error.message, error);
      if (!(error instanceof LogClosed || error instanceof WriteAbandoned)) throw error;
      this.#host.warn(this, error.message);
    }
    this.session.consumer.taken(name, log?.size ?? 0, segmentWeight(segment));
  }

  async #consider(name: LogName, note: Uint8Array): Promise<void> {
    const log = this.#host.logs.get(name);
    if (log === undefined) return;
    try {
      const fault = await log.consider(note);
      if (fault !== undefined) this.#host.forked(this, fault);
    } catch (error) {
      throw new Refusal(ByeCode.PROOF, `a head of ${name}: ${(error as Error).message}`, error);
    }
  }

  async #diverged(divergence: Divergence): Promise<void> {
    const name = divergence.log as LogName;
    const log = this.#host.logs.get(name);
    const settled = log?.settled;
    if (log === undefined || settled === undefined) return;
    // We have grown since we asked: asked again with the head that we have now.
    if (BigInt(settled.size) !== divergence.size) {
      if (++this.#gaps <= MAX_GAPS) this.#askAgain(name);
      return;
    }
    const fault = create(FaultSchema, {
      log: name,
      first: settled.note,
      second: divergence.checkpoint,
      firstRoot: divergence.root,
      proof: divergence.proof,
    });
    await this.#fault(fault);
  }

  async #fault(fault: Fault): Promise<void> {
    const name = fault.log as LogName;
    const log = this.#host.logs.get(name);
    const key = this.#host.logs.registry.state.logs.get(name)?.key ?? this.#host.logs.registry.hubKeys.log;
    if (log === undefined || log.fault !== undefined) return;
    try {
      verifyFork(name, key, fault);
    } catch (error) {
      throw new Refusal(
        ByeCode.PROOF,
        `the fault of ${name} proves nothing: ${(error as Error).message}`,
        error,
      );
    }
    await log.freeze(fault);
    this.#host.forked(this, fault);
  }
}

/**
 * The log as it is on disk, for heads and digests; a log that is not here is empty. What lies at or above a cut
 * is here for nobody: whoever has the same registry shows the same head.
 */
export function localHead(logs: Logs, name: LogName): LocalHead {
  const log = logs.get(name);
  if (log === undefined) return { size: 0, root: EMPTY_ROOT, checkpoint: undefined, settled: undefined };
  const { size, root, settled } = log;
  const checkpoint = log.checkpoint?.note;
  const cut = logs.registry.state.logs.get(name)?.cut;
  if (cut === undefined || size <= cut.size) return { size, root, checkpoint, settled };
  return {
    ...cut,
    checkpoint,
    settled: settled !== undefined && settled.size <= cut.size ? settled : undefined,
  };
}

function lost(cause: unknown): Refusal {
  return new Refusal(ByeCode.GOING_AWAY, 'the connection was lost', cause, true);
}
