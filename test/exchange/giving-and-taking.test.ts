import { hash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Content, type LocalHead, segmentWeight, WINDOW_BYTES } from '../../node/exchange/messages.js';
import { type Session, startSession } from '../../node/exchange/session.js';
import { type LogName, parseLogName } from '../../node/names.js';
import { MessageSchema, type Segment, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';

const nameOf = (owner: string) => `icse/${'ab'.repeat(32)}/${owner}` as LogName;

/** One node of the model: how far it has each log; what it does takes until `work` does it. */
class Side {
  readonly sizes = new Map<LogName, number>();
  readonly outbox: Content[] = [];
  readonly works: (() => void)[] = [];
  readonly sent = new Map<LogName, Set<number>>();
  /** Logs of which a read gives nothing, as of a log cut below its size. */
  readonly unreadable = new Set<LogName>();
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
    const names = (owners: readonly string[]) => owners.map(nameOf).sort();
    this.session = startSession(
      {
        offered: () => names(offered),
        obtainable: () => names(obtainable),
        head: (log) => this.head(log),
        send: (content) => this.send(content),
        choose: (logs) => logs,
        read: (log, from) => this.later(() => this.session.provider.segmentRead(log, this.read(log, from))),
        readRange: () => {},
        compare: (log) => this.later(() => this.session.provider.compared(log, true)),
        extend: (log, segment) => {
          this.session.provider.peerHas(log, Number(segment.from) + segment.entries.length);
          this.later(() => this.extend(log, segment));
        },
        consider: () => {},
        fill: () => {},
        receipt: () => {},
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
    const size = this.sizes.get(log) ?? 0;
    const root = hash('sha256', `${log} ${size}`, 'buffer');
    return { size, root, checkpoint: undefined, settled: size === 0 ? undefined : { size, root } };
  }

  later(work: () => void): void {
    this.works.push(work);
  }

  read(log: LogName, from: number): Segment | undefined {
    const size = this.sizes.get(log) ?? 0;
    if (this.unreadable.has(log) || from >= size) return undefined;
    const count = Math.min(size - from, Math.max(1, Math.floor((768 * 1024) / this.entryBytes)));
    const entries = Array.from({ length: count }, () => new Uint8Array(this.entryBytes - 4));
    return create(SegmentSchema, { log, from: BigInt(from), entries });
  }

  extend(log: LogName, segment: Segment): void {
    const size = this.sizes.get(log) ?? 0;
    expect(Number(segment.from)).toBeLessThanOrEqual(size);
    this.sizes.set(log, Math.max(size, Number(segment.from) + segment.entries.length));
    this.session.consumer.taken(log, this.sizes.get(log) as number, segmentWeight(segment));
    this.session.provider.grew(log);
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
function twoSides(nl: Record<string, number>, hub: Record<string, number>, entryBytes = 1000): [Side, Side] {
  const all = ['AU', 'BE', 'LYON', 'NL', 'US'];
  return [
    new Side('NL', 'LYON', nl, ['NL'], all, entryBytes),
    new Side('LYON', 'NL', hub, all, ['NL'], entryBytes),
  ];
}

function deliver(from: Side, to: Side): boolean {
  const content = from.outbox.shift();
  if (content === undefined) return false;
  to.session.receive(create(MessageSchema, { content }));
  return true;
}

function settle(...sides: [Side, Side]): void {
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

const sizes = fc.record({
  AU: fc.nat({ max: 9000 }),
  BE: fc.nat({ max: 300 }),
  LYON: fc.nat({ max: 3 }),
  US: fc.nat({ max: 2000 }),
});

describe('two sessions', () => {
  it('bring everything to both, within the window, nothing twice, and nothing back to its author', () => {
    fc.assert(
      fc.property(
        sizes,
        sizes,
        fc.nat({ max: 4000 }),
        fc.nat({ max: 4000 }),
        fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 400 })), { maxLength: 120 }),
        (ahead, behind, published, known, steps) => {
          const hubHas = { ...ahead, NL: Math.min(known, published) };
          const nlHas = Object.fromEntries(
            Object.entries(behind).map(([owner, size]) => [
              owner,
              Math.min(size, ahead[owner as keyof typeof ahead]),
            ]),
          );
          const [nl, hub] = twoSides({ ...nlHas, NL: published }, hubHas);
          for (const [step, amount] of steps) {
            if (step === 0) deliver(nl, hub);
            else if (step === 1) deliver(hub, nl);
            else if (step === 2) nl.works.shift()?.();
            else if (step === 3) hub.works.shift()?.();
            else if (step === 4) nl.grow(nameOf('NL'), amount);
            else hub.grow(nameOf(amount % 2 === 0 ? 'AU' : 'BE'), amount);
            nl.check();
            hub.check();
          }
          settle(nl, hub);
          for (const owner of ['AU', 'BE', 'LYON', 'NL', 'US']) {
            expect(nl.sizes.get(nameOf(owner)), owner).toBe(hub.sizes.get(nameOf(owner)));
          }
          expect([nl.twice, hub.twice]).toEqual([0, 0]);
          expect([nl.sentBack, hub.sentBack]).toEqual([0, 0]);
          expect(Math.max(nl.overrun, hub.overrun)).toBeLessThanOrEqual(WINDOW_BYTES);
          expect([nl.session.provider.unacknowledged(), hub.session.provider.unacknowledged()]).toEqual([
            0, 0,
          ]);
          expect(nl.session.consumer.behind()).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('send no more than the window while nothing is acknowledged', () => {
    const [nl, hub] = twoSides({ NL: 0 }, { AU: 90_000, NL: 0 });
    for (let i = 0; i < 10; i++) deliver(nl, hub) || deliver(hub, nl);
    while (hub.works.length > 0) hub.works.shift()?.();
    expect(hub.session.provider.unacknowledged()).toBeGreaterThan(WINDOW_BYTES / 2);
    expect(hub.session.provider.unacknowledged()).toBeLessThanOrEqual(WINDOW_BYTES);
  });

  it('go on with other logs when those before have nothing that may be sent', () => {
    const [nl, hub] = twoSides({ NL: 0 }, { AU: 10, BE: 10, LYON: 0, NL: 0, US: 5000 });
    hub.unreadable.add(nameOf('AU')).add(nameOf('BE'));
    settle(nl, hub);
    expect(nl.sizes.get(nameOf('US'))).toBe(5000);
    hub.unreadable.clear();
    hub.session.provider.grew();
    settle(nl, hub);
    expect(nl.sizes.get(nameOf('AU'))).toBe(10);
  });

  it('say a digest and a Follow when nothing is missing', () => {
    const [nl, hub] = twoSides({ AU: 5, NL: 7 }, { AU: 5, NL: 7 });
    const said: string[] = [];
    const count = (side: Side): void => {
      for (const content of side.outbox) said.push(`${side.member} ${content.case}`);
    };
    for (let i = 0; i < 3; i++) {
      count(nl);
      count(hub);
      const [up, down] = [nl.outbox.length, hub.outbox.length];
      for (let j = 0; j < up; j++) deliver(nl, hub);
      for (let j = 0; j < down; j++) deliver(hub, nl);
    }
    expect(said.filter((what) => what.endsWith('segment'))).toEqual([]);
    expect(said.length).toBeLessThanOrEqual(6);
  });

  it('end with the one that sends more than the window allows', () => {
    const [nl] = twoSides({ NL: 0 }, { AU: 1, NL: 0 });
    const segment = create(SegmentSchema, {
      log: nameOf('AU'),
      entries: Array.from({ length: 1000 }, () => new Uint8Array(1000)),
    });
    const flood = (): void => {
      for (let i = 0; i < 20; i++)
        nl.session.receive(create(MessageSchema, { content: { case: 'segment', value: segment } }));
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  it('name a log that waits for more than five seconds as stalled', () => {
    const [nl, hub] = twoSides({ NL: 0 }, { AU: 10, NL: 0 });
    hub.unreadable.add(nameOf('AU'));
    settle(nl, hub);
    expect(nl.session.consumer.state(1000).state).toBe('catching up');
    expect(nl.session.consumer.state(6000)).toEqual({
      state: 'stalled',
      why: `waiting for entries of ${nameOf('AU')} from 0 on`,
    });
    hub.unreadable.clear();
    hub.session.provider.grew();
    settle(nl, hub);
    expect(nl.session.consumer.state(7000)).toEqual({ state: 'live', why: '' });
  });
});
