// Damage to LevelDB files of a node that is stopped, as disks and copies do it.

import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

/** Brings everything into tables, as time does. */
export async function settleIntoTables(directory: string): Promise<void> {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: 'view', compression: false });
  await db.open();
  await db.compactRange(new Uint8Array(1), new Uint8Array(4).fill(0xff), { keyEncoding: 'view' });
  await db.close();
}

/** Cuts the largest file that fits in half. */
export async function cutShort(directory: string, pattern: RegExp): Promise<void> {
  const { path, sizeBytes } = await largestFile(directory, pattern);
  await truncate(path, Math.floor(sizeBytes / 2));
}

/** Flips one bit in the middle of the largest file that fits. */
export async function flipBit(directory: string, pattern: RegExp): Promise<void> {
  const { path, sizeBytes } = await largestFile(directory, pattern);
  const bytes = await readFile(path);
  const at = Math.floor(sizeBytes / 2);
  bytes[at] = (bytes[at] as number) ^ 0x04;
  await writeFile(path, bytes);
}

async function largestFile(directory: string, pattern: RegExp): Promise<{ path: string; sizeBytes: number }> {
  const names = (await readdir(directory)).filter((name) => pattern.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({
      path: join(directory, name),
      sizeBytes: (await stat(join(directory, name))).size,
    })),
  );
  const [largest] = files.sort((a, b) => b.sizeBytes - a.sizeBytes);
  if (largest === undefined) throw new Error(`nothing like ${pattern} in ${directory}`);
  return largest;
}
