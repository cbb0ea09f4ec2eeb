// The temporary folder of a run: everything is written there, and it is gone at the end.

import { rmSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch {
  readonly folder: string;
  /** A path in the folder that nothing has yet. */
  fresh(name: string): string;
  /** A copy of a home whose node is stopped. */
  copied(home: string): Promise<string>;
  remove(path: string): Promise<void>;
}

/** Makes the folder; it is removed when the process ends, again while processes that end still write to it. */
export async function makeScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'icse-bench-'));
  process.once('exit', () =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  );
  let count = 0;
  const fresh = (name: string): string => join(folder, `${name}-${++count}`);
  return {
    folder,
    fresh,
    async copied(home) {
      const copy = fresh('copy');
      await cp(home, copy, { recursive: true, preserveTimestamps: true });
      return copy;
    },
    remove: (path) => rm(path, { recursive: true, force: true }),
  };
}

/** Bytes that the files under the path take on the disk: blocks, as du counts. */
export async function diskBytes(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).blocks * 512;
  }
  return bytes;
}
