// Where the local socket of a home lies: run/icse.sock in the home; where that path is too long for a socket
// (unix(7): 108 bytes with the final zero), in a private folder of $XDG_RUNTIME_DIR or of the temporary
// folder, and then run/socket.path says where.

import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writePrivate } from '../../certs/files.js';
import { Failure } from '../../node/failure.js';
import { homePaths } from '../../node/home/layout.js';

const MAX_PATH_BYTES = 107;
const PRIVATE_FOLDER = 0o700;

type Environment = Readonly<Record<string, string | undefined>>;

/** Makes run/ private to its owner and returns where the socket is to be bound. Throws Failure. */
export async function placeSocket(home: string, env: Environment): Promise<string> {
  const { run, socket } = homePaths(resolve(home));
  const pointer = pointerIn(run);
  await mkdir(run, { recursive: true, mode: PRIVATE_FOLDER });
  await chmod(run, PRIVATE_FOLDER);
  if (fits(socket)) {
    await rm(pointer, { force: true });
    return socket;
  }
  const elsewhere = await placeElsewhere(socket, env);
  await writePrivate(pointer, `${elsewhere}\n`);
  return elsewhere;
}

/** Where the socket of a home is to be found, whether or not a node serves it. */
export async function findSocket(home: string): Promise<string> {
  const { run, socket } = homePaths(resolve(home));
  try {
    return (await readFile(pointerIn(run), 'utf8')).trim();
  } catch {
    return socket;
  }
}

function pointerIn(run: string): string {
  return join(run, 'socket.path');
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES;
}

/** The name is made from the home's, so that each home has a folder of its own and always the same. */
async function placeElsewhere(socket: string, env: Environment): Promise<string> {
  const name = `icse-${createHash('sha256').update(socket).digest('hex').slice(0, 16)}`;
  const parents = [env.XDG_RUNTIME_DIR, tmpdir()].filter((parent) => parent !== undefined && parent !== '');
  for (const parent of parents as string[]) {
    const path = join(parent, name, 'icse.sock');
    if (!fits(path)) continue;
    await makeOwnFolder(join(parent, name));
    return path;
  }
  throw new Failure(
    'socket-path-too-long',
    `${socket} is longer than the ${MAX_PATH_BYTES} bytes that a socket's path may have: move the home, or set XDG_RUNTIME_DIR to a folder with a short path`,
  );
}

/** Others can write to a temporary folder, so what is there already must be ours alone. */
async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PRIVATE_FOLDER });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new Failure('socket-place', `${path} cannot be made: ${(error as Error).message}`, error);
    }
    const found = await lstat(path);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
      throw new Failure(
        'socket-place',
        `${path} is not a folder that only this user can open: remove it`,
        error,
      );
    }
  }
}
