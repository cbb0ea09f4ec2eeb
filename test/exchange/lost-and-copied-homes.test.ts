// A node that lost its disk gets its log back, and two nodes with one home are told apart.

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../node/exchange/link.js';
import { verifyFork } from '../../node/log/fork.js';
import { LYON } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { type Fault, FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import {
  clock,
  event,
  has,
  hasRegistry,
  inTime,
  isLinked,
  linkOf,
  outcome,
  parties,
  theyAreLinked,
  theyMeet,
} from './linked-parties.js';
import { copiedStore, type Party, until } from './parties.js';
import { someRecords } from './records.js';

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
    await theyMeet(['NL'], {});
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
