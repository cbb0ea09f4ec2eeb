// A member is told when another disputes what it said, once.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DisputeNotice } from '../../node/notices/notice.js';
import { saidBy } from '../views/records.js';
import { World } from '../views/world.js';
import { Police } from './police.js';

let world: World;
let us: Police;

beforeEach(async () => {
  world = new World();
  us = await Police.of('US', world);
  world.publish('US', { sha256: 'cat' }, { sha256: 'dog' });
});
afterEach(async () => {
  await us.retire();
});

function assess(by: string, entry: string, verdict: string, reason?: string): void {
  world.publish(by, saidBy(by, { assess: entry, verdict, ...(reason === undefined ? {} : { reason }) }));
}

describe('the United States hear', () => {
  it('who disputes which of their entries, and why', async () => {
    assess('AU', 'US:1', 'dispute', 'wrong-hash');
    expect(await us.hears()).toEqual([
      {
        sequence: 1,
        kind: 'dispute',
        entry: 'US:1',
        member: 'AU',
        reason: 'wrong-hash',
        assessment: 'AU:0',
        at: '1970-01-01T00:00:00.000Z',
      },
    ]);
  });

  it('once of each member and entry, whatever it says later, also after a rebuild', async () => {
    assess('AU', 'US:1', 'dispute');
    assess('AU', 'US:1', 'agree');
    assess('AU', 'US:1', 'dispute', 'not-illegal');
    assess('NL', 'US:1', 'dispute');
    assess('AU', 'US:0', 'dispute');
    const heard = await us.hears();
    expect((heard as DisputeNotice[]).map(({ member, entry }) => `${member} ${entry}`).sort()).toEqual([
      'AU US:0',
      'AU US:1',
      'NL US:1',
    ]);
    await us.node.views.rebuild();
    expect(await us.hears()).toEqual(heard);
  });

  it('nothing of agreement, of what others are said to have wrong, and of what they never said', async () => {
    world.publish('NL', { sha256: 'bird' });
    assess('AU', 'US:0', 'agree');
    assess('AU', 'NL:0', 'dispute');
    assess('AU', 'US:2', 'dispute');
    assess('AU', 'US.2:0', 'dispute');
    expect(await us.hears()).toEqual([]);
  });
});
