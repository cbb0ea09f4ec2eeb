// The folder of the project, from the source and from wherever it is compiled to.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = projectFolder();

function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package-lock.json')) || !existsSync(join(folder, 'gateway'))) {
    folder = dirname(folder);
  }
  return folder;
}
