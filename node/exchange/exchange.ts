// The exchange of one node: all its links, who supplies which log, the check of its own logs, receipts and
// proofs of forks. It knows nothing of what the entries say.

import { create } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Fault,
  HeadSchema,
  type PurgedUpTo,
  type Receipt,
  type Segment,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Clock, utcDay } from '../clock.js';
import { messageOf } from '../failure.js';
import type { KeyPair } from '../keys/ed25519.js';
import { settleClaims } from '../log/claimed-holes.js';
import type { LogItem } from '../log/item.js';
import type { Log } from '../log/log.js';
import type { Logs } from '../log/logs.js';
import { type SegmentReader, sharedSegments } from '../log/shared-segments.js';
import { type LogName, LYON, type MemberCode, parseLogName, shortLogName } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { type Admission, createAdmission } from './admission.js';
import { clocksAgree } from './clocks.js';
import { keepDialling } from './dialler.js';
import type { ExchangeEvent } from './exchange-event.js';
import type { FrameRecord, SaidMessage } from './frames.js';
import { createHearing, type Hearing, type SignedWord } from './hearing.js';
import { fillHoles, type HoleFiller } from './hole-filler.js';
import type { Link, LinkHost } from './link.js';
import { SEGMENT_BYTES } from './messages.js';
import { createOffers, type Offers } from './offers.js';
import type { OwnLogGuard } from './own-log.js';
import { type OwnLogWatch, watchOwnLogs } from './own-log-watch.js';
import type { PurgedBook } from './purged-book.js';
import { exchangePurged, type PurgedExchange } from './purged-exchange.js';
import { createQuotaPace, type QuotaPace, type Taking } from './quota-pace.js';
import type { ReceiptBook } from './receipt-book.js';
import { exchangeReceipts, type ReceiptExchange } from './receipt-exchange.js';
import { Refusal } from './refusal.js';
import { askAboutRegistry } from './shown-registry.js';
import { createSources, type Sources } from './sources.js';
import { createStreams, type Outcome, type Streams } from './streams.js';
import type { Wire } from './wire.js';

export type { ExchangeEvent } from './exchange-event.js';

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly sessionKey: KeyPair;
  readonly receiptKey: KeyPair;
  readonly book: ReceiptBook;
  readonly purgedBook: PurgedBook;
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
  /** The places of a log at [from, to) as peers may see them. */
  places(log: Log, from: number, to: number): Promise<readonly LogItem[]>;
  onFrame(link: Link, direction: 'in' | 'out', record: FrameRecord, messages: readonly SaidMessage[]): void;
}

export class Exchange implements LinkHost {
  readonly clock: Clock;
  readonly logs: Logs;
  readonly me: MemberCode;
  readonly sessionKey: Uint8Array;
  readonly guard: OwnLogGuard;
  readonly instance: Uint8Array;
  readonly segment: SegmentReader;
  readonly #options: ExchangeOptions;
  readonly #streams: Streams;
  readonly #running = new Set<Promise<unknown>>();
  readonly #admission: Admission;
  readonly #offers: Offers;
  readonly #own: OwnLogWatch;
  readonly #sources: Sources;
  readonly #pace: QuotaPace;
  readonly #receipts: ReceiptExchange;
  readonly #purged: PurgedExchange;
  readonly #hearing: Hearing;
  readonly #holes: HoleFiller;
  readonly #dialled = new Map<MemberCode, () => void>();
  readonly #closing = new AbortController();
  readonly #stops: (() => void)[] = [];
  readonly #known: Set<LogName>;
  /** Links whose peer has been sent the receipts that it missed. */
  readonly #greeted = new WeakSet<Link>();
  /** Forks that have been told of. */
  readonly #forks: Set<LogName>;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.logs = options.logs;
    this.me = options.me;
    this.sessionKey = options.sessionKey.secretKey;
    this.instance = options.random(16);
    this.segment = sharedSegments(SEGMENT_BYTES, (log) => (from, to) => options.places(log, from, to));
    const { registry } = options.logs;
    const all = options.logs.all();
    this.#known = new Set(all.map((log) => log.name));
    this.#forks = new Set(all.filter((log) => log.fault !== undefined).map((log) => log.name));
    this.#offers = createOffers(options.logs);
    this.#pace = createQuotaPace({
      clock: options.clock,
      quotaOf: (log) => {
        const { member } = parseLogName(log);
        return member === undefined || member === this.me
          ? undefined
          : registry.state.members.get(member)?.quota;
      },
    });
    this.#sources = createSources({
      rank: (link, log) => (this.authorOf(log) === link.member ? 2 : link.member === LYON ? 1 : 0),
      isOwn: (log) => this.isOwn(log),
      size: (log) => this.logs.get(log)?.size ?? 0,
      mayTake: (log) => this.#pace.mayTake(log),
      failed: (link, log) => this.warn(link, `it shows more of ${shortLogName(log)} than it delivers`),
    });
    this.#receipts = exchangeReceipts({
      clock: options.clock,
      logs: options.logs,
      me: options.me,
      receiptKey: options.receiptKey,
      book: options.book,
      chance: () => this.#chance(),
      isOwn: (log) => this.isOwn(log),
      authorOf: (log) => this.authorOf(log),
      linkTo: (member) => this.#streams.live.get(member),
      failed: (error) => this.#failed('no receipt', error),
    });
    this.#purged = exchangePurged({
      clock: options.clock,
      logs: options.logs,
      me: options.me,
      receiptKey: options.receiptKey,
      book: options.purgedBook,
      authorOf: (log) => this.authorOf(log),
      linkTo: (member) => this.#streams.live.get(member),
    });
    this.#hearing = createHearing(
      (link, word) => this.#hear(link, word),
      (link, what) => this.warn(link, what),
    );
    this.#holes = fillHoles(
      (link) => this.exchanged(link.member, this.me),
      (log) => settleClaims(this.logs, log, utcDay(this.clock.now())),
      (error) => this.#failed('holes', error),
    );
    this.#own = watchOwnLogs({
      logs: options.logs,
      me: options.me,
      now: () => this.clock.now(),
      dialled: () => this.#dialled.keys(),
      onEvent: (event) => options.onEvent(event),
    });
    this.guard = this.#own.guard;
    this.#admission = createAdmission({
      logs: options.logs,
      me: options.me,
      deny: options.deny,
      recovering: () => this.guard.recovering(),
    });
    this.#streams = createStreams({
      host: this,
      dial: (member) => options.dial(member),
      prepare: async (link) => {
        if (link.member === LYON && link.rootSigned.length > 0) registry.hubShows(link.rootSigned);
        await this.#adoptEpoch(link);
      },
      begun: (link) => {
        options.onSession(link);
        if (askAboutRegistry(link, registry)) this.warn(link, 'it has another registry than this node');
      },
      ended: (link) =>
        this.#sources.ended(link, this.#streams.live.values(), (other) =>
          this.exchanged(other.member, this.me),
        ),
      onEvent: (event) => options.onEvent(event),
    });
    this.#stops.push(
      this.logs.onChange((log) => this.#changed(log)),
      this.logs.onFailure((log, error) => this.#failed(`${log} does not open`, error)),
      this.logs.registry.onChange((_state, before) => this.#registryChanged(before)),
      this.clock.every(1000, () => this.#tick()),
    );
  }

  /** Live links, ascending by member. */
  links(): Link[] {
    return [...this.#streams.live.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  linkTo(member: MemberCode): Link | undefined {
    return this.#streams.live.get(member);
  }

  /** How the last attempt to talk with a member ended; undefined when none has. */
  lastOutcome(member: MemberCode): Outcome | undefined {
    return this.#streams.lastOutcome(member);
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
          chance: () => this.#chance(),
          wanted: () => !this.#streams.live.has(member),
          attempt: async () => (await this.#streams.startDial(member)).ended,
          failed: (error) => {
            this.guard.unreachable(member);
            if (error instanceof Refusal) return;
            const reason = messageOf(error);
            if (this.#streams.lastOutcome(member)?.reason !== reason)
              this.#options.onEvent({ kind: 'unreachable', member, reason });
            this.#streams.setOutcome(member, 'unreachable', reason);
          },
        },
        this.#closing.signal,
        (wake) => this.#dialled.set(member, wake),
      ),
    );
  }

  /** Dials the member again now, beside the stream that lives: after this node's certificate was renewed. */
  async renewLinks(): Promise<void> {
    await Promise.all(
      [...this.#dialled.keys()].map((member) => this.#streams.startDial(member).catch(() => {})),
    );
  }

  /** Takes a stream that somebody opened to us. */
  accept(wire: Wire): void {
    this.#streams.accept(wire);
  }

  /** Says Bye to all, and resolves when the last link is gone and nothing is being written. */
  async close(reason: string): Promise<void> {
    this.#closing.abort();
    for (const stop of this.#stops) stop();
    this.#streams.close(reason);
    await this.#streams.idle();
    await Promise.allSettled([...this.#running]);
    await this.#receipts.idle();
    await this.#options.purgedBook.written();
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
    this.#admission.admit(member);
  }

  /** A hub that fetches its registry back takes it from whoever it once gave a certificate. */
  knowsByCertificate(member: MemberCode): boolean {
    return this.#admission.knowsByCertificate(member);
  }

  exchanged(from: MemberCode, to: MemberCode): readonly LogName[] {
    return this.#offers.exchanged(from, to);
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

  mayTake(log: LogName): boolean {
    return this.#pace.mayTake(log);
  }

  taking(log: LogName, { from, entries }: Segment): Taking {
    return this.#pace.taking(log, Number(from), entries);
  }

  recovering(): boolean {
    return this.guard.recovering();
  }

  headsHeard(link: Link): void {
    const { consumer } = link.session;
    if (!consumer.compared()) return;
    this.#own.answered(link);
    if (this.#greeted.has(link)) return;
    this.#greeted.add(link);
    this.#receipts.linked(link);
    this.#purged.linked(link);
  }

  unproven(link: Link, log: LogName): void {
    if (this.isOwn(log)) this.#own.unproven(link, log);
  }

  receipt(link: Link, receipt: Receipt): void {
    this.#track(this.#hearing.heard(link, { case: 'receipt', value: receipt }));
  }

  purgedUpTo(link: Link, purged: PurgedUpTo): void {
    this.#track(this.#hearing.heard(link, { case: 'purgedUpTo', value: purged }));
  }

  places(log: Log, from: number, to: number): Promise<readonly LogItem[]> {
    return this.#options.places(log, from, to);
  }

  /** Nothing is left to purge here of the first `size` entries of the log: tells those whom it concerns. */
  tellPurged(log: LogName, size: number): void {
    this.#purged.purged(log, size);
  }

  /** True when this node's clock agrees with those of its peers. */
  clocksAgree(): boolean {
    return clocksAgree(this.links(), this.clock.now());
  }

  forked(link: Link, fault: Fault): void {
    const log = fault.log as LogName;
    if (this.#forks.has(log)) return;
    this.#forks.add(log);
    this.#options.onEvent({ kind: 'forked', log, toldBy: link.member, fault });
    // A log of ours that is closed since does not keep us from the one that came after it.
    if (this.logs.registry.state.members.get(this.me)?.log === log)
      this.ownLogDiffers(link, log, 'another log signed with our key exists');
    // Whoever showed one of the two notes may know no other: only together do they prove anything.
    for (const other of this.#streams.live.values()) other.session.say({ case: 'fault', value: fault });
  }

  ownLogDiffers(link: Link, log: LogName, what: string): void {
    this.#own.differs(link, log, what);
  }

  frame(link: Link, direction: 'in' | 'out', record: FrameRecord, messages: readonly SaidMessage[]): void {
    this.#options.onFrame(link, direction, record, messages);
  }

  filled(log: LogName, from: number, to: number): void {
    this.#options.onFilled(log, from, to);
  }

  warn(link: Link, what: string): void {
    this.#options.onEvent({ kind: 'warning', member: link.member, reason: what });
  }

  async #hear(link: Link, word: SignedWord): Promise<void> {
    if (word.case === 'purgedUpTo') return this.#purged.heard(link, word.value);
    await this.#receipts.heard(link, word.value);
    const fault = await this.logs.get(word.value.log as LogName)?.consider(word.value.note);
    if (fault !== undefined) this.forked(link, fault);
  }

  /** The hub's registry began anew by the root's word: this node follows. */
  async #adoptEpoch(link: Link): Promise<void> {
    const { registry } = this.logs;
    const shown = link.registry?.log ?? registry.log.name;
    if (link.member !== LYON || shown === registry.log.name) return;
    const { member, generation } = parseLogName(shown);
    if (member !== undefined || generation <= registry.state.generation) return;
    if (link.rootSigned.length === 0 || registry.newHubKeys(link.rootSigned) === undefined) {
      throw new Refusal(ByeCode.PROTOCOL, "the hub names a new registry without the root's word for it");
    }
    await registry.beginEpoch(generation);
    await this.logs.opened();
    this.#offers.changed();
  }

  #changed(log: Log): void {
    if (!this.#known.has(log.name)) this.#opened(log);
    for (const link of this.#streams.live.values()) link.session.provider.grew(log.name);
    this.#receipts.changed(log);
    if (this.isOwn(log.name)) this.guard.look();
  }

  #opened(log: Log): void {
    this.#known.add(log.name);
    this.#offers.changed();
    for (const link of this.#streams.live.values()) {
      link.session.consumer.offerChanged();
      link.opened(log.name);
      if (this.isOwn(log.name)) this.headsHeard(link);
    }
  }

  #registryChanged(before: RegistryState): void {
    this.#offers.changed();
    for (const link of this.#streams.live.values()) {
      const refusal = this.#admission.objectionTo(link, before);
      if (refusal !== undefined) {
        link.close(refusal);
        continue;
      }
      link.session.consumer.offerChanged();
      link.session.provider.grew();
    }
    for (const wake of this.#dialled.values()) wake();
    this.#track(this.#hearing.again());
    this.guard.look();
    this.#dismissStrangers();
  }

  /** Once the registry is back, it alone says who is a member. */
  #dismissStrangers(): void {
    for (const link of this.#streams.live.values()) {
      const refusal = this.#admission.objectionToStranger(link);
      if (refusal !== undefined) link.close(refusal);
    }
  }

  #tick(): void {
    this.#sources.tick(this.clock.now(), this.#streams.live.values());
    this.#receipts.tick();
    this.#holes.tick(this.clock.now(), this.logs.all(), this.links());
    this.guard.look();
    this.#dismissStrangers();
  }

  #chance(): number {
    return (this.#options.random(1)[0] as number) / 256;
  }

  /** Something of our own went wrong. */
  #failed(what: string, error: unknown): void {
    this.#options.onEvent({ kind: 'warning', member: this.me, reason: `${what}: ${messageOf(error)}` });
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.catch(() => {});
    this.#running.add(tracked);
    void tracked.finally(() => this.#running.delete(tracked));
  }
}
