// The peers are a package of their own, which only the bench needs: installed from its lock file when it is not
// there, and loaded from its folder.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../project.js';

const FOLDER = join(PROJECT, 'bench', 'peers');
const INSTALL_MS = 180_000;

/** Installs the peers unless they are there. */
export async function installPeers(say: (line: string) => void): Promise<void> {
  if (existsSync(join(FOLDER, 'node_modules', '.package-lock.json'))) return;
  say('the peers are installed');
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: FOLDER,
    timeout: INSTALL_MS,
  });
}

/** A peer's module; its types are for the caller to say. */
export function peer<T>(name: string): T {
  return createRequire(join(FOLDER, 'package.json'))(name) as T;
}
