// Files that only their owner may read (mode 0600): made once and whole, and refused when others can read them.

import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../failure.js';

export type PrivateFileCode = 'file-missing' | 'file-exists' | 'file-permissions' | 'file-unreadable';

/** A private file that cannot be read or made; the sentence names it. */
export class BadPrivateFile extends Failure {
  declare readonly code: PrivateFileCode;

  constructor(code: PrivateFileCode, message: string, cause?: unknown) {
    super(code, message, cause);
  }
}

/**
 * Writes a new file, on disk when it resolves. `unique` names the temporary file beside it.
 * Linked and not renamed into place, because a rename overwrites. Throws BadPrivateFile ('file-exists').
 */
export async function createPrivateFile(path: string, text: string, unique: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${unique}.new`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await syncAndClose(file, text);
    await link(temporary, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new BadPrivateFile('file-exists', `${path} exists and is not overwritten`, cause);
  } finally {
    await unlink(temporary);
  }
  await syncAndClose(await open(dirname(path), 'r'), undefined);
}

/** The text of a file that its owner alone can read. Throws BadPrivateFile. */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new BadPrivateFile('file-permissions', `others can use ${path}: run chmod 600 ${path}`);
    }
    if (size > maxBytes) {
      throw new BadPrivateFile('file-unreadable', `${path} is over ${maxBytes} bytes: name the right file`);
    }
    return await file.readFile('utf8');
  } catch (cause) {
    throw cause instanceof BadPrivateFile ? cause : unreadable(path, cause as NodeJS.ErrnoException);
  } finally {
    await file?.close();
  }
}

async function syncAndClose(file: FileHandle, text: string | undefined): Promise<void> {
  try {
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: NodeJS.ErrnoException): BadPrivateFile {
  switch (cause.code) {
    case 'ENOENT':
      return new BadPrivateFile('file-missing', `there is no file ${path}`, cause);
    case 'EACCES':
      return new BadPrivateFile('file-permissions', `this user cannot read ${path}: run as its owner`, cause);
    default:
      return new BadPrivateFile(
        'file-unreadable',
        `${path} cannot be read (${cause.code}): check the path and the disk`,
        cause,
      );
  }
}
