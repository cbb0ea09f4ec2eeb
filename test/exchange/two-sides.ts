// Two sessions against each other with logs that are but sizes: what is said and in which order, with no I/O.

import { hash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import { type Content, type LocalHead, segmentWeight } from '../../node/exchange/messages.js';
import { type Session, startSession } from '../../node/exchange/session.js';
import { type LogName, parseLogName } from '../../node/names.js';
import { MessageSchema, type Segment, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';

export const nameOf = (owner: string) => `icse/${'ab'.repeat(32)}/${owner}` as LogName;

/** One node of the model: how far it has each log; what it does takes until `work` does it. */
export class Side {
  readonly sizes = new Map<LogName, number>();
  readonly outbox: Content[] = [];
  /** What the other side has said, in order. */
  readonly heard: Content['case'][] = [];
  /** Heads of the peer that were compared. */
  readonly compared: { readonly log: LogName; readonly size: number }[] = [];
  /** Where a log is settled, when that is not at its end. */
  readonly settledAt = new Map<LogName, number>();
  readonly works: (() => void)[] = [];
  readonly sent = new Map<LogName, Set<number>>();
  /** Logs of which a read gives nothing, as of a log cut below its size. */
  readonly unreadable = new Set<LogName>();
  /** Logs whose heads were asked for. */
  readonly lookedAt = new Set<LogName>();
  /** Cuts that this side's registry names. */
  readonly cuts = new Map<LogName, number>();
  /** The size of each head's checkpoint. */
  checkpointBytes = 0;
  readonly session: Session;
  overrun = 0;
  twice = 0;
  sentBack = 0;

  constructor(
    readonly member: string,
    readonly peer: string,
    sizes: Record<string, number>,
    offered: readonly string[],
    obtainable: readonly string[],
    readonly entryBytes: number,
  ) {
    for (const [owner, size] of Object.entries(sizes)) this.sizes.set(nameOf(owner), size);
    const names = [offered, obtainable].map((owners) => owners.map(nameOf).sort());
    const [ofOurs, ofTheirs] = names as [LogName[], LogName[]];
    this.session = startSession(
      {
        offered: () => ofOurs,
        obtainable: () => ofTheirs,
        head: (log) => this.head(log),
        send: (content) => this.send(content),
        choose: (logs) => logs,
        mayTake: () => true,
        read: (log, from) => this.later(() => this.session.provider.segmentRead(log, this.read(log, from))),
        readRange: () => {},
        compare: (log, size) =>
          this.later(() => {
            this.compared.push({ log, size });
            this.session.provider.compared(log, true);
          }),
        extend: (log, segment) => {
          this.session.provider.peerHas(log, Number(segment.from) + segment.entries.length);
          this.later(() => this.extend(log, segment));
        },
        consider: () => {},
        proven: () => Number.MAX_SAFE_INTEGER,
        unproven: () => {},
        fill: () => {},
        receipt: () => {},
        purgedUpTo: () => {},
        fault: () => {},
        diverged: () => {},
        headsHeard: () => {},
        pong: () => {},
      },
      0,
    );
    this.session.begin();
  }

  head(log: LogName): LocalHead {
    this.lookedAt.add(log);
    const end = this.cuts.get(log);
    const size = Math.min(this.sizes.get(log) ?? 0, end ?? Number.MAX_SAFE_INTEGER);
    const root = hash('sha256', `${log} ${size}`, 'buffer');
    const checkpoint = this.checkpointBytes === 0 ? undefined : new Uint8Array(this.checkpointBytes);
    const settled = this.settledAt.get(log) ?? size;
    return { size, root, checkpoint, settled: settled === 0 ? undefined : { size: settled, root }, end };
  }

  later(work: () => void): void {
    this.works.push(work);
  }

  read(log: LogName, from: number): Segment | undefined {
    const { size } = this.head(log);
    if (this.unreadable.has(log) || from >= size) return undefined;
    const count = Math.min(size - from, Math.max(1, Math.floor((768 * 1024) / this.entryBytes)));
    const entries = Array.from({ length: count }, () => new Uint8Array(this.entryBytes - 4));
    return create(SegmentSchema, { log, from: BigInt(from), entries });
  }

  extend(log: LogName, segment: Segment): void {
    const size = this.sizes.get(log) ?? 0;
    const end = Number(segment.from) + segment.entries.length;
    expect(Number(segment.from)).toBeLessThanOrEqual(size);
    const { consumer, provider } = this.session;
    const cut = this.cuts.get(log) ?? end;
    if (end <= cut) this.sizes.set(log, Math.max(size, end));
    consumer.taken(log, this.sizes.get(log) as number, segmentWeight(segment));
    if (end > cut) {
      consumer.leave(log);
      if (size < cut) consumer.take(log);
    }
    provider.grew(log);
  }

  grow(log: LogName, by: number): void {
    this.sizes.set(log, (this.sizes.get(log) ?? 0) + by);
    this.session.provider.grew(log);
  }

  send(content: Content): void {
    this.outbox.push(content);
    if (content.case !== 'segment') return;
    const log = content.value.log as LogName;
    if (parseLogName(log).member === this.peer) this.sentBack++;
    const seen = this.sent.get(log) ?? new Set<number>();
    this.sent.set(log, seen);
    for (let i = 0; i < content.value.entries.length; i++) {
      const index = Number(content.value.from) + i;
      if (seen.has(index)) this.twice++;
      seen.add(index);
    }
  }

  check(): void {
    this.overrun = Math.max(this.overrun, this.session.provider.unacknowledged());
  }
}

/** NL and the hub: the hub has NL's log, its own, and those of others. */
export function twoSides(
  nl: Record<string, number>,
  hub: Record<string, number>,
  entryBytes = 1000,
): [Side, Side] {
  const all = ['AU', 'BE', 'LYON', 'NL', 'US'];
  return [
    new Side('NL', 'LYON', nl, ['NL'], all, entryBytes),
    new Side('LYON', 'NL', hub, all, ['NL'], entryBytes),
  ];
}

export function deliver(from: Side, to: Side): boolean {
  const content = from.outbox.shift();
  if (content === undefined) return false;
  to.heard.push(content.case);
  to.session.receive(create(MessageSchema, { content }));
  return true;
}

export function settle(...sides: [Side, Side]): void {
  const [one, other] = sides;
  for (let idle = false; !idle; ) {
    idle = true;
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      if (deliver(from, to)) idle = false;
      const work = from.works.shift();
      work?.();
      if (work !== undefined) idle = false;
      from.check();
    }
  }
}

/** The sides' clocks go on, and what then is said is dealt with. */
export function atSecond(second: number, ...sides: [Side, Side]): void {
  for (const { session } of sides) session.tick(second * 1000);
  settle(...sides);
}
