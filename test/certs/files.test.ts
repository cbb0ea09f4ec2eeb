// Keys and certificates on disk.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BadFile, readPem, writePrivate, writePublic } from '../../certs/files.js';
import { encodePem } from '../../certs/pem.js';

const PEM = encodePem('CERTIFICATE', new Uint8Array(100));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icse-files-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

test('a private file is for its owner alone, also where it replaces a file that was not', async () => {
  const path = join(folder, 'node.key');
  await writeFile(path, 'old', { mode: 0o644 });
  await writePrivate(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await modeOf(path)).toBe(0o600);
});

test('a public file is for everybody, whatever the umask', async () => {
  const path = join(folder, 'node.pem');
  await writePublic(path, PEM + PEM);
  expect(await modeOf(path)).toBe(0o644);
  expect(await readPem(path)).toBe(PEM + PEM);
});

test('a write that fails names the file, and leaves nothing behind', async () => {
  const inner = join(folder, 'inner');
  await mkdir(join(inner, 'taken'), { recursive: true });
  await expect(writePrivate(join(inner, 'taken'), 'x')).rejects.toThrow(/inner\/taken cannot be written/);
  await expect(writePrivate(join(folder, 'nowhere', 'node.key'), 'x')).rejects.toThrow(BadFile);
  expect(await readdir(inner)).toEqual(['taken']);
});

test('reading names the file that is missing, or that is no PEM', async () => {
  await expect(readPem(join(folder, 'root.pem'))).rejects.toThrow(/root\.pem is missing$/);
  await expect(readPem(folder)).rejects.toThrow(BadFile);
  for (const text of ['', 'hello', `hello\n${PEM}`, `${PEM}hello`, PEM.slice(0, -10)]) {
    await writeFile(join(folder, 'bad.pem'), text);
    await expect(readPem(join(folder, 'bad.pem'))).rejects.toThrow(/bad\.pem is not a PEM file/);
  }
});
