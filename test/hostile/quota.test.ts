// A member that ignores its own quota: it is taken at the pace of its quota, nothing of it is lost, and nobody else
// waits for it.

import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEGMENT_BYTES, WINDOW_BYTES } from '../../node/exchange/messages.js';
import { createQuotaPace } from '../../node/exchange/quota-pace.js';
import { readSegment } from '../../node/log/read-segment.js';
import { LYON } from '../../node/names.js';
import { AmendSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { type HastyClock, hastyClock } from '../exchange/hasty-clock.js';
import { type Parties, type Party, theParties, until } from '../exchange/parties.js';
import { someRecords } from '../exchange/records.js';
import { nameOf } from '../exchange/two-sides.js';

const DAY_MS = 86_400_000;
/** Entries a day. */
const QUOTA = 1000;
const FLOOD = 30_000;
/** Two days of the quota, and what one segment has beyond them: some 9,400 of these entries. */
const TAKEN_AT_ONCE = 2 * QUOTA + 9400;
/** What honest members wait for one another while a third one floods. */
const HONEST_MS = 1000;

describe('a member that publishes far more than its quota', () => {
  let parties: Parties;
  let clock: HastyClock;
  let [nl, au, be]: Party[] = [];

  beforeAll(async () => {
    clock = hastyClock();
    parties = await theParties(['NL', 'AU', 'BE'], { over: 'memory', clock });
    [nl, au, be] = ['NL', 'AU', 'BE'].map((code) => parties.party(code));
    const quota = { entries: BigInt(QUOTA), bytes: 1_000_000_000n };
    await parties.enact({ case: 'amend', value: create(AmendSchema, { member: 'NL', quota }) });
    for (const party of [nl, au, be] as Party[]) party.exchange.keepLinkTo(LYON);
    for (const party of [nl, au, be] as Party[]) await until(party, () => party.exchange.guard.ready());
    await nl?.publish(someRecords(10));
    await until(be as Party, () => held() === 10);
  });
  afterAll(() => parties.close());

  const held = (): number => be?.copyOf(nl as Party)?.size ?? 0;
  const heldByHub = (): number => parties.lyon.copyOf(nl as Party)?.size ?? 0;
  const stateAtHub = () => parties.lyon.exchange.linkTo(nl?.member as Party['member'])?.state();

  it('is taken for two days of it, and then waits, and the hub says for what', async () => {
    await nl?.publish(someRecords(FLOOD));
    await until(parties.lyon, () => stateAtHub()?.state === 'waiting');
    expect(stateAtHub()?.why).toMatch(/^for the quota of .*NL$/);
    expect(heldByHub()).toBeGreaterThan(2 * QUOTA);
    expect(heldByHub()).toBeLessThan(TAKEN_AT_ONCE);
    expect(held()).toBeLessThan(TAKEN_AT_ONCE);
  });

  it('keeps nobody else waiting', async () => {
    for (let n = 0; n < 20; n++) {
      const start = performance.now();
      await au?.publish(someRecords(1));
      await until(be as Party, () => be?.copyOf(au as Party)?.size === au?.log.size);
      expect(performance.now() - start).toBeLessThan(HONEST_MS);
    }
  });

  it('is taken on when its quota has grown, and not before', async () => {
    const before = heldByHub();
    clock.advance(DAY_MS);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heldByHub()).toBe(before);
    clock.advance(9 * DAY_MS);
    await until(parties.lyon, () => heldByHub() > before);
    expect(heldByHub()).toBeLessThan(before + TAKEN_AT_ONCE);
  });

  it('loses its stream when it sends what nobody asks for', async () => {
    await until(parties.lyon, () => stateAtHub()?.state === 'waiting');
    const before = heldByHub();
    const link = nl?.exchange.linkTo(LYON);
    const segment = await readSegment((nl as Party).log, LYON, before, SEGMENT_BYTES);
    for (let bytes = 0; bytes <= 2 * WINDOW_BYTES; bytes += SEGMENT_BYTES / 2)
      link?.session.say({ case: 'segment', value: segment as NonNullable<typeof segment> });
    await until(parties.lyon, () => parties.lyon.events.some(isTooLarge));
    expect(heldByHub()).toBe(before);
  });

  const isTooLarge = (event: Party['events'][number]): boolean =>
    event.kind === 'unlinked' && event.member === 'NL' && event.code === 'too-large';
});

describe('the pace of a quota', () => {
  const NL = nameOf('NL');
  const entries = (count: number): Uint8Array[] => Array.from({ length: count }, () => new Uint8Array(10));
  const paceOf = (clock: HastyClock, bytes = 1_000_000) =>
    createQuotaPace({ clock, quotaOf: (log) => (log === NL ? { entries: 100, bytes } : undefined) });

  it('counts nothing of what a log had when it was first heard of, and nothing twice', () => {
    const pace = paceOf(hastyClock());
    pace.taking(NL, 0, entries(5000)).took(90_000);
    pace.taking(NL, 5000, entries(85_000)).took(90_000);
    for (let n = 0; n < 100; n++) pace.taking(NL, 90_000, entries(100)).took(90_100);
    expect(pace.mayTake(NL)).toBe(true);
    pace.taking(NL, 90_100, entries(101)).took(90_201);
    expect(pace.mayTake(NL)).toBe(false);
  });

  it('holds to bytes as it does to entries, and grows by the day, to a week', () => {
    const clock = hastyClock();
    const pace = paceOf(clock, 100);
    pace.taking(NL, 0, entries(1)).took(1);
    pace.taking(NL, 1, entries(30)).took(31);
    expect(pace.mayTake(NL)).toBe(false);
    clock.advance(DAY_MS + 1000);
    expect(pace.mayTake(NL)).toBe(true);
    clock.advance(100 * DAY_MS);
    pace.taking(NL, 31, entries(69)).took(100);
    expect(pace.mayTake(NL)).toBe(true);
    pace.taking(NL, 100, entries(2)).took(102);
    expect(pace.mayTake(NL)).toBe(false);
  });

  it('counts what is on its way, unless it turns out not to be the log', () => {
    const pace = paceOf(hastyClock());
    pace.taking(NL, 0, entries(1)).took(1);
    const taking = pace.taking(NL, 1, entries(300));
    expect(pace.mayTake(NL)).toBe(false);
    taking.failed();
    expect(pace.mayTake(NL)).toBe(true);
  });

  it('lets a log without a quota go as it goes', () => {
    const pace = paceOf(hastyClock());
    pace.taking(nameOf('LYON'), 0, entries(10_000)).took(10_000);
    pace.taking(nameOf('LYON'), 10_000, entries(10_000)).took(20_000);
    expect(pace.mayTake(nameOf('LYON'))).toBe(true);
  });
});
