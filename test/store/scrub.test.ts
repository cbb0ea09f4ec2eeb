// What was deleted is in no file of the database once it has been scrubbed, wherever LevelDB has put its tables.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGate } from '../../node/store/gate.js';
import { scrub } from '../../node/store/scrub.js';
import { filesWith } from '../federation/everything.js';

const SECRET = Buffer.from('what is taken back');
const BYTES = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

let directory: string;
let db: ClassicLevel<Buffer, Buffer>;

beforeEach(openNew);
afterEach(remove);

async function openNew(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'icse-scrub-'));
  db = new ClassicLevel(directory, { ...BYTES, compression: false });
  await db.open();
}

async function remove(): Promise<void> {
  await db.close();
  await rm(directory, { recursive: true });
}

async function restart(): Promise<void> {
  await db.close();
  await db.open();
}

async function takeBack(key: string): Promise<void> {
  await db.put(Buffer.from(key), SECRET);
  await db.put(Buffer.from(`${key} too`), Buffer.from('stays'));
  await db.del(Buffer.from(key));
}

async function expectNothing(): Promise<void> {
  await scrub(db, createGate());
  expect(await filesWith(directory, SECRET)).toEqual([]);
}

describe('what was deleted is in no file after scrubbing', () => {
  it('of a database that was never closed', async () => {
    await takeBack('m');
    await expectNothing();
    expect(await db.get(Buffer.from('m too'))).toEqual(Buffer.from('stays'));
  });

  it('when a restart has left a small table elsewhere', async () => {
    await db.put(Buffer.from('a'), Buffer.from('from before'));
    await restart();
    await takeBack('m');
    await expectNothing();
  });

  it('when tables lie on several levels', async () => {
    for (const key of ['a', 'z', 'c', 'x']) {
      await db.put(Buffer.from(key), Buffer.alloc(300_000, key));
      await restart();
      await takeBack(`${key} m`);
      await takeBack('m');
      if (key === 'z') await scrub(db, createGate());
    }
    await expectNothing();
    for (const key of ['a', 'z', 'c', 'x']) expect(await db.get(Buffer.from(key))).toHaveLength(300_000);
  });

  it('whatever was written, deleted and restarted before', async () => {
    const act = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          key: fc.constantFrom(...'abcdefgh'),
          kilobytes: fc.constantFrom(0, 0, 0, 200),
        }),
      },
      { weight: 3, arbitrary: fc.record({ gone: fc.constantFrom(...'abcdefgh') }) },
      fc.constant('restart' as const),
      fc.constant('scrub' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 30 }), async (acts) => {
        await remove();
        await openNew();
        const live = new Map<string, Buffer>();
        const written: Buffer[] = [];
        for (const done of acts) {
          if (done === 'restart') await restart();
          else if (done === 'scrub') await scrub(db, createGate());
          else if ('gone' in done) {
            live.delete(done.gone);
            await db.del(Buffer.from(done.gone));
          } else {
            const value = Buffer.from(
              `value ${written.length} `.padEnd(20, '.').repeat(1 + 50 * done.kilobytes),
            );
            written.push(value);
            live.set(done.key, value);
            await db.put(Buffer.from(done.key), value);
          }
        }
        await scrub(db, createGate());
        for (const value of written) {
          const isLive = [...live.values()].includes(value);
          expect((await filesWith(directory, value.subarray(0, 20))).length > 0).toBe(isLive);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('and nothing of how it is done can be read', async () => {
    await takeBack('m');
    await expectNothing();
    expect((await db.keys().all()).map(String)).toEqual(['m too']);
  });
});
