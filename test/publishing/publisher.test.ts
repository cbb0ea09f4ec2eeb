// The door for one's own records, over a real log, with views that lag as far as a test wants.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { MemoryLevel } from 'memory-level';
import { afterEach, describe, expect, it } from 'vitest';
import { type LogName, LYON } from '../../node/names.js';
import {
  createPublisher,
  type Publisher,
  type PublisherSurroundings,
} from '../../node/publishing/publisher.js';
import { openDayCount } from '../../node/publishing/quota.js';
import { type MediaRecord, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { AmendSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { type HastyClock, hastyClock } from '../exchange/hasty-clock.js';
import { type Parties, type Party, theParties, until } from '../exchange/parties.js';
import { random } from '../exchange/random.js';

let parties: Parties;
let clock: HastyClock;
afterEach(() => parties.close());

const fail = (error: Error): void => {
  throw error;
};

function aRecord(fields: MessageInitShape<typeof MediaRecordSchema> = {}): MediaRecord {
  return create(MediaRecordSchema, { sha256: random(32), recordId: random(16), ...fields });
}

/** The Netherlands, ready to publish; its views have followed nothing unless `viewed` says how far. */
async function theNetherlands(
  changes: Partial<PublisherSurroundings> = {},
): Promise<{ nl: Party; publisher: Publisher }> {
  clock = hastyClock();
  parties = await theParties(['NL'], { over: 'memory', clock });
  const nl = parties.party('NL');
  nl.exchange.keepLinkTo(LYON);
  await until(nl, () => nl.exchange.guard.ready());
  return { nl, publisher: await publisherOf(nl, changes) };
}

/** A publisher of the party's node, as after a start. */
async function publisherOf(nl: Party, changes: Partial<PublisherSurroundings> = {}): Promise<Publisher> {
  return createPublisher({
    clock,
    logs: nl.logs,
    me: nl.member,
    logKey: nl.secrets.log,
    recordSecret: nl.secrets.recordSecret,
    guard: nl.exchange.guard,
    count: await openDayCount(new MemoryLevel<string, string>(), clock, fail),
    random,
    suspended: () => undefined,
    current: async (ids) => ids.map(() => undefined),
    viewedUpTo: () => 0,
    followed: async () => {},
    ...changes,
  });
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

/** Lets time pass until it is done: a suspended member dials again only after a while. */
async function passing(done: Promise<void>): Promise<void> {
  let isDone = false;
  const noted = done.then(() => {
    isDone = true;
  });
  while (!isDone) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await noted;
}

describe('publishing', () => {
  it('answers the same content under the same id with known, and other content as an update, at once or later', async () => {
    const { nl, publisher } = await theNetherlands();
    const [one, other] = [aRecord(), aRecord()];
    const update = aRecord({ recordId: one.recordId });
    const answers = await Promise.all(
      [one, one, update, update, one, other].map((record) => publisher.publish(record, 0)),
    );
    expect(answers.map(({ outcome, index }) => [outcome, index])).toEqual([
      ['taken', 0],
      ['known', 0],
      ['taken', 1],
      ['known', 1],
      ['taken', 2],
      ['taken', 3],
    ]);
    expect(await publisher.publish(one, 0)).toMatchObject({ outcome: 'known', index: 2 });
    expect(nl.log.size).toBe(4);
  });

  it('answers each of many in its place, whatever becomes of the others', async () => {
    const { nl, publisher } = await theNetherlands();
    const one = aRecord();
    const bad = aRecord({ sha256: random(31) });
    const records = [bad, one, one, bad, aRecord()].map((record) => ({ record, keepUntilDay: 0 }));
    const [first, ...others] = await publisher.publishAll(records);
    expect(first).toMatchObject({ code: 'rules-broken' });
    expect(others).toMatchObject([
      { outcome: 'taken', index: 0 },
      { outcome: 'known', index: 0 },
      { code: 'rules-broken' },
      { outcome: 'taken', index: 1 },
    ]);
    expect(nl.log.size).toBe(2);
  });

  it('looks up once and writes once for all who publish in one turn', async () => {
    const asked: number[] = [];
    const { nl, publisher } = await theNetherlands({
      current: async (ids) => {
        asked.push(ids.length);
        return ids.map(() => undefined);
      },
    });
    let growths = 0;
    nl.log.onChange(() => growths++);
    await Promise.all(Array.from({ length: 200 }, () => publisher.publish(aRecord(), 0)));
    expect(asked).toEqual([200]);
    expect(growths).toBe(1);
  });

  it('waits after a start until the views have what was published before, so that nothing stands twice', async () => {
    const { nl, publisher } = await theNetherlands();
    const record = aRecord();
    await publisher.publish(record, 0);
    let haveFollowed = (): void => {};
    const following = new Promise<void>((resolve) => {
      haveFollowed = resolve;
    });
    let isFollowed = false;
    const restarted = await publisherOf(nl, {
      followed: () => following,
      current: async () => [isFollowed ? { log: nl.log?.name as LogName, index: 0 } : undefined],
    });
    const again = restarted.publish(record, 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    isFollowed = true;
    haveFollowed();
    expect(await again).toMatchObject({ outcome: 'known', index: 0 });
    expect(nl.log?.size).toBe(1);
  });

  it('says so when the views take too long to follow, and publishes when they cannot', async () => {
    const { nl } = await theNetherlands();
    const never = await publisherOf(nl, { followed: () => new Promise(() => {}) });
    await expect(Promise.all([never.publish(aRecord(), 0), passing(pause())])).rejects.toMatchObject({
      code: 'not-ready',
      message: 'cannot publish yet: the views still follow our own log (icse views)',
    });
    const failing = await publisherOf(nl, { followed: () => Promise.reject(new Error('the disk fails')) });
    expect(await failing.publish(aRecord(), 0)).toMatchObject({ outcome: 'taken', index: 0 });
  });

  it('takes a record again that a cut has taken back, and the next log has it', async () => {
    const { nl, publisher } = await theNetherlands();
    const kept = aRecord();
    const taken = aRecord();
    await publisher.publish(kept, 0);
    await publisher.publish(taken, 0);
    await until(parties.lyon, () => parties.lyon.copyOf(nl)?.size === 2);
    await parties.suspend('NL', 1);
    await parties.reinstate('NL', 'next log');
    const again = until(nl, () => nl.log?.name.endsWith('.2') === true && nl.exchange.guard.ready());
    await passing(again);
    expect(await publisher.publish(kept, 0)).toMatchObject({ outcome: 'known', index: 0 });
    expect(await publisher.publish(taken, 0)).toMatchObject({ outcome: 'taken', index: 0 });
    expect(nl.log.size).toBe(1);
  });

  it('refuses what is over the quota with the reason, and takes the rest once Lyon has raised it', async () => {
    const { nl, publisher } = await theNetherlands();
    const quota = (entries: bigint) =>
      parties.enact({
        case: 'amend',
        value: create(AmendSchema, { member: 'NL', quota: { entries, bytes: 1_000_000n } }),
      });
    await quota(2n);
    await until(nl, () => nl.registry.state.members.get(nl.member)?.quota.entries === 2);
    const answers = await Promise.allSettled([1, 2, 3].map(() => publisher.publish(aRecord(), 0)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(answers[2]).toMatchObject({
      reason: { code: 'over-quota', message: expect.stringContaining('quota of 2 entries a day') },
    });
    expect(nl.log.size).toBe(2);
    await quota(3n);
    await until(nl, () => nl.registry.state.members.get(nl.member)?.quota.entries === 3);
    expect(await publisher.publish(aRecord(), 0)).toMatchObject({ outcome: 'taken', index: 2 });
  });

  it('appends nothing more once somebody has another log of ours, not even what waits behind a write', async () => {
    const { nl, publisher } = await theNetherlands();
    const first = publisher.publish(aRecord(), 0);
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = Array.from({ length: 10 }, () => publisher.publish(aRecord(), 0));
    nl.exchange.guard.stop('another node has our keys');
    const answers = await Promise.allSettled([first, ...waiting]);
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(nl.log.size).toBe(answers.length - refused.length);
    expect(nl.log.size).toBeLessThanOrEqual(1);
    for (const answer of refused)
      expect(answer).toMatchObject({ reason: { code: 'own-log', message: /another node has our keys/ } });
  });

  it('says that it is suspended before it asks anybody how long its log is', async () => {
    const { publisher } = await theNetherlands({ suspended: () => 'NL is suspended in the registry' });
    await expect(publisher.publish(aRecord(), 0)).rejects.toMatchObject({
      code: 'suspended',
      message: 'publishing is refused: NL is suspended in the registry',
    });
  });

  it('stops with what it took on disk, and takes nothing more', async () => {
    const { nl, publisher } = await theNetherlands();
    const taken = publisher.publish(aRecord(), 0);
    await new Promise((resolve) => setImmediate(resolve));
    await publisher.close();
    const size = nl.log.size;
    await expect(publisher.publish(aRecord(), 0)).rejects.toThrow('the node of NL stops');
    await taken.catch(() => {});
    expect(nl.log.size).toBe(size);
  });

  it('costs the same for each of 66,000 records although the views have followed none of them', async () => {
    const { nl, publisher } = await theNetherlands();
    const PART = 11_000;
    const seconds: number[] = [];
    for (let part = 0; part < 6; part++) {
      const records = Array.from({ length: PART }, () => aRecord());
      const startedAt = performance.now();
      await Promise.all(records.map((record) => publisher.publish(record, 0)));
      seconds.push((performance.now() - startedAt) / 1000);
    }
    expect(nl.log.size).toBe(6 * PART);
    // Quadratic, the last part took eleven times as long as the first; half of that leaves room for noise.
    expect(seconds[5]).toBeLessThan(5 * Math.max(seconds[0] as number, 0.2));
  });
});
