// The hub's keys and its registry change, by right or not, and its members follow, or do not.

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Exchange } from '../../node/exchange/exchange.js';
import { Link } from '../../node/exchange/link.js';
import { SEGMENT_BYTES } from '../../node/exchange/messages.js';
import { type LogName, LYON, parseMemberCode } from '../../node/names.js';
import { buildEntry } from '../../node/statements/build.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { HeadSchema, Role } from '../../proto/gen/icse/v1/exchange_pb.js';
import { AmendSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { has, hasRegistry, inTime, isLinked, parties, theyAreLinked } from './linked-parties.js';
import { memoryWires, type WireEnd } from './memory-wire.js';
import { copiedStore, type Party, until } from './parties.js';
import { random } from './random.js';
import { someRecords } from './records.js';

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
