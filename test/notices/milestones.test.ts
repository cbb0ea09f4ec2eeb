// The thousandth victim is told once at each node, counted as the figures count, in whatever portions the events come.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../node/clock.js';
import { type MilestoneWatch, openMilestones } from '../../node/notices/milestones.js';
import { openTold, type Told } from '../../node/notices/told.js';
import { saidBy } from '../views/records.js';
import { Node, World } from '../views/world.js';

let directory: string;
let db: ClassicLevel<Uint8Array, Uint8Array>;
let told: Told;
let world: World;
let node: Node;
let watch: MilestoneWatch;
/** How often victims were counted. */
let counts: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icse-milestones-'));
  db = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  await db.open();
  told = await openTold(db);
  world = new World();
  counts = 0;
});
afterEach(async () => {
  await watch.close();
  await node.stop();
  await db.close();
  await rm(directory, { recursive: true });
});

const onError = (error: Error): void => {
  throw error;
};

/** A node of the world that tells of milestones. */
async function start(clock: Clock = systemClock, seen: World = world): Promise<void> {
  node = await Node.start(seen, { beforeCommit: (step) => watch.note(step) });
  await begin(clock);
}

async function begin(clock: Clock = systemClock): Promise<void> {
  watch = await openMilestones({ told, clock, onError });
  watch.start({
    batchEnd: () => node.views.batchEnd(),
    tallies: () => {
      counts += 1;
      return node.views.tallies();
    },
  });
}

/** Numbers that were told, once all that is there is followed and counted. */
async function milestones(): Promise<unknown[]> {
  await node.views.settled();
  await watch.idle();
  return (await told.read(1, 100)).map(({ kind, ...facts }) => {
    expect(kind).toBe('milestone');
    return (facts as { number?: unknown }).number;
  });
}

const victim = (n: number): string => `NL/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function someVictims(member: string, from: number, to: number): Uint8Array[] {
  return Array.from({ length: to - from }, (_, i) =>
    saidBy(member, { event: 'victim-identified', subject: victim(from + i) }),
  );
}

function areOne(member: string, one: number, other: number): Uint8Array {
  const [from, to] = [one, other].map((n) => `victim:${victim(n)}`);
  return saidBy(member, { link: 'same-as', from, to, confidence: 'confirmed' });
}

it('the thousandth victim is a milestone, told once, also when it is reached again', async () => {
  await start();
  world.publish('NL', ...someVictims('NL', 0, 999));
  // The same children, told by Australia as well, are no more children.
  world.publish('AU', ...someVictims('AU', 0, 300));
  expect(await milestones()).toEqual([]);
  world.publish('AU', ...someVictims('AU', 999, 1003));
  expect(await milestones()).toEqual([1000]);
  expect(await told.read(1, 10)).toMatchObject([
    { sequence: 1, kind: 'milestone', figure: 'victims identified', number: 1000 },
  ]);
  world.publish('AU', saidBy('AU', { retract: 'AU:301', reason: 'wrong-hash' }));
  world.publish('AU', ...someVictims('AU', 1003, 1010));
  expect(await milestones()).toEqual([1000]);
});

describe('victims that are the same', () => {
  it('count as one: the thousandth pseudonym is no milestone, the thousandth victim is', async () => {
    await start();
    world.publish('NL', ...someVictims('NL', 0, 990), areOne('NL', 1, 2), areOne('NL', 2, 3));
    await node.views.settled();
    world.publish('NL', ...someVictims('NL', 990, 1001));
    expect(await milestones()).toEqual([]);
    expect((await node.views.tallies()).all['victim-identified']).toBe(999);
    world.publish('NL', ...someVictims('NL', 1001, 1002));
    expect(await milestones()).toEqual([1000]);
  });

  it('that turn out to be the same later, and a new victim, pass nothing again', async () => {
    await start();
    world.publish('NL', ...someVictims('NL', 0, 1000));
    expect(await milestones()).toEqual([1000]);
    world.publish('NL', areOne('NL', 1, 2));
    expect(await milestones()).toEqual([1000]);
    expect((await node.views.tallies()).all['victim-identified']).toBe(999);
    world.publish('NL', ...someVictims('NL', 1000, 1001));
    expect(await milestones()).toEqual([1000]);
    expect((await node.views.tallies()).all['victim-identified']).toBe(1000);
  });

  it('count apart once that is taken back, or their owner disputes it', async () => {
    await start();
    world.publish('NL', ...someVictims('NL', 0, 1000), areOne('NL', 1, 2), saidBy('NL', agree('AU:0')));
    world.publish('AU', areOne('AU', 5, 6));
    expect(await milestones()).toEqual([]);
    expect((await node.views.tallies()).all['victim-identified']).toBe(998);
    world.publish('NL', saidBy('NL', { ...agree('AU:0'), verdict: 'dispute' }));
    expect(await milestones()).toEqual([]);
    expect((await node.views.tallies()).all['victim-identified']).toBe(999);
    world.publish('NL', saidBy('NL', { retract: 'NL:1000', reason: 'entered-in-error' }));
    expect(await milestones()).toEqual([1000]);
  });
});

const agree = (entry: string) => ({ assess: entry, verdict: 'agree' });

describe('a node that was off', () => {
  it('tells at its start what was passed meanwhile, or just before it ended, and nothing twice', async () => {
    await start();
    await watch.close();
    world.publish('NL', ...someVictims('NL', 0, 1000));
    await node.views.settled();
    expect(await told.read(1, 10)).toEqual([]);
    await begin();
    expect(await milestones()).toEqual([1000]);
    await watch.close();
    await begin();
    await node.views.rebuild();
    expect(await milestones()).toEqual([1000]);
  });

  it('hears the same when the logs come in another order', async () => {
    world.publish('NL', ...someVictims('NL', 0, 700), areOne('NL', 3, 4));
    world.publish('AU', ...someVictims('AU', 600, 1001), areOne('AU', 5, 999));
    world.publish('US', saidBy('US', agree('AU:401')));
    await start(systemClock, world.inReverse());
    expect(await milestones()).toEqual([1000]);
  });
});

it('while too many of the pseudonyms are the same, victims are counted so often as takes little time', async () => {
  let nowMs = 0;
  let resume: () => void = () => undefined;
  let rested = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => {
      nowMs += 10;
      return nowMs;
    },
    after(ms, act) {
      rested = ms;
      resume = act;
      return () => undefined;
    },
  };
  await start(clock);
  world.publish('NL', ...someVictims('NL', 0, 999), areOne('NL', 1, 2), areOne('NL', 2, 3));
  await node.views.settled();
  for (let n = 999; n < 1001; n++) {
    world.publish('NL', ...someVictims('NL', n, n + 1));
    await node.views.settled();
  }
  await expect.poll(() => rested).toBeGreaterThan(0);
  const before = counts;
  for (let n = 0; n < 20; n++) {
    world.publish('US', saidBy('US', { event: 'assistance-asked', subject: victim(n) }));
    await node.views.settled();
  }
  world.publish('NL', ...someVictims('NL', 1001, 1002));
  await node.views.settled();
  expect(counts).toBe(before);
  resume();
  expect(await milestones()).toEqual([1000]);
  expect(counts).toBe(before + 1);
});
