// The thread that sorts long logs, as it is built: what it gives is what the same function gives here.

import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { expect, it } from 'vitest';
import { logNumber, type MemberNumber } from '../../node/views/position.js';
import { type Stretch, sortOut } from '../../node/views/sort-out.js';
import { builtThread } from './built-thread.js';
import { entryOf } from './records.js';
import { EAGER_BULK, Node, World } from './world.js';

function aStretch(): Stretch {
  const entries = Array.from({ length: 64 }, (_, i) =>
    i === 7 ? new Uint8Array(0) : entryOf({ sha256: `cat ${i % 60}`, md5: `${i}`, keepUntilDay: i % 3 }),
  );
  const lengths = Uint32Array.from(entries, ({ length }) => length);
  const log = logNumber('\0\x01' as MemberNumber, 1);
  return { log, from: 5, day: 1, bytes: new Uint8Array(Buffer.concat(entries)), lengths };
}

it('the thread tells the same records apart, and makes the same run and packs', async () => {
  const thread = await builtThread();
  const here = sortOut(aStretch(), []);
  for (const filters of [[], [here.run.filter]]) {
    const there = await thread.sort(aStretch(), filters);
    const expected = sortOut(aStretch(), filters);
    expect([...there.fates]).toEqual([...expected.fates]);
    expect(Buffer.from(there.run.rows)).toEqual(Buffer.from(expected.run.rows));
    expect(there.run.fences).toEqual(expected.run.fences);
    expect(Buffer.from(there.packs)).toEqual(Buffer.from(expected.packs));
    expect(there.expiring).toEqual(expected.expiring);
  }
  expect(here.run.fences.length).toBeGreaterThan(0);
});

it('a merge that fails on the thread is made again, and the views end as without a thread', async () => {
  const thread = await builtThread();
  let fails = true;
  const merges: number[] = [];
  const sorter = {
    ...thread,
    merge: async (...[database, task]: Parameters<typeof thread.merge>) => {
      merges.push(task.keys);
      // After its blocks are written, as when the thread ends before it has answered.
      const merged = await thread.merge(database, task);
      if (!fails) return merged;
      fails = false;
      throw new Error('the thread ended with code 1');
    },
  };
  const world = new World();
  const errors: object[] = [];
  const log = { info: () => undefined, error: (_facts: object, message: string) => errors.push({ message }) };
  const node = await Node.start(world, { bulk: EAGER_BULK, sorter, log });
  const plain = await Node.start(world);
  for (let i = 0; i < 8; i++) {
    world.publish('NL', ...Array.from({ length: 64 }, (_, n) => ({ sha256: `${i} ${n}`, id: `${i} ${n}` })));
    // Whoever waits is told of a failure; the next wait is for what was tried again.
    await node.views.settled().catch(() => node.views.settled());
  }
  expect(errors).toHaveLength(1);
  expect(merges.length).toBeGreaterThan(3);
  expect(await node.viewsDigest()).toBe(await plain.viewsDigest());
  await node.restart();
  expect(await node.rebuiltDigest()).toBe(await plain.viewsDigest());
  await node.stop();
  await plain.stop();
});

it('a database that is not open for threads is not merged in, and the thread goes on', async () => {
  const thread = await builtThread();
  const directory = await mkdtemp(join(tmpdir(), 'icse-thread-'));
  const database = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await database.open();
  await expect(thread.merge(database, { runs: [], id: 1, keys: 1 })).rejects.toThrow();
  expect((await thread.sort(aStretch(), [])).run.fences.length).toBeGreaterThan(0);
  await database.close();
  await rm(directory, { recursive: true });
});

it('runs that are enough to merge are merged when nothing else is to be done', async () => {
  const thread = await builtThread();
  const begun: number[] = [];
  const world = new World();
  const merges = new EventEmitter();
  const merge: typeof thread.merge = async (database, task) => {
    begun.push(task.runs.length);
    const run = await thread.merge(database, task);
    merges.emit('end');
    return run;
  };
  world.publish('NL', ...Array.from({ length: 96 }, (_, n) => ({ sha256: `${n}`, id: `${n}` })));
  const end = once(merges, 'end');
  const node = await Node.start(world, { bulk: EAGER_BULK, sorter: { ...thread, merge } });
  const before = await node.viewsDigest();
  await end;
  expect(begun[0]).toBe(2);
  expect(await node.viewsDigest()).toBe(before);
  await node.restart();
  expect(await node.viewsDigest()).toBe(before);
  await node.stop();
});
