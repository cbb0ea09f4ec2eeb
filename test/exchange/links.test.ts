import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { Exchange } from '../../node/exchange/exchange.js';
import { Link } from '../../node/exchange/link.js';
import { SEGMENT_BYTES } from '../../node/exchange/messages.js';
import { Refusal } from '../../node/exchange/refusal.js';
import { verifyFork } from '../../node/log/fork.js';
import { type LogName, LYON, logName, parseMemberCode } from '../../node/names.js';
import { buildEntry } from '../../node/statements/build.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import {
  AllHeadsSchema,
  ByeCode,
  type Envelope,
  EnvelopeSchema,
  type Fault,
  FaultSchema,
  FrameSchema,
  HeadSchema,
  MessageSchema,
  PingSchema,
  Role,
  WantSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { AmendSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { type HastyClock, hastyClock } from './hasty-clock.js';
import { memoryWires, type WireEnd, type WirePair } from './memory-wire.js';
import { copiedStore, type Parties, type PartiesOptions, type Party, theParties, until } from './parties.js';
import { random } from './random.js';
import { someRecords } from './records.js';

let parties: Parties;
let clock: HastyClock;
afterEach(() => parties.close());

/** Parties in memory that all have a stream to Lyon and the whole registry. */
async function theyAreLinked(codes: string[], options: PartiesOptions = {}): Promise<Party[]> {
  clock = hastyClock();
  parties = await theParties(codes, { over: 'memory', clock, ...options });
  const all = codes.map((code) => parties.party(code));
  for (const party of all) party.exchange.keepLinkTo(LYON);
  await Promise.all(
    all.map((party) => until(party, () => hasRegistry(party) && isLinked(party, parties.lyon))),
  );
  return all;
}

const hasRegistry = (party: Party): boolean =>
  party.registry.state.size === parties.lyon.registry.state.size && party.log !== undefined;

const linkOf = (one: Party, other: Party) => one.exchange.linkTo(other.member);
const isLinked = (one: Party, other: Party): boolean =>
  linkOf(one, other)?.session.consumer.compared() === true && linkOf(other, one) !== undefined;
const has = (party: Party, author: Party, size: number) =>
  until(party, () => party.copyOf(author)?.size === size);
const event = (party: Party, kind: string) => party.events.find((one) => one.kind === kind);
const outcome = (party: Party, other: Party) => party.exchange.lastOutcome(other.member)?.code;

/** Lets time pass until the condition holds: for what waits on timers. */
async function inTime(party: Party, holds: () => boolean, stepMs = 500): Promise<void> {
  let done = false;
  const met = until(party, holds).then(() => {
    done = true;
  });
  while (!done) {
    clock.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.race([met, new Promise((resolve) => setTimeout(resolve, 2))]);
  }
}

describe('catching up', () => {
  it('with nothing missing costs two round trips and less than 4 kB each way, with 51 members', async () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const absent = ['A', 'B'].flatMap((first) => letters.map((second) => first + second)).slice(0, 49);
    const [nl] = (await theyAreLinked(['NL'], { absent })) as [Party];
    expect(parties.lyon.registry.state.members.size).toBe(51);
    await nl.publish(someRecords(3));
    await has(parties.lyon, nl, 3);
    await until(nl, () => nl.book.get(nl.log.name, LYON)?.size === 3);
    await until(
      parties.lyon,
      () => parties.lyon.book.get(parties.lyon.registry.log.name, nl.member)?.size === 51,
    );
    await nl.exchange.linkTo(LYON)?.isAlive(5000);
    const again = await parties.restart('NL');
    const before = parties.wires.length;
    again.exchange.keepLinkTo(LYON);
    await until(again, () => isLinked(again, parties.lyon) && again.exchange.guard.ready());
    await linkOf(again, parties.lyon)?.isAlive(5000);
    await linkOf(parties.lyon, again)?.isAlive(5000);
    const wire = parties.wires[before];
    expect(wire?.toAcceptor.sentBytes).toBeLessThan(4000);
    expect(wire?.toDialler.sentBytes).toBeLessThan(4000);
    // Open and hello, the digest, the Follow, and what the two pings are.
    expect(wire?.toAcceptor.sent.length).toBeLessThanOrEqual(7);
    await again.publish(someRecords(2));
    await has(parties.lyon, again, 5);
  });
});

describe('suspension', () => {
  it('ends the streams of a member at once, by name', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    nl.exchange.keepLinkTo(be.member);
    await until(nl, () => isLinked(nl, be));
    await parties.suspend('NL');
    await until(nl, () => nl.exchange.links().length === 0);
    expect(outcome(nl, parties.lyon)).toBe('suspended');
    expect(nl.events.filter((one) => one.kind === 'unlinked').map((one) => one.code)).toEqual([
      'suspended',
      'suspended',
    ]);
    await inTime(nl, () =>
      nl.events.some((one) => one.kind === 'refused' && one.code === 'suspended' && one.byPeer),
    );
    expect(parties.lyon.exchange.linkTo(nl.member)).toBeUndefined();
  });

  it('lets nobody take entries at or above the cut, and those below reach who comes late', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE', 'FR'])) as [Party, Party];
    await nl.publish(someRecords(20));
    await has(be, nl, 20);
    const late = parties.party('FR');
    await late.close();
    await parties.suspend('NL', 12);
    await until(be, () => be.registry.state.members.get(nl.member)?.suspended === true);
    expect(be.copyOf(nl)?.size).toBe(20);
    const fresh = await parties.restart('FR', { store: createMemoryStore() });
    fresh.exchange.keepLinkTo(LYON);
    await has(fresh, nl, 12);
    await until(fresh, () => fresh.exchange.linkTo(LYON)?.session.consumer.compared() === true);
    expect(fresh.exchange.linkTo(LYON)?.session.consumer.behind()).toEqual([]);
    clock.advance(20_000);
    expect(fresh.exchange.linkTo(LYON)?.state().state).toBe('live');
    await be.publish(someRecords(4));
    await has(fresh, be, 4);
    expect(fresh.copyOf(nl)?.size).toBe(12);
  });

  it('is over when the member is reinstated: its log goes on', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(6));
    await has(be, nl, 6);
    await parties.suspend('NL');
    await until(nl, () => nl.exchange.links().length === 0);
    await parties.reinstate('NL');
    await inTime(nl, () => isLinked(nl, parties.lyon));
    await nl.publish(someRecords(5));
    await has(be, nl, 11);
  });

  it('may end with the next log: what was above the cut stays out for good', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(6));
    await has(be, nl, 6);
    await parties.suspend('NL', 4);
    await until(nl, () => nl.exchange.links().length === 0);
    await parties.reinstate('NL', 'next log');
    await inTime(nl, () => isLinked(nl, parties.lyon) && hasRegistry(nl));
    await nl.publish(someRecords(3));
    await until(be, () => be.logs.get(nl.log.name)?.size === 3);
    const first = logName(parties.federation, nl.member);
    expect(be.registry.state.logs.get(first)?.cut?.size).toBe(4);
  });

  it('in the middle of a handshake leaves no stream behind', async () => {
    const held: Envelope[] = [];
    let wire: WirePair | undefined;
    let isHolding = false;
    const [nl] = (await theyAreLinked(['NL'], {
      onWire: (pair) => {
        wire = pair;
        pair.toAcceptor.alter = (envelope) => {
          if (!isHolding || envelope.content.case === 'open') return envelope;
          held.push(envelope);
          return undefined;
        };
      },
    })) as [Party];
    const { lyon } = parties;
    isHolding = true;
    const again = await parties.restart('NL');
    again.exchange.keepLinkTo(LYON);
    await until(lyon, () => held.length > 0 && lyon.exchange.linkTo(nl.member) === undefined);
    await parties.suspend('NL');
    isHolding = false;
    for (const envelope of held) wire?.toAcceptor.put(envelope);
    await until(again, () => outcome(again, lyon) === 'suspended');
    await until(lyon, () => lyon.exchange.links().length === 0);
  });
});

describe("a node's own log", () => {
  it('comes back to a node that lost its disk, before it may publish', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(900));
    await has(be, nl, 900);
    const { root } = nl.log;
    const again = await parties.restart('NL', { store: createMemoryStore() });
    expect(again.exchange.guard.ready()).toBe(false);
    again.exchange.keepLinkTo(LYON);
    await again.publish(someRecords(1));
    expect(await again.log.rootAt(900)).toEqual(root);
    await has(be, again, 901);
    expect(be.copyOf(again)?.fault).toBeUndefined();
  });

  it('comes back to a hub that lost its disk, with the registry, before it admits or suspends anybody', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(300));
    await parties.lyon.publish(someRecords(7));
    await has(be, nl, 300);
    await has(be, parties.lyon, 7);
    const before = parties.lyon.registry.log;
    const again = await parties.restart('LYON', { store: createMemoryStore() });
    expect(again.registry.state.size).toBe(0);
    expect(again.exchange.guard.ready()).toBe(false);
    await until(again, () => again.exchange.guard.ready());
    expect(again.registry.log.root).toEqual(before.root);
    expect(again.log.size).toBe(7);
    await until(again, () => again.exchange.links().length === 2);
    await again.publish(someRecords(1));
    await has(be, again, 8);
    await nl.publish(someRecords(1));
    await has(again, nl, 301);
  });

  it('is not appended to by a node that nobody answers, unless the operator says so', async () => {
    clock = hastyClock();
    parties = await theParties(['NL'], { over: 'memory', clock });
    const nl = parties.party('NL');
    nl.exchange.keepLinkTo(LYON);
    await until(nl, () => hasRegistry(nl));
    await parties.lyon.close();
    const again = await parties.restart('NL');
    again.exchange.keepLinkTo(LYON);
    const refused = expect(again.publish(someRecords(1))).rejects.toMatchObject({
      code: 'alone',
      message: expect.stringContaining('--append-alone'),
    });
    clock.advance(10_001);
    await refused;
    expect(again.log.size).toBe(0);
    again.exchange.guard.appendAlone();
    await again.publish(someRecords(1));
    expect(again.log.size).toBe(1);
  });

  it('is not appended to on the word of the operator while somebody shows more of it', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    const early = await copiedStore(nl.store);
    await nl.publish(someRecords(5));
    await has(parties.lyon, nl, 5);
    const again = await parties.restart('NL', { store: early });
    again.exchange.guard.appendAlone();
    again.exchange.keepLinkTo(LYON);
    await until(again, () => again.log.size === 5 || again.exchange.guard.why() !== '');
    await again.publish(someRecords(1)).catch(() => {});
    await until(again, () => isLinked(again, parties.lyon));
    await until(parties.lyon, () => (parties.lyon.copyOf(nl)?.size ?? 0) >= 5);
    expect(parties.lyon.copyOf(nl)?.fault).toBeUndefined();
  });

  it('is published whatever a hub says of it that bears no signature of ours', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    await nl.publish(someRecords(3));
    await has(parties.lyon, nl, 3);
    await nl.close();
    Object.defineProperty(parties.lyon.copyOf(nl), 'size', { get: () => 500 });
    const again = await parties.restart('NL');
    again.exchange.keepLinkTo(LYON);
    await again.publish(someRecords(2));
    expect(again.log.size).toBe(5);
    expect(event(again, 'warning')).toMatchObject({ member: LYON, reason: expect.stringContaining('NL') });
    await inTime(again, () => again.events.some((one) => one.kind === 'unlinked' && one.code === 'proof'));
    expect(again.exchange.guard.ready()).toBe(true);
  });

  it('stops being published when somebody shows more of it than is here', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    const copy = await copiedStore(nl.store);
    await nl.publish(someRecords(2));
    await has(be, nl, 2);
    const { lyon } = parties;
    await lyon.close();
    const second = await parties.secondNode('NL', copy);
    second.exchange.guard.appendAlone();
    await until(second, () => second.exchange.guard.ready());
    second.exchange.keepLinkTo(be.member);
    await until(second, () => !second.exchange.guard.ready());
    await expect(second.publish(someRecords(1))).rejects.toMatchObject({ code: 'own-log' });
    expect(event(second, 'own-log')).toMatchObject({ member: be.member });
  });
});

describe('a home that was copied', () => {
  it('is refused by name while the first node lives, and costs that one nothing', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(3));
    await has(be, nl, 3);
    const second = await parties.secondNode('NL', await copiedStore(nl.store));
    second.exchange.keepLinkTo(LYON);
    await until(second, () => second.events.some((one) => 'code' in one && one.code === 'second-instance'));
    expect(outcome(second, parties.lyon)).toBe('second-instance');
    expect(second.exchange.guard.ready()).toBe(false);
    expect(event(parties.lyon, 'refused')).toMatchObject({
      member: nl.member,
      code: 'second-instance',
      byPeer: false,
    });
    await nl.publish(someRecords(4));
    await has(be, nl, 7);
  });

  it('takes the place of a first node that does not answer', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(3));
    await has(be, nl, 3);
    // The first node's machine is gone without a word: nothing passes any more.
    const wire = parties.wires.find((pair) => pair.acceptor.peer.member === nl.member);
    if (wire !== undefined) {
      wire.toAcceptor.alter = () => undefined;
      wire.toDialler.alter = () => undefined;
    }
    const second = await parties.secondNode('NL', await copiedStore(nl.store));
    second.exchange.keepLinkTo(LYON);
    const { lyon } = parties;
    await inTime(second, () => linkOf(lyon, second)?.instance.join() === second.exchange.instance.join());
    await second.publish(someRecords(2));
    await has(be, second, 5);
  });

  it('that published as well is proven to all, freezes the log everywhere and stops the author', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE', 'FR'])) as [Party, Party];
    const fr = parties.party('FR');
    await nl.publish(someRecords(3));
    await Promise.all([has(be, nl, 3), has(fr, nl, 3)]);
    const second = await parties.secondNode('NL', await copiedStore(nl.store));
    second.exchange.guard.appendAlone();
    await second.publish(someRecords(4));
    await nl.publish(someRecords(2));
    await has(be, nl, 5);
    second.exchange.keepLinkTo(be.member);
    for (const party of [be, fr, parties.lyon, nl]) {
      await until(party, () => party.copyOf(nl)?.fault !== undefined);
      const fault = party.copyOf(nl)?.fault as Fault;
      expect(verifyFork(nl.log.name, () => [nl.secrets.log.publicKey], fault).first).toBeGreaterThan(3);
      await until(party, () => party.events.some((one) => one.kind === 'forked'));
      expect(party.events.filter((one) => one.kind === 'forked')).toHaveLength(1);
    }
    await expect(nl.publish(someRecords(1))).rejects.toMatchObject({ code: 'own-log' });
    expect(be.copyOf(nl)?.size).toBe(5);
  });

  it('is proven also to the peer whose note gave it away', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(3));
    const second = await parties.secondNode('NL', await copiedStore(nl.store));
    second.exchange.guard.appendAlone();
    await second.publish(someRecords(2));
    await nl.publish(someRecords(2));
    await has(be, nl, 5);
    const notes = [second, nl].map((node) => node.copyOf(nl)?.settled?.note);
    const [first = new Uint8Array(), other = new Uint8Array()] = notes;
    const { lyon } = parties;
    be.exchange.forked(
      linkOf(be, lyon) as Link,
      create(FaultSchema, { log: nl.log.name, first, second: other }),
    );
    await until(lyon, () => lyon.copyOf(nl)?.fault !== undefined);
  });
});

describe('streams', () => {
  it.each(['open', 'hello', 'frame'] as const)('end at a field beside those of an %s', async (kind) => {
    clock = hastyClock();
    const unknown = { no: 99, wireType: 2, data: new Uint8Array([4, ...Buffer.from('text')]) };
    parties = await theParties(['NL'], {
      over: 'memory',
      clock,
      onWire: ({ toAcceptor }) => {
        toAcceptor.alter = (envelope) => {
          if (envelope.content.case === kind) envelope.content.value.$unknown = [unknown];
          return envelope;
        };
      },
    });
    const { lyon } = parties;
    parties.party('NL').exchange.keepLinkTo(LYON);
    await until(lyon, () =>
      lyon.events.some((one) => 'code' in one && one.code === 'protocol' && !one.byPeer),
    );
  });

  it('are not taken with a member that is denied', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'], { deny: { BE: ['NL'] } })) as [Party, Party];
    nl.exchange.keepLinkTo(be.member);
    await until(nl, () => outcome(nl, be) === 'denied');
    expect(be.exchange.linkTo(nl.member)).toBeUndefined();
    await be.publish(someRecords(2));
    await has(nl, be, 2);
  });

  it('end when the certificate of the peer does', async () => {
    const notAfter = { NL: new Date(Date.now() + 27 * 86_400_000) };
    const [nl] = (await theyAreLinked(['NL'], { notAfter })) as [Party];
    clock.advance(26 * 86_400_000);
    await linkOf(nl, parties.lyon)?.isAlive(5000);
    expect(linkOf(parties.lyon, nl)?.ended).toBe(false);
    clock.advance(86_400_001);
    await until(nl, () => outcome(nl, parties.lyon) === 'certificate-expired');
  });

  it('that are renewed beside the old one lose nothing', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    const first = linkOf(nl, parties.lyon);
    const publishing = (async () => {
      for (const entry of someRecords(60)) await nl.publish([entry]);
    })();
    await nl.exchange.renewLinks();
    await publishing;
    await has(be, nl, 60);
    expect(linkOf(nl, parties.lyon)).not.toBe(first);
    expect(first?.ended).toBe(true);
    expect(nl.exchange.links()).toHaveLength(1);
  });

  it('are dialled again after a rival stream has ended', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    nl.exchange.keepLinkTo(be.member);
    be.exchange.keepLinkTo(nl.member);
    await until(nl, () => isLinked(nl, be));
    await until(be, () => isLinked(be, nl));
    const again = await parties.restart('BE');
    await inTime(nl, () => isLinked(nl, again));
  });

  it.each<[string, (envelope: Envelope) => Envelope | undefined, string]>([
    ['loses a frame', () => undefined, 'protocol'],
    ['alters a frame', (envelope) => altered(envelope, (messages) => messages.slice(1)), 'signature'],
    [
      'says something else than a frame',
      () =>
        create(EnvelopeSchema, {
          content: {
            case: 'open',
            value: { $typeName: 'icse.v1.Open', versions: [1], nonce: new Uint8Array(32) },
          },
        }),
      'protocol',
    ],
  ])('end when somebody on the way %s, and the next one makes good', async (_what, alter, code) => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    const wire = parties.wires.find((pair) => pair.acceptor.peer.member === nl.member);
    let done = false;
    if (wire !== undefined) {
      wire.toAcceptor.alter = (envelope) => {
        if (done) return envelope;
        done = true;
        return alter(envelope);
      };
    }
    await nl.publish(someRecords(2));
    await nl.publish(someRecords(2));
    await inTime(
      nl,
      () => nl.events.some((one) => one.kind === 'unlinked' && one.code === code && one.byPeer),
      10,
    );
    await inTime(be, () => be.copyOf(nl)?.size === 4);
  });

  it('that are being opened do not keep a node from stopping', async () => {
    clock = hastyClock();
    parties = await theParties(['NL'], { over: 'memory', clock });
    const nl = parties.party('NL');
    nl.exchange.keepLinkTo(LYON);
    await until(nl, () => parties.wires.length === 1);
    await nl.close();
    expect(nl.exchange.links()).toEqual([]);
    await parties.lyon.close();
    expect(parties.lyon.exchange.links()).toEqual([]);
  });
});

describe('a link', () => {
  it('sends what is said at whatever moment, also just after it has sent what was said before', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    const link = nl.exchange.linkTo(LYON);
    for (let turns = 0; turns < 24; turns++) {
      const first = link?.isAlive(60_000);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      expect(await link?.isAlive(60_000)).toBe(true);
      expect(await first).toBe(true);
    }
  });

  it('acknowledges bytes that fill holes, so that they never use up the window', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    await nl.publish(someRecords(256));
    await has(parties.lyon, nl, 256);
    const [taking, giving] = [linkOf(parties.lyon, nl), linkOf(nl, parties.lyon)];
    const ranges = Array.from({ length: 60 }, () => ({ from: 0, to: 256 }));
    for (let round = 0; round < 4; round++) {
      taking?.session.consumer.askFor(nl.log.name, ranges);
      expect(await taking?.isAlive(60_000)).toBe(true);
      await until(nl, () => giving?.session.provider.unacknowledged() === 0);
    }
    await nl.publish(someRecords(5));
    await has(parties.lyon, nl, 261);
  });

  it('that is closed while its stream breaks ends without an error that nobody takes', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    parties.wires[0]?.dialler.destroy();
    linkOf(nl, parties.lyon)?.close(new Refusal(ByeCode.GOING_AWAY, 'closed at the same moment'));
    await inTime(nl, () => isLinked(nl, parties.lyon) && parties.wires.length === 2);
  });

  it('is sent away when it lets us work for it without end', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    const link = linkOf(parties.lyon, nl);
    // NL does not take what Lyon answers; Lyon does not keep it for ever.
    const wire = parties.wires[0];
    if (wire !== undefined) wire.acceptor.send = () => new Promise(() => {});
    const ping = create(MessageSchema, {
      content: { case: 'ping', value: create(PingSchema, { token: 1n }) },
    });
    // Each costs memory beside its few bytes, so fewer than would fill 16 MiB are kept.
    for (let asked = 0; asked < 80_000; asked++) link?.session.receive(ping);
    expect(link?.ended).toBe(true);
  });

  it('is sent away when it asks for all heads again', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    const link = linkOf(parties.lyon, nl);
    const allHeads = create(WantSchema, { scope: { case: 'allHeads', value: create(AllHeadsSchema) } });
    link?.session.provider.sayDigest();
    link?.session.provider.want(allHeads);
    expect(() => link?.session.provider.want(allHeads)).toThrow('all heads were said already');
  });
});

describe('sources', () => {
  it('are left when they stand still while somebody shows more', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    nl.exchange.keepLinkTo(be.member);
    await until(be, () => isLinked(be, nl));
    await until(be, () => be.exchange.sourceOf(nl.log.name) === linkOf(be, nl));
    // The direct stream goes quiet without ending.
    const direct = parties.wires.find(
      (pair) => pair.acceptor.peer.member === nl.member && pair.dialler.peer.member === be.member,
    );
    if (direct !== undefined) direct.toAcceptor.alter = () => undefined;
    await nl.publish(someRecords(5));
    await has(parties.lyon, nl, 5);
    await inTime(be, () => be.copyOf(nl)?.size === 5);
    expect(be.exchange.sourceOf(nl.log.name)?.member).toBe(LYON);
  });

  it('are taken over when their link ends', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    nl.exchange.keepLinkTo(be.member);
    await until(be, () => be.exchange.sourceOf(nl.log.name)?.member === nl.member);
    parties.wires.at(-1)?.dialler.destroy();
    await nl.publish(someRecords(5));
    await has(be, nl, 5);
  });
});

describe('receipts', () => {
  it('are given at most once a second a log, and the last one reaches the author', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    const given = new Set<number>();
    const name = nl.log.name;
    for (const entry of someRecords(30)) {
      await nl.publish([entry]);
      await until(be, () => be.copyOf(nl)?.root !== undefined && be.copyOf(nl)?.size === nl.log.size);
      given.add(be.book.get(name, be.member)?.size ?? 0);
    }
    given.delete(0);
    expect(given.size).toBeLessThanOrEqual(2);
    await inTime(nl, () => nl.book.get(name, be.member)?.size === 30 && nl.book.get(name, LYON)?.size === 30);
  });

  it('that were due when the node stopped are given when it starts again', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    const sizeOf = (party: Party) => party.book.get(nl.log.name, be.member)?.size;
    await nl.publish(someRecords(1));
    await until(be, () => sizeOf(be) === 1);
    await nl.publish(someRecords(2));
    await has(be, nl, 3);
    const again = await parties.restart('BE');
    expect(sizeOf(be)).toBe(1);
    again.exchange.keepLinkTo(LYON);
    // The book of the test is not kept over a restart, so that all is given anew.
    await inTime(nl, () => sizeOf(nl) === 3);
  });

  it('that were on their way when the stream broke are sent again', async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    const wire = parties.wires.find((pair) => pair.acceptor.peer.member === nl.member);
    const { lyon } = parties;
    await nl.publish(someRecords(3));
    // Lyon's receipt gets lost together with the stream.
    if (wire !== undefined) wire.toDialler.alter = () => undefined;
    await until(lyon, () => lyon.book.get(nl.log.name, LYON)?.size === 3);
    const hadIt = nl.book.get(nl.log.name, LYON)?.size === 3;
    wire?.dialler.destroy();
    await inTime(nl, () => isLinked(nl, lyon));
    await until(nl, () => nl.book.get(nl.log.name, LYON)?.size === 3);
    expect(hadIt || outcome(nl, lyon) !== undefined).toBe(true);
  });
});

describe('the hub', () => {
  it('may change its keys while a country is away', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await be.close();
    await parties.rotateHub();
    const lyon = await parties.restart('LYON');
    await inTime(nl, () => isLinked(nl, lyon) && hasRegistry(nl));
    const again = await parties.restart('BE');
    again.exchange.keepLinkTo(LYON);
    await until(again, () => isLinked(again, lyon) && hasRegistry(again));
    await nl.publish(someRecords(3));
    await has(again, nl, 3);
  });

  it('may change its keys while a country is far behind: what comes before the change is taken as well', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await be.close();
    // More acts than one segment holds, so that the first ends before the change that its checkpoint is signed by.
    const { registry } = parties.lyon;
    const signer = ed25519Signer(registry.log.name, parties.lyon.secrets.log);
    const acts = Array.from({ length: 20_000 }, (_, i) => {
      const value = create(AmendSchema, { member: 'NL', address: `127.0.0.1:${1000 + i}` });
      return buildEntry({ statement: { case: 'amend', value }, now: 1_760_000_000, random });
    });
    expect(acts.reduce((sum, act) => sum + act.length, 0)).toBeGreaterThan(SEGMENT_BYTES);
    await registry.log.append(acts, signer);
    await until(nl, () => hasRegistry(nl));
    await parties.rotateHub();
    const lyon = await parties.restart('LYON');
    const again = await parties.restart('BE');
    again.exchange.keepLinkTo(LYON);
    await until(again, () => isLinked(again, lyon) && hasRegistry(again));
    expect(again.registry.state).toEqual(lyon.registry.state);
  });

  it("may begin its registry anew by the root's word: members follow, each in its next log", async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    await nl.publish(someRecords(3));
    await has(be, nl, 3);
    const first = nl.log;
    await parties.lyon.exchange.close('the registry begins anew');
    await parties.newEpoch();
    const lyon = await parties.restart('LYON');
    for (const party of [nl, be]) {
      await inTime(party, () => isLinked(party, lyon) && hasRegistry(party));
      expect(party.registry.state.generation).toBe(2);
    }
    await nl.publish(someRecords(2));
    expect(nl.log).not.toBe(first);
    await has(be, nl, 2);
    expect(be.logs.get(first.name)?.size).toBe(3);
  });

  it("cannot make members forget their registry without the root's word", async () => {
    const [nl] = (await theyAreLinked(['NL'])) as [Party];
    const known = nl.registry.state;
    await parties.lyon.exchange.close('the registry begins anew');
    // Whoever has the hub's keys alone names a registry that nobody vouches for.
    await parties.lyon.registry.beginEpoch();
    const introduction = Exchange.prototype.introduction;
    const { registry } = parties.lyon;
    const thief = await parties.secondNode('LYON', await copiedStore(parties.lyon.store));
    thief.exchange.introduction = () => ({
      ...introduction.call(thief.exchange),
      registry: create(HeadSchema, { log: registry.log.name, root: new Uint8Array(32) }),
    });
    thief.exchange.admit = () => {};
    const pair = memoryWires(end(LYON), end('NL'));
    nl.exchange.accept(pair.acceptor);
    const opened = Link.open(thief.exchange, pair.dialler, Role.DIALLER).catch(() => undefined);
    await until(nl, () =>
      nl.events.some((one) => one.kind === 'refused' && one.reason.includes("root's word")),
    );
    expect(nl.registry.state).toBe(known);
    pair.dialler.destroy();
    await opened;
  });

  it('that shows two members two registries is caught when they talk to each other', async () => {
    const [nl, be] = (await theyAreLinked(['NL', 'BE'])) as [Party, Party];
    const registry = parties.lyon.registry.log.name as LogName;
    await be.close();
    const split = await copiedStore(parties.lyon.store);
    await parties.suspend('BE');
    await parties.reinstate('BE');
    await until(nl, () => nl.registry.state.size === 5);
    await parties.restart('LYON', { store: split });
    const again = await parties.restart('BE');
    again.exchange.keepLinkTo(LYON);
    await parties.suspend('NL');
    await parties.reinstate('NL');
    await until(again, () => again.registry.state.size === 5);
    expect(again.registry.log.root).not.toEqual(nl.registry.log.root);
    again.exchange.keepLinkTo(nl.member);
    await until(again, () => again.logs.get(registry)?.fault !== undefined);
    // Both have seen it in the hello already.
    for (const [one, other] of [
      [again, nl],
      [nl, again],
    ] as const) {
      expect(one.events).toContainEqual({
        kind: 'warning',
        member: other.member,
        reason: 'it has another registry than this node',
      });
    }
    await until(nl, () => nl.logs.get(registry)?.fault !== undefined);
    expect(parseMemberCode('BE')).toBe(again.member);
  });
});

function end(code: string): WireEnd {
  const member = parseMemberCode(code);
  const certificate = new Uint8Array(Buffer.from(member.padEnd(32, '.')));
  return { member, certificate, notAfter: new Date(Date.now() + 86_400_000) };
}

function altered(envelope: Envelope, change: (messages: Uint8Array[]) => Uint8Array[]): Envelope {
  if (envelope.content.case !== 'frame') return envelope;
  const frame = create(FrameSchema, {
    ...envelope.content.value,
    messages: change(envelope.content.value.messages),
  });
  return create(EnvelopeSchema, { content: { case: 'frame', value: frame } });
}
