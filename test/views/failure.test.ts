// When the views cannot follow they say so, lose nothing, and go on when they can.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ViewsDatabase } from '../../node/views/buffered-db.js';
import { openViews, type Views } from '../../node/views/driver.js';
import { type FollowingOptions, ViewsClosed, ViewsFailed } from '../../node/views/following.js';
import { expectedFrom } from './model.js';
import { hashOf } from './records.js';
import { World } from './world.js';

let directory: string;
let db: ViewsDatabase;
let world: World;
let views: Views;
let errors: string[];

async function open(beforeCommit?: FollowingOptions['beforeCommit']): Promise<void> {
  views = await openViews(db, world, {
    today: () => world.today,
    log: { info: () => undefined, error: (_facts, message) => errors.push(message) },
    ...(beforeCommit === undefined ? {} : { beforeCommit }),
  });
}

beforeEach(async () => {
  errors = [];
  world = new World();
  directory = await mkdtemp(join(tmpdir(), 'icse-failing-'));
  db = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  await db.open();
});
afterEach(async () => {
  await views.close();
  await db.close();
  await rm(directory, { recursive: true });
});

async function expectAll(): Promise<void> {
  await views.settled();
  expect(await views.figures()).toEqual((await expectedFrom(world)).figures);
}

describe('views that cannot', () => {
  it('read a log tell those who wait, and follow it once it can be read', async () => {
    await open();
    world.publish('NL', { sha256: 'cat' });
    const { read } = world;
    world.read = () => Promise.reject(new Error('input/output error'));
    await expect(views.settled()).rejects.toThrow(ViewsFailed);
    expect(errors).toHaveLength(1);
    world.read = read;
    await expectAll();
  });

  it('get as many entries as a log has refuse to skip any', async () => {
    await open();
    world.publish('NL', { sha256: 'cat' }, { sha256: 'dog' });
    const { read } = world;
    world.read = (log, from) => read.call(world, log, from, from + 1);
    await expect(views.settled()).rejects.toThrow('gave 1 entries');
    world.read = read;
    await expectAll();
  });

  it('write follow again from where the disk is', async () => {
    await open();
    world.publish('NL', { sha256: 'cat' });
    await views.settled();
    const { batch } = db;
    db.batch = (() => ({
      put() {},
      write: () => Promise.reject(new Error('no space left on device')),
    })) as unknown as typeof db.batch;
    world.publish('AU', { sha256: 'cat' });
    await expect(views.settled()).rejects.toThrow('no space left');
    db.batch = batch;
    await expectAll();
    expect(await views.overlaps([hashOf('sha256', 'cat')])).toEqual([['AU', 'NL']]);
  });

  it('have what follows from a step told repeat the step, and commit it only then', async () => {
    const steps: number[] = [];
    await open(async (step) => {
      if (step.applied.length === 0) return;
      steps.push(step.applied.length);
      if (steps.length === 1) throw new Error('notices cannot be written');
    });
    world.publish('NL', { sha256: 'cat' });
    await expect(views.settled()).rejects.toThrow('notices cannot be written');
    expect((await views.figures()).records).toBe(0);
    await expectAll();
    expect(steps).toEqual([1, 1]);
  });
});

describe('views that are closed', () => {
  it('tell those who wait', async () => {
    await open();
    await views.close();
    await expect(views.settled()).rejects.toThrow(ViewsClosed);
  });
});

describe('a database of other versions of the views', () => {
  it('is dropped, and the logs are followed anew', async () => {
    await open();
    world.publish('NL', { sha256: 'cat' });
    await views.settled();
    await views.close();
    await db.put(Buffer.from('!'), Buffer.from('driver 0\n100'));
    await db.put(Buffer.from('h\x01leftover'), Buffer.alloc(10));
    await open();
    await expectAll();
    expect(await db.get(Buffer.from('h\x01leftover'))).toBeUndefined();
  });
});
