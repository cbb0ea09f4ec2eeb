// A new home is built beside its place and moved there whole, so that a create that fails leaves nothing behind.
// A directory that has anything in it is somebody's, and is left alone.

import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure } from '../failure.js';

/** A directory that is in use: `code` is 'home-not-empty'. */
export class HomeNotEmpty extends Failure {
  constructor(home: string) {
    super('home-not-empty', `${home} is not empty: name a directory that is, or that is not there yet`);
  }
}

/** Names in a directory; none when it is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Failure('home-unusable', `${directory} cannot be used: ${(error as Error).message}`, error);
  }
}

/** Makes the home by building a draft of it elsewhere. Throws HomeNotEmpty, or what `build` throws. */
export async function buildHome(
  home: string,
  random: (sizeBytes: number) => Uint8Array,
  build: (draft: string) => Promise<void>,
): Promise<void> {
  const place = resolve(home);
  if ((await namesIn(place)).length > 0) throw new HomeNotEmpty(home);
  const draft = `${place}.${Buffer.from(random(6)).toString('hex')}.new`;
  try {
    await mkdir(dirname(place), { recursive: true });
    await mkdir(draft, { mode: 0o700 });
    await build(draft);
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw asFailure(home, error);
  }
  await syncDirectory(dirname(place));
}

function asFailure(home: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOTEMPTY') return new HomeNotEmpty(home);
  if (error instanceof Failure || code === undefined) return error;
  return new Failure('home-unusable', `${home} cannot be made: ${message}`, error);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
