// The exchange of one node: all its links, who supplies which log, the check of its own logs, receipts and
// proofs of forks. It knows nothing of what the entries say.

import { create } from '@bufbuild/protobuf';
import { ByeCode, type Fault, HeadSchema, Role } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import type { KeyPair } from '../keys/ed25519.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode, parseLogName } from '../names.js';
import { type RegistryState, registryLog } from '../registry/state.js';
import { keepDialling } from './dialler.js';
import type { FrameRecord } from './frames.js';
import { fillHoles, type HoleFiller } from './hole-filler.js';
import { Link, type LinkHost } from './link.js';
import { guardOwnLogs, type OwnLogGuard } from './own-log.js';
import type { ReceiptBook } from './receipt-book.js';
import { exchangeReceipts, type ReceiptExchange } from './receipt-exchange.js';
import { asRefusal, byeName, Refusal } from './refusal.js';
import { createSources, type Sources } from './sources.js';
import type { Wire } from './wire.js';

/** What happens on the exchange, for the log of the node and its journal. */
export type ExchangeEvent =
  | {
      kind: 'linked';
      member: MemberCode;
      direction: 'in' | 'out';
      remote: string;
      software: string;
      session: string;
    }
  | {
      kind: 'unlinked';
      member: MemberCode;
      direction: 'in' | 'out';
      code: string;
      reason: string;
      byPeer: boolean;
    }
  | {
      kind: 'refused';
      member: MemberCode;
      direction: 'in' | 'out';
      remote: string;
      code: string;
      reason: string;
      byPeer: boolean;
    }
  | { kind: 'unreachable'; member: MemberCode; reason: string }
  | { kind: 'forked'; log: LogName; toldBy: MemberCode; fault: Fault }
  | { kind: 'own-log'; log: LogName; member: MemberCode; reason: string }
  | { kind: 'warning'; member: MemberCode; reason: string };

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly sessionKey: KeyPair;
  readonly receiptKey: KeyPair;
  readonly book: ReceiptBook;
  readonly software: string;
  readonly schema: number;
  /** Members that this node never talks to. */
  readonly deny: ReadonlySet<MemberCode>;
  random(sizeBytes: number): Uint8Array;
  /** Opens a stream to a member at the address that the registry has for it. */
  dial(member: MemberCode): Promise<Wire>;
  onEvent(event: ExchangeEvent): void;
  /** A session begins: for the record. */
  onSession(link: Link): void;
  /** Holes of the log at [from, to) were filled. */
  onFilled(log: LogName, from: number, to: number): void;
  onFrame(link: Link, direction: 'in' | 'out', record: FrameRecord, messages: readonly Uint8Array[]): void;
}

/** A first instance that is asked whether it lives has so long to answer. */
const ALIVE_MS = 5000;

export class Exchange implements LinkHost {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly sessionKey: Uint8Array;
  readonly guard: OwnLogGuard;
  readonly instance: Uint8Array;
  readonly #options: ExchangeOptions;
  readonly #links = new Map<MemberCode, Link>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #sources: Sources;
  readonly #receipts: ReceiptExchange;
  readonly #holes: HoleFiller;
  readonly #dialled = new Map<MemberCode, () => void>();
  readonly #outcomes = new Map<MemberCode, { code: string; reason: string; at: number }>();
  readonly #closing = new AbortController();
  readonly #stops: (() => void)[] = [];
  readonly #known: Set<LogName>;
  /** Links whose peer has been sent the receipts that it missed. */
  readonly #greeted = new WeakSet<Link>();
  /** Forks that have been told of. */
  readonly #forks: Set<LogName>;
  /** Lists of logs by pair of members, for the registry as it is now. */
  readonly #exchanged = new Map<string, readonly LogName[]>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.logs = options.logs;
    this.me = options.me;
    this.sessionKey = options.sessionKey.secretKey;
    this.instance = options.random(16);
    const all = options.logs.all();
    this.#known = new Set(all.map((log) => log.name));
    this.#forks = new Set(all.filter((log) => log.fault !== undefined).map((log) => log.name));
    this.#sources = createSources({
      rank: (link, log) => (this.authorOf(log) === link.member ? 2 : link.member === LYON ? 1 : 0),
      isOwn: (log) => this.isOwn(log),
      size: (log) => this.logs.get(log)?.size ?? 0,
    });
    this.#receipts = exchangeReceipts({
      clock: options.clock,
      logs: options.logs,
      me: options.me,
      receiptKey: options.receiptKey,
      book: options.book,
      isOwn: (log) => this.isOwn(log),
      authorOf: (log) => this.authorOf(log),
      linkTo: (member) => this.#links.get(member),
      failed: (error) =>
        options.onEvent({ kind: 'warning', member: options.me, reason: `no receipt: ${messageOf(error)}` }),
    });
    this.#holes = fillHoles(
      (link) => this.exchanged(link.member, this.me),
      (error) =>
        options.onEvent({ kind: 'warning', member: options.me, reason: `holes: ${messageOf(error)}` }),
    );
    this.guard = guardOwnLogs({
      now: () => this.clock.now(),
      sizes: () => {
        const open = this.#ownLogs().map((name) => this.logs.get(name));
        return new Map(open.includes(undefined) ? [] : (open as Log[]).map((log) => [log.name, log.size]));
      },
      others: () => this.#witnesses(),
    });
    this.#stops.push(
      this.logs.onChange((log) => this.#changed(log)),
      this.logs.registry.onChange((state, before) => this.#registryChanged(state, before)),
      this.clock.every(1000, () => this.#tick()),
    );
  }

  /** Live links, ascending by member. */
  links(): Link[] {
    return [...this.#links.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  linkTo(member: MemberCode): Link | undefined {
    return this.#links.get(member);
  }

  /** How the last attempt to talk with a member ended; undefined when none has. */
  lastOutcome(member: MemberCode): { code: string; reason: string; at: number } | undefined {
    return this.#outcomes.get(member);
  }

  /** The link that supplies the log. */
  sourceOf(log: LogName): Link | undefined {
    return this.#sources.of(log);
  }

  /** Keeps a stream to the member until the exchange closes. */
  keepLinkTo(member: MemberCode): void {
    if (this.#dialled.has(member) || member === this.me) return;
    this.#dialled.set(member, () => {});
    this.#track(
      keepDialling(
        {
          clock: this.clock,
          chance: () => (this.#options.random(1)[0] as number) / 256,
          wanted: () => !this.#links.has(member),
          attempt: () => this.#dialOnce(member),
          failed: (error) => {
            this.guard.unreachable(member);
            if (error instanceof Refusal) return;
            const reason = messageOf(error);
            if (this.#outcomes.get(member)?.reason !== reason)
              this.#options.onEvent({ kind: 'unreachable', member, reason });
            this.#outcome(member, 'unreachable', reason);
          },
        },
        this.#closing.signal,
        (wake) => this.#dialled.set(member, wake),
      ),
    );
  }

  /** Dials the member again now, beside the stream that lives: after this node's certificate was renewed. */
  async renewLinks(): Promise<void> {
    await Promise.all([...this.#dialled.keys()].map((member) => this.#startDial(member).catch(() => {})));
  }

  /** Takes a stream that somebody opened to us. */
  accept(wire: Wire): void {
    if (this.#closing.signal.aborted) wire.destroy();
    else this.#track(this.#serve(wire, Role.ACCEPTOR).catch(() => {}));
  }

  /** Says Bye to all, and resolves when the last link is gone and nothing is being written. */
  async close(reason: string): Promise<void> {
    this.#closing.abort();
    for (const stop of this.#stops) stop();
    for (const link of this.#links.values()) link.close(new Refusal(ByeCode.GOING_AWAY, reason));
    await Promise.allSettled([...this.#running]);
    await this.#receipts.idle();
    await this.#holes.idle();
    await this.logs.idle();
  }

  // What links ask of the node around them.

  random(sizeBytes: number): Uint8Array {
    return this.#options.random(sizeBytes);
  }

  introduction(): ReturnType<LinkHost['introduction']> {
    const { registry } = this.logs;
    const { log, state } = registry;
    return {
      federation: state.federation,
      member: this.me,
      instance: this.instance,
      software: this.#options.software,
      schema: this.#options.schema,
      clockMs: this.clock.now(),
      registry: create(HeadSchema, { log: log.name, size: BigInt(log.size), root: log.root }),
      rootSigned: this.me === LYON ? (registry.rootSigned ?? new Uint8Array(0)) : new Uint8Array(0),
      sessionKey: this.#options.sessionKey.publicKey,
    };
  }

  admit(member: MemberCode): void {
    if (member === this.me) throw new Refusal(ByeCode.IDENTITY, `${member} is this node itself`);
    if (this.#options.deny.has(member))
      throw new Refusal(ByeCode.DENIED, `${this.me} does not talk with ${member}`);
    const known = this.logs.registry.state.members.get(member);
    if (known?.suspended === true) throw new Refusal(ByeCode.SUSPENDED, `${member} is suspended by the hub`);
    if (known === undefined && member !== LYON && !this.knowsByCertificate(member)) {
      throw new Refusal(ByeCode.NOT_A_MEMBER, `${member} is not in the registry of ${this.me}`);
    }
  }

  /** A hub that fetches its registry back takes it from whoever it once gave a certificate. */
  knowsByCertificate(member: MemberCode): boolean {
    return this.me === LYON && this.guard.recovering() && !this.logs.registry.state.members.has(member);
  }

  exchanged(from: MemberCode, to: MemberCode): readonly LogName[] {
    const key = `${from}>${to}`;
    const known = this.#exchanged.get(key);
    if (known !== undefined) return known;
    const { state } = this.logs.registry;
    const names = [registryLog(state)];
    for (const { name, member } of state.logs.values()) {
      if (from === LYON || member === from || member === to) names.push(name);
    }
    const open = names.filter((name) => this.logs.get(name) !== undefined).sort();
    this.#exchanged.set(key, open);
    return open;
  }

  isOwn(log: LogName): boolean {
    return this.authorOf(log) === this.me;
  }

  authorOf(log: LogName): MemberCode {
    return parseLogName(log).member ?? LYON;
  }

  choose(link: Link, logs: readonly LogName[]): readonly LogName[] {
    return this.#sources.choose(link, logs);
  }

  recovering(): boolean {
    return this.guard.recovering();
  }

  headsHeard(link: Link): void {
    const { consumer } = link.session;
    if (!consumer.compared()) return;
    const wasReady = this.guard.ready();
    this.guard.answered(link.member, new Map(this.#ownLogs().map((log) => [log, consumer.peerSize(log)])));
    if (wasReady && !this.guard.ready()) {
      const log = this.#ownLogs().find((own) => consumer.peerSize(own) > (this.logs.get(own)?.size ?? 0));
      const reason = this.guard.why();
      if (log !== undefined) this.#options.onEvent({ kind: 'own-log', log, member: link.member, reason });
    }
    if (this.#greeted.has(link)) return;
    this.#greeted.add(link);
    this.#receipts.linked(link);
  }

  receipt(link: Link, receipt: Parameters<ReceiptExchange['heard']>[1]): void {
    this.#track(
      this.#receipts
        .heard(link, receipt)
        .then(() => this.logs.get(receipt.log as LogName)?.consider(receipt.note))
        .then((fault) => {
          if (fault !== undefined) this.forked(link, fault);
        })
        .catch((error: unknown) =>
          this.warn(link, `a receipt by ${link.member} was passed over: ${messageOf(error)}`),
        ),
    );
  }

  forked(link: Link, fault: Fault): void {
    const log = fault.log as LogName;
    if (this.#forks.has(log)) return;
    this.#forks.add(log);
    this.#options.onEvent({ kind: 'forked', log, toldBy: link.member, fault });
    if (this.isOwn(log)) this.ownLogDiffers(link, log, 'another log signed with our key exists');
    for (const other of this.#links.values()) {
      if (other !== link) other.session.say({ case: 'fault', value: fault });
    }
  }

  ownLogDiffers(link: Link, log: LogName, what: string): void {
    const isStopped = !this.guard.ready() && !this.guard.recovering();
    if (isStopped) return;
    const reason = `our own log is not as others have it (${what}): is there another node with our keys?`;
    this.#options.onEvent({ kind: 'own-log', log, member: link.member, reason });
    this.guard.stop(reason);
  }

  frame(link: Link, direction: 'in' | 'out', record: FrameRecord, messages: readonly Uint8Array[]): void {
    this.#options.onFrame(link, direction, record, messages);
  }

  filled(log: LogName, from: number, to: number): void {
    this.#options.onFilled(log, from, to);
  }

  warn(link: Link, what: string): void {
    this.#options.onEvent({ kind: 'warning', member: link.member, reason: what });
  }

  async #dialOnce(member: MemberCode): Promise<Refusal> {
    const { ended } = await this.#startDial(member);
    return ended;
  }

  /** Dials and shakes hands; the stream then runs on its own. */
  async #startDial(member: MemberCode): Promise<{ ended: Promise<Refusal> }> {
    const wire = await this.#options.dial(member);
    if (this.#closing.signal.aborted) {
      wire.destroy();
      throw new Refusal(ByeCode.GOING_AWAY, 'this node stops');
    }
    return new Promise((resolve, reject) => {
      const ended = this.#serve(wire, Role.DIALLER, () => resolve({ ended }));
      this.#track(ended);
      ended.catch(reject);
    });
  }

  /** Runs one stream from handshake to end. Rejects with the Refusal when no link came about. */
  async #serve(
    wire: Wire,
    role: Role.DIALLER | Role.ACCEPTOR,
    onLinked: () => void = () => {},
  ): Promise<Refusal> {
    const { member } = wire.peer;
    const direction = role === Role.DIALLER ? 'out' : 'in';
    let link: Link;
    try {
      link = await Link.open(this, wire, role);
    } catch (error) {
      this.#refused(wire, direction, error as Refusal);
      throw error;
    }
    const refusal = (await this.#prepared(link)) ?? this.#objection(link);
    if (refusal !== undefined) {
      // Of two streams one is enough: nothing to report.
      if (refusal.bye !== ByeCode.DUPLICATE) this.#refused(wire, direction, refusal);
      await link.dismiss(refusal);
      throw refusal;
    }
    const before = this.#links.get(member);
    this.#links.set(member, link);
    const running = link.run();
    onLinked();
    this.#options.onEvent({
      kind: 'linked',
      member,
      direction,
      remote: wire.remote,
      software: link.software,
      session: Buffer.from(link.sessionId).toString('hex').slice(0, 16),
    });
    this.#options.onSession(link);
    before?.close(new Refusal(ByeCode.REPLACED, 'a newer stream of the same two nodes takes over'));
    for (const log of this.logs.all())
      if (log.fault !== undefined) link.session.say({ case: 'fault', value: log.fault });
    const ended = await running;
    if (this.#links.get(member) === link) this.#links.delete(member);
    this.#sources.ended(link, this.#links.values(), (other) => this.exchanged(other.member, this.me));
    this.#outcome(member, ended.code, ended.message);
    // The peer is told no more than that; here somebody has to find the fault.
    if (ended.bye === ByeCode.INTERNAL && ended.cause instanceof Error)
      this.warn(link, `an internal error ended the stream: ${ended.cause.stack ?? ended.cause.message}`);
    this.#options.onEvent({
      kind: 'unlinked',
      member,
      direction,
      code: byeName(ended.bye),
      reason: ended.message,
      byPeer: ended.fromPeer,
    });
    return ended;
  }

  #refused(wire: Wire, direction: 'in' | 'out', { code, message, fromPeer }: Refusal): void {
    const { member } = wire.peer;
    this.#outcome(member, code, message);
    this.#options.onEvent({
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
  async #prepared(link: Link): Promise<Refusal | undefined> {
    try {
      await this.#adoptEpoch(link);
      await this.#outlive(link);
      return undefined;
    } catch (error) {
      return asRefusal(error);
    }
  }

  /** One instance a member: the first is asked whether it lives. Throws Refusal when it does. */
  async #outlive(link: Link): Promise<void> {
    for (;;) {
      const other = this.#links.get(link.member);
      if (other === undefined || other.ended || isSameInstance(other, link)) return;
      if (await other.isAlive(ALIVE_MS)) throw secondInstance(other);
      if (this.#links.get(link.member) === other) this.#links.delete(link.member);
      other.close(new Refusal(ByeCode.REPLACED, `another instance of ${link.member} takes over`));
    }
  }

  /** Why a new link must go, as things are now: nothing is waited for between this and its start. */
  #objection(link: Link): Refusal | undefined {
    if (this.#closing.signal.aborted) return new Refusal(ByeCode.GOING_AWAY, 'this node stops');
    try {
      // The registry may have changed during the handshake.
      this.admit(link.member);
    } catch (error) {
      return asRefusal(error);
    }
    const other = this.#links.get(link.member);
    if (other === undefined || other.ended) return undefined;
    if (!isSameInstance(other, link)) return secondInstance(other);
    if (other.direction === link.direction) return undefined;
    // Both dialled at once: both sides keep the stream that the lower code dialled.
    const keepsOut = this.me < link.member;
    const stays = (link.direction === 'out') === keepsOut;
    return stays ? undefined : new Refusal(ByeCode.DUPLICATE, 'another stream of the same two nodes stays');
  }

  /** The hub's registry began anew by the root's word: this node follows. */
  async #adoptEpoch(link: Link): Promise<void> {
    const { registry } = this.logs;
    if (link.member !== LYON || link.registryLog === registry.log.name) return;
    const { member, generation } = parseLogName(link.registryLog);
    if (member !== undefined || generation <= registry.state.generation) return;
    if (link.rootSigned.length === 0 || registry.newHubKeys(link.rootSigned) === undefined) {
      throw new Refusal(ByeCode.PROTOCOL, "the hub names a new registry without the root's word for it");
    }
    await registry.beginEpoch(generation);
    await this.logs.opened();
    this.#exchanged.clear();
  }

  #changed(log: Log): void {
    if (!this.#known.has(log.name)) this.#opened(log);
    for (const link of this.#links.values()) link.session.provider.grew(log.name);
    this.#receipts.changed(log);
    if (this.isOwn(log.name)) this.guard.look();
  }

  /** A log that the registry has come to name is open: it can be exchanged from now on. */
  #opened(log: Log): void {
    this.#known.add(log.name);
    this.#exchanged.clear();
    for (const link of this.#links.values()) {
      link.session.consumer.offerChanged();
      if (this.isOwn(log.name)) this.headsHeard(link);
    }
  }

  #registryChanged(state: RegistryState, before: RegistryState): void {
    this.#exchanged.clear();
    for (const link of this.#links.values()) {
      const now = state.members.get(link.member);
      const then = before.members.get(link.member);
      if (now?.suspended === true) {
        link.close(new Refusal(ByeCode.SUSPENDED, `${link.member} is suspended by the hub`));
      } else if (
        now !== undefined &&
        (then === undefined || Buffer.compare(now.keys.session, then.keys.session) !== 0) &&
        Buffer.compare(now.keys.session, link.sessionKey) !== 0
      ) {
        link.close(new Refusal(ByeCode.REPLACED, `${link.member} has new keys`));
      } else {
        link.session.consumer.offerChanged();
        link.session.provider.grew();
      }
    }
    for (const wake of this.#dialled.values()) wake();
    this.guard.look();
    this.#dismissStrangers();
  }

  /** Once the registry is back, it alone says who is a member. */
  #dismissStrangers(): void {
    if (this.me !== LYON || this.guard.recovering()) return;
    for (const link of this.#links.values()) {
      if (this.logs.registry.state.members.has(link.member)) continue;
      link.close(new Refusal(ByeCode.NOT_A_MEMBER, `${link.member} is not in the registry of ${this.me}`));
    }
  }

  #tick(): void {
    this.#sources.tick(this.clock.now(), this.#links.values());
    this.#receipts.tick();
    this.#holes.tick(this.clock.now(), this.logs.all(), this.links());
    this.guard.look();
    this.#dismissStrangers();
  }

  /** Our own logs by the registry, also those that are not open yet; none before there is a registry. */
  #ownLogs(): LogName[] {
    const { state } = this.logs.registry;
    if (state.size === 0) return [];
    const names = [...state.logs.values()].filter(({ member }) => member === this.me).map(({ name }) => name);
    return this.me === LYON ? [registryLog(state), ...names] : names;
  }

  /** Members that could tell how long our own logs are. */
  #witnesses(): MemberCode[] | undefined {
    const { members, size } = this.logs.registry.state;
    // A hub's registry has an entry from its first day on: an empty one was lost, and with it who could tell.
    if (this.me === LYON && size === 0) return undefined;
    const admitted = [...members.values()].filter((member) => !member.suspended && member.code !== this.me);
    if (this.me === LYON) return admitted.map((member) => member.code);
    return [...new Set([LYON, ...this.#dialled.keys()])];
  }

  #outcome(member: MemberCode, code: string, reason: string): void {
    this.#outcomes.set(member, { code, reason, at: this.clock.now() });
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.catch(() => {});
    this.#running.add(tracked);
    void tracked.finally(() => this.#running.delete(tracked));
  }
}

function isSameInstance(a: Link, b: Link): boolean {
  return Buffer.compare(a.instance, b.instance) === 0;
}

function secondInstance(first: Link): Refusal {
  return new Refusal(
    ByeCode.SECOND_INSTANCE,
    `another node with the keys of ${first.member} is connected from ${first.remote}`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
