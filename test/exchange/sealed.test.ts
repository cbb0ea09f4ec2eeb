import { afterEach, describe, expect, it } from 'vitest';
import { giveReceipt } from '../../node/exchange/receipts.js';
import { holeFor, isHole, type LogItem } from '../../node/log/item.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { readFill, readSegment } from '../../node/log/read-segment.js';
import { LYON, type MemberCode } from '../../node/names.js';
import { Registry } from '../../node/registry/registry.js';
import type { LogStore } from '../../node/store/log-store.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { HoleReason, type Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type HastyClock, hastyClock } from './hasty-clock.js';
import { type Parties, type Party, theParties, until } from './parties.js';
import { someRecords } from './records.js';
import { aSealedEntry } from './sealed-entries.js';

let parties: Parties;
let clock: HastyClock;
afterEach(() => parties.close());

/** Parties in memory; each has a stream to Lyon, and NL to all. */
async function theyTalk(codes: string[]): Promise<Party[]> {
  clock = hastyClock();
  parties = await theParties(codes, { over: 'memory', clock });
  const all = codes.map((code) => parties.party(code));
  for (const party of all) party.exchange.keepLinkTo(LYON);
  for (const party of all) {
    await until(party, () => party.log !== undefined && isLinked(party, parties.lyon));
    if (party.member === 'NL') continue;
    parties.party('NL').exchange.keepLinkTo(party.member);
  }
  return all;
}

const isLinked = (one: Party, other: Party): boolean =>
  one.exchange.linkTo(other.member)?.session.consumer.compared() === true;
const has = (party: Party, author: Party, size: number) =>
  until(party, () => party.copyOf(author)?.size === size);
const itemsAt = async (party: Party, author: Party): Promise<LogItem[]> =>
  (await party.copyOf(author)?.read(0, 10_000)) ?? [];
const reasonOf = (item: LogItem | undefined) =>
  item === undefined ? undefined : isHole(item) ? HoleReason[item.reason] : 'bytes';
const sealed = (author: Party, ...to: string[]) =>
  aSealedEntry(author.registry.state, { from: author.member, to });

/** Lets time pass until the condition holds: for what waits on timers. */
async function inTime(holds: () => boolean): Promise<void> {
  while (!holds()) {
    clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('the bytes of a sealed entry', () => {
  it('go to its readers and to Lyon; all others get the leaf hash, from Lyon and from the author', async () => {
    const [nl, au, fr] = (await theyTalk(['NL', 'AU', 'FR'])) as [Party, Party, Party];
    const lead = sealed(nl, 'AU');
    await nl.publish([...someRecords(2), lead, ...someRecords(1)]);
    for (const party of [au, fr, parties.lyon]) await has(party, nl, 4);
    expect((await itemsAt(au, nl))[2]).toEqual(lead);
    expect((await itemsAt(parties.lyon, nl))[2]).toEqual(lead);
    expect((await itemsAt(fr, nl)).map(reasonOf)).toEqual(['bytes', 'bytes', 'NOT_ADDRESSED', 'bytes']);
    expect(fr.copyOf(nl)?.root).toEqual(nl.log.root);
    expect(fr.copyOf(nl)).toMatchObject({ holes: 1, dueHoles: 0 });
  });

  it('are due to nobody else: no receipt lists them, and nobody asks for them again', async () => {
    const [nl, , fr] = (await theyTalk(['NL', 'AU', 'FR'])) as [Party, Party, Party];
    const asked: string[] = [];
    await nl.publish(Array.from({ length: 70 }, () => sealed(nl, 'AU')));
    await has(fr, nl, 70);
    for (const link of fr.exchange.links()) {
      const { consumer } = link.session;
      consumer.askFor = (log) => asked.push(log);
    }
    clock.advance(60_000);
    await fr.exchange.close('it has had time to ask');
    expect(asked).toEqual([]);
    const copy = fr.copyOf(nl);
    if (copy === undefined) throw new Error('FR has the log');
    const receipt = await giveReceipt(copy, parties.federation, fr.member, fr.secrets.receipt, Date.now());
    expect(receipt?.holes).toEqual([]);
  });

  it('are not kept by a member that is given them although they are for others', async () => {
    const [nl, au, fr] = (await theyTalk(['NL', 'AU', 'FR'])) as [Party, Party, Party];
    await nl.publish([sealed(nl, 'AU'), sealed(nl, 'FR')]);
    await has(fr, nl, 2);
    const everything = await readSegment(nl.log, LYON, 0, 1e6);
    for (const [party, kept] of [
      [fr, ['NOT_ADDRESSED', 'bytes']],
      [au, ['bytes', 'NOT_ADDRESSED']],
      [parties.lyon, ['bytes', 'bytes']],
    ] as const) {
      const store = await registryAlone(party);
      const logs = await Logs.open(store, await Registry.open(store, party.registry.anchors));
      const copy = logs.get(nl.log.name);
      await copy?.extend(everything as Segment);
      expect((await copy?.read(0, 2))?.map(reasonOf)).toEqual(kept);
      expect(copy?.root).toEqual(nl.log.root);
    }
  });

  it('that a relay had not are no longer asked for once somebody says for whom they are', async () => {
    const [nl, , fr] = (await theyTalk(['NL', 'AU', 'FR'])) as [Party, Party, Party];
    await nl.publish([...someRecords(1), sealed(nl, 'AU')]);
    await has(fr, nl, 2);
    const store = await registryAlone(fr);
    const logs = await Logs.open(store, await Registry.open(store, fr.registry.anchors));
    const copy = logs.get(nl.log.name) as Log;
    const segment = (await readSegment(nl.log, LYON, 0, 1e6)) as Segment;
    const holes = segment.entries.map((entry, index) => holeFor(index, entry, HoleReason.MISSING));
    await copy.extend({ ...segment, entries: segment.entries.map(() => new Uint8Array()), holes });
    expect(copy).toMatchObject({ holes: 2, dueHoles: 2 });
    const fill = (await readFill(nl.log, 'FR' as MemberCode, 0, 2, 1e6)) as Segment;
    expect(await copy.fill(fill)).toBe(1);
    expect((await copy.read(0, 2)).map(reasonOf)).toEqual(['bytes', 'NOT_ADDRESSED']);
    expect(copy).toMatchObject({ holes: 1, dueHoles: 0 });
    expect(await copy.fill(fill)).toBe(0);
  });

  it('come back to their author from Lyon after it has lost its disk', async () => {
    const [nl] = (await theyTalk(['NL', 'AU'])) as [Party];
    const entries = [sealed(nl, 'AU'), ...someRecords(1)];
    await nl.publish(entries);
    await has(parties.lyon, nl, 2);
    const again = await parties.restart('NL', { store: createMemoryStore() });
    again.exchange.keepLinkTo(LYON);
    await until(
      again,
      () => again.logs.registry.state.members.has('NL' as MemberCode) && again.log?.size === 2,
    );
    expect(await again.log.read(0, 2)).toEqual(entries);
  });

  it('are asked for elsewhere by an author that lost its disk and got a hole from a member not addressed', async () => {
    const [nl, au, fr] = (await theyTalk(['NL', 'AU', 'FR'])) as [Party, Party, Party];
    const { lyon } = parties;
    const lead = aSealedEntry(lyon.registry.state, { from: 'LYON', to: ['AU'] });
    await lyon.publish([...someRecords(1), lead]);
    for (const party of [nl, au, fr]) await has(party, lyon, 2);
    await Promise.all([nl.close(), au.close()]);
    const author = await parties.restart('LYON', { store: await registryAlone(lyon) });
    await inTime(() => author.log?.size === 2);
    expect((await author.log.read(0, 2)).map(reasonOf)).toEqual(['bytes', 'MISSING']);
    (await parties.restart('AU')).exchange.keepLinkTo(LYON);
    await inTime(() => author.log.holes === 0);
    expect((await author.log.read(0, 2))[1]).toEqual(lead);
  });
});

/** A store that has the registry alone. */
async function registryAlone(party: Party): Promise<LogStore> {
  const copy = createMemoryStore();
  const { name } = party.registry.log;
  const keys = await party.store.keys(name, '');
  const values = await party.store.objects(name, keys);
  const puts = keys.map((key, at) => [key, values[at] as Uint8Array] as const);
  const head = (await party.store.head(name)) as Uint8Array;
  await copy.commit([{ log: name, expected: undefined, head, puts, deletes: [] }]);
  return copy;
}
