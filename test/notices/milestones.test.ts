// The thousandth victim is told once at each node, in whatever portions the events come.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tellMilestones } from '../../node/notices/milestones.js';
import { openTold, type Told } from '../../node/notices/told.js';
import { saidBy } from '../views/records.js';
import { Node, World } from '../views/world.js';

let directory: string;
let db: ClassicLevel<Uint8Array, Uint8Array>;
let told: Told;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icse-milestones-'));
  db = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  await db.open();
  told = await openTold(db);
});
afterEach(async () => {
  await db.close();
  await rm(directory, { recursive: true });
});

function identified(member: string, n: number): Uint8Array {
  const subject = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  return saidBy(member, { event: 'victim-identified', subject: `NL/${subject}` });
}

const someVictims = (member: string, from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => identified(member, from + i));

it('the thousandth victim is a milestone, told once, also when it is reached again', async () => {
  const world = new World();
  const node = await Node.start(world, {
    beforeCommit: (step) => tellMilestones(step, { told, now: () => 0 }),
  });
  world.publish('NL', ...someVictims('NL', 0, 999));
  // The same children, told by Australia as well, are no more children.
  world.publish('AU', ...someVictims('AU', 0, 300));
  await node.views.settled();
  expect(await told.read(1, 10)).toEqual([]);
  world.publish('AU', ...someVictims('AU', 999, 1003));
  await node.views.settled();
  const milestone = { sequence: 1, kind: 'milestone', figure: 'victims identified', number: 1000 };
  expect(await told.read(1, 10)).toMatchObject([milestone]);
  world.publish('AU', saidBy('AU', { retract: 'AU:301', reason: 'wrong-hash' }));
  world.publish('AU', ...someVictims('AU', 1003, 1010));
  await node.views.settled();
  await node.views.rebuild();
  expect(await told.read(1, 10)).toMatchObject([milestone]);
  await node.stop();
});
