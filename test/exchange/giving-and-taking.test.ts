import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../node/exchange/frames.js';
import { ACK_BYTES, type Content, WINDOW_BYTES } from '../../node/exchange/messages.js';
import { MessageSchema, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { atSecond, deliver, nameOf, Side, settle, twoSides } from './two-sides.js';

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
          atSecond(1, nl, hub);
          expect([nl.session.provider.unacknowledged(), hub.session.provider.unacknowledged()]).toEqual([
            0, 0,
          ]);
          expect(nl.session.consumer.behind()).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('compare a head that is asked about at once, also when there is nothing to send', () => {
    const [nl, hub] = twoSides({ AU: 5, NL: 7 }, { AU: 5, NL: 7 });
    settle(nl, hub);
    nl.session.consumer.ask(nameOf('AU'));
    settle(nl, hub);
    expect(hub.compared).toEqual([{ log: nameOf('AU'), size: 5 }]);
  });

  it('compare the settled head and the end of a log before anything of it is sent', () => {
    const [nl, hub] = twoSides({ AU: 5, NL: 7 }, { AU: 9, NL: 7 });
    nl.settledAt.set(nameOf('AU'), 3);
    settle(nl, hub);
    const sizes = hub.compared.filter(({ log }) => log === nameOf('AU')).map(({ size }) => size);
    expect(sizes).toEqual([3, 5]);
    expect(nl.sizes.get(nameOf('AU'))).toBe(9);
  });

  it('send no more than the window while nothing is acknowledged', () => {
    const [nl, hub] = twoSides({ NL: 0 }, { AU: 90_000, NL: 0 });
    for (let i = 0; i < 10; i++) deliver(nl, hub) || deliver(hub, nl);
    while (hub.works.length > 0) hub.works.shift()?.();
    expect(hub.session.provider.unacknowledged()).toBeGreaterThan(WINDOW_BYTES / 2);
    expect(hub.session.provider.unacknowledged()).toBeLessThanOrEqual(WINDOW_BYTES);
  });

  it('acknowledge live traffic once a second, and what uses up the window at once', () => {
    const [nl, hub] = twoSides({ NL: 0 }, { AU: 0, NL: 0 });
    const acks = (): number => hub.heard.filter((said) => said === 'ack').length;
    settle(nl, hub);
    for (let entry = 0; entry < 50; entry++) {
      hub.grow(nameOf('AU'), 1);
      settle(nl, hub);
    }
    expect(nl.sizes.get(nameOf('AU'))).toBe(50);
    expect(acks()).toBe(0);
    expect(hub.session.provider.unacknowledged()).toBeGreaterThan(0);
    atSecond(1, nl, hub);
    expect(acks()).toBe(1);
    expect(hub.session.provider.unacknowledged()).toBe(0);
    hub.grow(nameOf('AU'), 10_000);
    settle(nl, hub);
    expect(nl.sizes.get(nameOf('AU'))).toBe(10_050);
    expect(hub.session.provider.unacknowledged()).toBeLessThan(ACK_BYTES);
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

  it('look at the log that has grown and at no other', () => {
    const [nl, hub] = twoSides({ NL: 0 }, { AU: 5, BE: 5, LYON: 5, NL: 0, US: 5 });
    settle(nl, hub);
    hub.lookedAt.clear();
    hub.grow(nameOf('AU'), 1);
    while (hub.works.length > 0) hub.works.shift()?.();
    expect([...hub.lookedAt]).toEqual([nameOf('AU')]);
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

describe('a log that is cut below what the peer has shown', () => {
  const AU = nameOf('AU');
  const CUT = 12;
  const live = { state: 'live', why: '' };

  it('is not waited for, wherever the cut falls between what is said and what is sent', () => {
    // At the hub after so many steps, at NL after so many; NL holds some of the log already.
    fc.assert(
      fc.property(fc.nat({ max: 14 }), fc.nat({ max: 14 }), fc.nat({ max: 20 }), (there, here, held) => {
        const [nl, hub] = twoSides({ AU: held, NL: 0 }, { AU: 20, NL: 0 });
        for (let step = 0; step < 15; step++) {
          if (step === there) hub.cuts.set(AU, CUT);
          if (step === here) nl.cuts.set(AU, CUT);
          deliver(hub, nl);
          deliver(nl, hub);
          hub.works.shift()?.();
          nl.works.shift()?.();
        }
        hub.session.provider.grew();
        settle(nl, hub);
        nl.session.consumer.tick(1000);
        expect(nl.head(AU).size).toBe(CUT);
        expect(nl.session.consumer.behind()).toEqual([]);
        expect(nl.session.consumer.state(60_000)).toEqual(live);
        expect(nl.session.consumer.peerSize(AU)).toBe(CUT);
      }),
    );
  });

  it('is waited for again when the cut is lifted', () => {
    const [nl, hub] = twoSides({ AU: 0, NL: 0 }, { AU: 20, NL: 0 });
    for (const side of [nl, hub]) side.cuts.set(AU, CUT);
    settle(nl, hub);
    expect([nl.sizes.get(AU), nl.session.consumer.state(1000)]).toEqual([CUT, live]);
    for (const side of [nl, hub]) side.cuts.delete(AU);
    hub.session.provider.grew();
    settle(nl, hub);
    expect([nl.sizes.get(AU), nl.session.consumer.state(1000)]).toEqual([20, live]);
  });
});

describe('the heads of more logs than one message can name', () => {
  const MESSAGE_BYTES = 1024 * 1024;
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const owners = letters
    .flatMap((one) => letters.flatMap((two) => letters.slice(0, 8).map((three) => one + two + three)))
    .slice(0, 5000);

  function manyLogs(sizeHere: number): { nl: Side; hub: Side } {
    const all = ['LYON', 'NL', ...owners];
    const sizes = (size: number) => Object.fromEntries(owners.map((owner) => [owner, size]));
    const nl = new Side('NL', 'LYON', { ...sizes(sizeHere), NL: 1 }, ['NL'], all, 1000);
    const hub = new Side('LYON', 'NL', { ...sizes(3), NL: 1, LYON: 1 }, all, ['NL'], 1000);
    hub.checkpointBytes = 300;
    return { nl, hub };
  }

  /** Delivers what both say, without the reading that it leads to; resolves what was said. */
  function talk(nl: Side, hub: Side): Content[] {
    const said: Content[] = [];
    for (;;) {
      const [up, down] = [nl.outbox[0], hub.outbox[0]];
      if (up === undefined && down === undefined) return said;
      said.push(...[up, down].filter((content) => content !== undefined));
      deliver(nl, hub);
      deliver(hub, nl);
    }
  }

  const wants = (said: readonly Content[], scope: string) =>
    said.filter((content) => content.case === 'want' && content.value.scope.case === scope);

  it('are said in several, and only what differs is asked for by name', () => {
    const { nl, hub } = manyLogs(3);
    const said = talk(nl, hub);
    expect(said.filter((content) => content.case === 'heads').length).toBeGreaterThan(4);
    for (const content of said) expect(encodeMessage(content).length).toBeLessThan(MESSAGE_BYTES);
    expect([wants(said, 'follow').length, wants(said, 'onward').length]).toEqual([2, 1]);
    expect(nl.session.consumer.peerSize(nameOf(owners[4999] as string))).toBe(3);
  });

  it('are asked for by name when too many would have to be excepted', () => {
    const { nl, hub } = manyLogs(0);
    const said = talk(nl, hub);
    for (const content of said) expect(encodeMessage(content).length).toBeLessThan(MESSAGE_BYTES);
    expect([wants(said, 'follow').length, wants(said, 'onward').length]).toEqual([1, 5002]);
    expect(hub.session.provider.cursors().size).toBe(5002);
  });

  it('are announced in several as well', () => {
    const { hub } = manyLogs(3);
    for (const owner of owners) hub.grow(nameOf(owner), 1);
    hub.outbox.length = 0;
    hub.session.tick(10_000);
    expect(hub.outbox.length).toBeGreaterThan(1);
    for (const content of hub.outbox) expect(encodeMessage(content).length).toBeLessThan(MESSAGE_BYTES);
  });

  it('are announced after a clock that was an hour ahead is set right', () => {
    const { hub } = manyLogs(0);
    const name = nameOf(owners[0] as string);
    for (const now of [3_600_000, 10_000]) {
      hub.grow(name, 1);
      hub.outbox.length = 0;
      hub.session.tick(now);
      expect(hub.outbox.map((content) => content.case)).toEqual(['heads']);
    }
  });
});
