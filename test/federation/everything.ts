// Looking through a whole home, every byte of every file, for something that must not be there.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The files below the folder that hold the bytes: as they are, in hex of either case, or in base64. */
export async function filesWith(folder: string, bytes: Uint8Array): Promise<string[]> {
  const hex = Buffer.from(bytes).toString('hex');
  const base64 = Buffer.from(bytes).toString('base64').replace(/=+$/, '');
  const sought = [Buffer.from(bytes), ...[hex, hex.toUpperCase(), base64].map((text) => Buffer.from(text))];
  for (;;) {
    try {
      return await filesThat(folder, (content) => sought.some((form) => content.includes(form)));
    } catch (error) {
      // A database has replaced one of its files meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

async function filesThat(folder: string, holds: (content: Buffer) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    if (holds(await readFile(path))) found.push(path);
  }
  return found;
}
