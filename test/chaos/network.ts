// The network between simulated nodes: streams of serialised envelopes with a delay drawn for each, in order as
// TCP keeps it, and back-pressure. A path may be cut, which breaks its streams, or dark, which holds what is under
// way until it is open again or the ends give up. Nothing here knows what envelopes say.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Wire } from '../../node/exchange/wire.js';
import type { MemberCode } from '../../node/names.js';
import { type Envelope, EnvelopeSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Chance } from './chance.js';
import type { VirtualTime } from './virtual-time.js';

/** One start of a node, as the network sees it. */
export interface Host {
  readonly member: MemberCode;
  readonly certificate: Uint8Array;
  readonly notAfter: Date;
  /** Takes a stream; undefined while nobody listens. */
  accept: ((wire: Wire) => void) | undefined;
  /** A liar's hand on its own streams. */
  tamper?: ((wire: Wire, to: Host) => Wire) | undefined;
}

interface Letter {
  readonly bytes: Uint8Array;
  readonly due: number;
}

/** One direction of a stream. */
interface Lane {
  readonly from: Host;
  readonly to: Host;
  readonly underway: Letter[];
  readonly inbox: Uint8Array[];
  underwayBytes: number;
  lastDue: number;
  ended: boolean;
  closed: { error: Error | undefined } | undefined;
  wakeReader: () => void;
  readonly wakeSenders: (() => void)[];
}

interface Stream {
  readonly lanes: readonly [Lane, Lane];
  broken: boolean;
}

/** A dial into the dark is given up after so long, at the earliest and the latest. */
const DIAL_MS = [500, 10_000] as const;
/** Keep-alive finds a dead path after so long. */
const KEEPALIVE_MS = [3000, 20_000] as const;

export class Network {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #streams = new Set<Stream>();
  /** Hosts that are gone: what their leftovers still say or read is nobody's. */
  readonly #gone = new WeakSet<Host>();
  readonly #dark = new Set<string>();
  #slowMs = 0;
  readonly streamBytes: number;
  /** Of the longest envelope that was sent. */
  longest = 0;
  /** The most bytes that were ever under way in one direction. */
  mostUnderway = 0;
  /** Bytes of all envelopes that were sent. */
  bytesSent = 0;
  /** Told of each envelope that arrives, before its receiver reads it. */
  onDelivery: (envelope: Envelope, from: Host, to: Host) => void = () => {};

  /** `streamBytes` may be under way in one direction before a sender has to wait. */
  constructor(time: VirtualTime, chance: Chance, streamBytes: number) {
    this.streamBytes = streamBytes;
    this.#time = time;
    this.#chance = chance;
  }

  /** Envelopes take up to so much longer from now on. */
  slowDown(ms: number): void {
    this.#slowMs = ms;
  }

  isDark(a: MemberCode, b: MemberCode): boolean {
    return this.#dark.has(pathOf(a, b));
  }

  /** Lets nothing pass between the two; streams there are broken by keep-alive, unless it is lit before. */
  darken(a: MemberCode, b: MemberCode): void {
    if (this.isDark(a, b)) return;
    this.#dark.add(pathOf(a, b));
    for (const stream of this.#between(a, b)) {
      this.#time.after(this.#chance.int(...KEEPALIVE_MS), () => {
        if (this.isDark(a, b)) this.#break(stream, 'keep-alive had no answer');
      });
    }
  }

  light(a: MemberCode, b: MemberCode): void {
    if (!this.#dark.delete(pathOf(a, b))) return;
    for (const stream of this.#between(a, b))
      for (const lane of stream.lanes) this.#deliverLater(lane, stream);
  }

  lightAll(): void {
    for (const path of [...this.#dark]) {
      const [a, b] = path.split(' ') as [MemberCode, MemberCode];
      this.light(a, b);
    }
  }

  /** Breaks the streams between the two; what is under way is lost. */
  cut(a: MemberCode, b: MemberCode): number {
    const streams = this.#between(a, b);
    for (const stream of streams) this.#break(stream, 'the connection was reset');
    return streams.length;
  }

  /** The host is gone. Its peers learn it at once (a killed process) or by keep-alive (a power cut). */
  sever(host: Host, how: 'reset' | 'silence'): void {
    host.accept = undefined;
    this.#gone.add(host);
    for (const stream of [...this.#streams]) {
      if (!stream.lanes.some((lane) => lane.from === host)) continue;
      for (const lane of stream.lanes) {
        lane.underway.length = 0;
        lane.underwayBytes = 0;
      }
      if (how === 'reset') this.#break(stream, 'the connection was reset');
      else
        this.#time.after(this.#chance.int(...KEEPALIVE_MS), () =>
          this.#break(stream, 'keep-alive had no answer'),
        );
    }
  }

  streams(): number {
    return this.#streams.size;
  }

  /** Opens a stream to whoever listens for the member. */
  async dial(from: Host, target: () => Host | undefined, member: MemberCode): Promise<Wire> {
    if (this.isDark(from.member, member)) {
      await this.#time.pause(this.#chance.int(...DIAL_MS));
      throw new Error(`${member} does not answer`);
    }
    await this.#time.pause(this.#latency());
    const to = target();
    if (to?.accept === undefined || this.isDark(from.member, member))
      throw new Error(`${member} does not listen`);
    const [up, down] = [newLane(from, to), newLane(to, from)];
    const stream: Stream = { lanes: [up, down], broken: false };
    this.#streams.add(stream);
    const theirs = this.#end(stream, down, up);
    const ours = this.#end(stream, up, down);
    to.accept(to.tamper?.(theirs, from) ?? theirs);
    return from.tamper?.(ours, to) ?? ours;
  }

  #between(a: MemberCode, b: MemberCode): Stream[] {
    return [...this.#streams].filter(
      ({ lanes: [lane] }) => pathOf(lane.from.member, lane.to.member) === pathOf(a, b),
    );
  }

  #latency(): number {
    const base = this.#chance.int(1, 30);
    return base + (this.#slowMs > 0 ? this.#chance.int(0, this.#slowMs) : 0);
  }

  #end(stream: Stream, out: Lane, into: Lane): Wire {
    const { member, notAfter, certificate } = out.to;
    return {
      peer: { member, notAfter, certificate },
      ownCertificate: out.from.certificate,
      remote: `${member.toLowerCase()}.example:443`,
      send: async (envelope) => {
        if (this.#gone.has(out.from)) return new Promise<never>(() => {});
        if (stream.broken) throw new Error('the stream is broken');
        if (out.ended) throw new Error('the stream was ended');
        const bytes = toBinary(EnvelopeSchema, envelope);
        out.lastDue = Math.max(out.lastDue, this.#time.now() + this.#latency());
        out.underway.push({ bytes, due: out.lastDue });
        out.underwayBytes += bytes.length;
        this.bytesSent += bytes.length;
        this.longest = Math.max(this.longest, bytes.length);
        this.mostUnderway = Math.max(this.mostUnderway, out.underwayBytes);
        if (out.underway.length === 1) this.#deliverLater(out, stream);
        while (out.underwayBytes > this.streamBytes && !stream.broken) {
          await new Promise<void>((resolve) => {
            out.wakeSenders.push(resolve);
          });
        }
      },
      receive: () => read(into),
      end: () => {
        if (out.ended || this.#gone.has(out.from)) return;
        out.ended = true;
        if (out.underway.length === 0) this.#deliverLater(out, stream);
      },
      destroy: () => {
        if (this.#gone.has(out.from)) return;
        close(into, new Error('the stream was broken off here'));
        this.#time.after(this.#latency(), () => this.#break(stream, 'the peer broke the stream off'));
      },
    };
  }

  /** Delivers what is due, one envelope an event, while the path is open. */
  #deliverLater(lane: Lane, stream: Stream): void {
    const [first] = lane.underway;
    const waitMs = first === undefined ? this.#latency() : first.due - this.#time.now();
    this.#time.after(waitMs, () => {
      if (stream.broken || this.#gone.has(lane.to) || this.isDark(lane.from.member, lane.to.member)) return;
      const letter = lane.underway[0];
      if (letter !== undefined && letter !== first) return;
      if (letter === undefined) {
        if (lane.ended) this.#finish(lane, stream);
        return;
      }
      lane.underway.shift();
      lane.underwayBytes -= letter.bytes.length;
      for (const wake of lane.wakeSenders.splice(0)) wake();
      this.onDelivery(fromBinary(EnvelopeSchema, letter.bytes), lane.from, lane.to);
      lane.inbox.push(letter.bytes);
      lane.wakeReader();
      if (lane.underway.length > 0 || lane.ended) this.#deliverLater(lane, stream);
    });
  }

  #finish(lane: Lane, stream: Stream): void {
    close(lane, undefined);
    if (stream.lanes.every(({ closed }) => closed !== undefined)) this.#streams.delete(stream);
  }

  #break(stream: Stream, why: string): void {
    if (stream.broken) return;
    stream.broken = true;
    this.#streams.delete(stream);
    for (const lane of stream.lanes) {
      lane.underway.length = 0;
      lane.underwayBytes = 0;
      close(lane, new Error(why));
      for (const wake of lane.wakeSenders.splice(0)) wake();
    }
  }
}

function pathOf(a: MemberCode, b: MemberCode): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function newLane(from: Host, to: Host): Lane {
  return {
    from,
    to,
    underway: [],
    inbox: [],
    underwayBytes: 0,
    lastDue: 0,
    ended: false,
    closed: undefined,
    wakeReader: () => {},
    wakeSenders: [],
  };
}

function close(lane: Lane, error: Error | undefined): void {
  lane.closed ??= { error };
  lane.wakeReader();
}

async function* read(lane: Lane): AsyncIterable<Envelope> {
  for (;;) {
    const next = lane.inbox.shift();
    if (next !== undefined) yield fromBinary(EnvelopeSchema, next);
    else if (lane.closed?.error !== undefined) throw lane.closed.error;
    else if (lane.closed !== undefined) return;
    else
      await new Promise<void>((resolve) => {
        lane.wakeReader = resolve;
      });
  }
}
