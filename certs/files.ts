// Keys, certificates and revocation lists on disk. A file is there whole or not at all, also after a power
// cut: written beside its place, synced, renamed, and the folder synced (rename(2), fsync(2)).

import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../node/failure.js';

const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** A revocation list of 20,000 certificates in PEM has 1.5 MB. */
const PEM_BYTES_MAX = 2_000_000;

/** A file that is missing, cannot be read, or is not PEM: `code` is 'bad-file'. */
export class BadFile extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-file', message, cause);
  }
}

async function writeSynced(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    // The mode given to open is cut by the process's umask.
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function replaceFile(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeSynced(temporary, data, mode);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new BadFile(`${path} cannot be written: ${(cause as Error).message}`, cause);
  }
  await syncFolder(dirname(path));
}

/** Writes a file that its owner alone may read. Throws BadFile. */
export function writePrivate(path: string, data: string | Uint8Array): Promise<void> {
  return replaceFile(path, data, PRIVATE_MODE);
}

/** Writes a file that everybody on the machine may read. Throws BadFile. */
export function writePublic(path: string, data: string | Uint8Array): Promise<void> {
  return replaceFile(path, data, PUBLIC_MODE);
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > PEM_BYTES_MAX) throw new BadFile(`${path} has ${size} bytes, too many for a PEM file`);
    return await readFile(path, 'latin1');
  } catch (cause) {
    if (cause instanceof BadFile) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new BadFile(
      isMissing ? `${path} is missing` : `${path} cannot be read: ${(cause as Error).message}`,
      cause,
    );
  }
}

/** Reads a file of one or more PEM blocks; what is in them is for their reader to check. Throws BadFile. */
export async function readPem(path: string): Promise<string> {
  const text = await readBounded(path);
  const block = /-----BEGIN ([A-Z0-9 ]+)-----\n[A-Za-z0-9+/=\n]+\n-----END \1-----\n/y;
  let end = 0;
  while (end < text.length && block.test(text)) end = block.lastIndex;
  if (end === 0 || end < text.length) throw new BadFile(`${path} is not a PEM file (-----BEGIN ...-----)`);
  return text;
}
