// Entries that come by the dozen wait for one another; nobody waits for entries that come singly.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BULK } from '../../node/views/short-index.js';
import { logOf } from './records.js';
import { Node, World } from './world.js';

/** Longer than any test: whatever is followed in time was not waited for. */
const bulk = { ...BULK, least: 100, gatherMs: 600_000 };

let world: World;
let node: Node;
/** How far the log was followed by each step. */
let steps: number[];
let stepMade: () => void;

beforeEach(async () => {
  world = new World();
  steps = [];
  stepMade = () => {};
  const beforeCommit = async (): Promise<void> => {
    steps.push(world.logs()[0]?.countedTo ?? 0);
    stepMade();
  };
  node = await Node.start(world, { bulk, beforeCommit });
});
afterEach(() => node.stop());

function publish(count: number): void {
  world.publish('NL', ...Array.from({ length: count }, () => ({ sha256: `${Math.random()}` })));
  node.views.wake();
}

async function stepped(count: number): Promise<void> {
  while (steps.length < count) {
    await new Promise<void>((resolve) => {
      stepMade = resolve;
    });
  }
  await node.views.batchEnd();
}

/** Long enough for a step that nothing holds up. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('entries', () => {
  it('that come by the dozen gather until there are enough for a bulk', async () => {
    publish(40);
    await stepped(1);
    for (let part = 1; part < 10; part++) {
      publish(10);
      await someTurns();
    }
    expect(steps).toEqual([40]);
    publish(10);
    await stepped(2);
    expect(steps).toEqual([40, 140]);
    expect(node.views.caughtUpTo(logOf('NL'))).toBe(140);
  });

  it('that come by the dozen are followed at once for whoever waits for the views', async () => {
    publish(40);
    await stepped(1);
    publish(1);
    await node.views.settled();
    expect(node.views.caughtUpTo(logOf('NL'))).toBe(41);
  });

  it('that come singly are followed one by one', async () => {
    for (let count = 1; count <= 3; count++) {
      publish(1);
      await stepped(count);
    }
    expect(steps).toEqual([1, 2, 3]);
  });
});
