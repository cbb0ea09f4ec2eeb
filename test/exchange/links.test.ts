// Streams and what goes over them: catching up, what ends a stream, sources, receipts.

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../node/exchange/refusal.js';
import { LYON } from '../../node/names.js';
import {
  AllHeadsSchema,
  ByeCode,
  type Envelope,
  EnvelopeSchema,
  FrameSchema,
  MessageSchema,
  PingSchema,
  WantSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import {
  clock,
  has,
  inTime,
  isLinked,
  linkOf,
  outcome,
  parties,
  theyAreLinked,
  theyMeet,
} from './linked-parties.js';
import { type Party, until } from './parties.js';
import { someRecords } from './records.js';

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

describe('streams', () => {
  it.each(['open', 'hello', 'frame'] as const)('end at a field beside those of an %s', async (kind) => {
    const unknown = { no: 99, wireType: 2, data: new Uint8Array([4, ...Buffer.from('text')]) };
    await theyMeet(['NL'], {
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
    await theyMeet(['NL'], {});
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

function altered(envelope: Envelope, change: (messages: Uint8Array[]) => Uint8Array[]): Envelope {
  if (envelope.content.case !== 'frame') return envelope;
  const frame = create(FrameSchema, {
    ...envelope.content.value,
    messages: change(envelope.content.value.messages),
  });
  return create(EnvelopeSchema, { content: { case: 'frame', value: frame } });
}
