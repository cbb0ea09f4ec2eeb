// The bugs that `npm run -s chaos -- --planted` looks for follow the code: each still finds its place in it. One that is
// found in a single history shows that the rest of the way works.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPlanted, PLANTS, withBug } from './planted.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A history with a lying hub; should chance spare all its false faults one day, others follow. */
const SEED = 2;
const HISTORIES = 40;
const FINDING_MS = 120_000;

describe('planted bugs', () => {
  let folder = '';
  let compiled = '';

  beforeAll(async () => {
    // Beside what is compiled otherwise, so that packages are found.
    await mkdir(join(ROOT, 'dist'), { recursive: true });
    folder = await mkdtemp(join(ROOT, 'dist', 'planted-test-'));
    compiled = join(folder, 'compiled');
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    await promisify(execFile)(tsc, ['-p', join(ROOT, 'test', 'chaos'), '--outDir', compiled]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(PLANTS)('$name has its place in $file', async (plant) => {
    const source = await readFile(join(compiled, plant.file), 'utf8');
    expect(withBug(source, plant)).not.toBe(source);
  });

  it(
    'one that lets a lie pass is found',
    async () => {
      const plant = PLANTS.find(({ name }) => name === 'false fault passed over');
      if (plant === undefined) throw new Error('no such plant');
      const found = await findPlanted(compiled, plant, HISTORIES, SEED);
      expect(found.by).toMatch(/^every lie is caught: .* \(false fault\) and goes on$/);
    },
    FINDING_MS,
  );
});
