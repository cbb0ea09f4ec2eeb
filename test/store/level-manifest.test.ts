import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tablesIn } from '../../node/store/level-manifest.js';
import { findLoss } from '../../node/store/level-recovery.js';

describe('the manifest of a LevelDB', () => {
  let directory: string;

  /** Tables of several generations: small buffers, overwritten keys, and compactions between. */
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'icse-manifest-'));
    for (let life = 0; life < 3; life++) {
      const db = new ClassicLevel(directory, { writeBufferSize: 64 * 1024, maxFileSize: 1024 * 1024 });
      for (let i = 0; i < 300; i += 10) {
        const keys = Array.from({ length: 10 }, (_, at) => `key ${(i + at) % 200}`);
        await db.batch(keys.map((key) => ({ type: 'put', key, value: randomBytes(10_000).toString('hex') })));
      }
      if (life === 1) await db.compactRange('key 1', 'key 5');
      await db.close();
    }
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** The tables that the manifest names, by their files; obsolete ones may lie beside them for a while. */
  async function tables(): Promise<Map<string, number>> {
    const manifest = (await readFile(join(directory, 'CURRENT'), 'utf8')).trim();
    const named = tablesIn(await readFile(join(directory, manifest)));
    return new Map([...named].map(([number, size]) => [`${String(number).padStart(6, '0')}.ldb`, size]));
  }

  it('names every table with its size', async () => {
    const named = await tables();
    expect(named.size).toBeGreaterThan(3);
    for (const [name, size] of named) expect((await stat(join(directory, name))).size).toBe(size);
  });

  it('shows a table that was cut short, and one that is gone', async () => {
    expect(await findLoss(directory)).toBeUndefined();
    const [first, second] = [...(await tables()).keys()].sort() as [string, string];
    const { size } = await stat(join(directory, first));
    await truncate(join(directory, first), size - 1);
    expect(await findLoss(directory)).toBe(`${first} has ${size - 1} bytes and not ${size}`);
    await truncate(join(directory, first), 0);
    expect(await findLoss(directory)).toBe(`${first} has 0 bytes and not ${size}`);
    await rm(join(directory, second));
    expect(await findLoss(directory)).toMatch(/ is missing$| bytes and not /);
  });

  it('knows nothing of a table that was being written when the process was killed', async () => {
    await writeFile(join(directory, '999999.ldb'), randomBytes(100));
    expect(await findLoss(directory)).toBeUndefined();
  });
});
