// A member that is suspended, and one that is reinstated.

import { describe, expect, it } from 'vitest';
import { LYON, logName } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import type { Envelope } from '../../proto/gen/icse/v1/exchange_pb.js';
import {
  clock,
  has,
  hasRegistry,
  inTime,
  isLinked,
  outcome,
  parties,
  theyAreLinked,
} from './linked-parties.js';
import type { WirePair } from './memory-wire.js';
import { type Party, until } from './parties.js';
import { someRecords } from './records.js';

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
