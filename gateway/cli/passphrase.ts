// The passphrase of the seed, for a start without a person: the first line of the file that
// ICSE_PASSPHRASE_FILE names. Never from arguments, which every user of the machine can read.

import { readPassphraseFile } from '../../node/keys/seed-file.js';
import type { Environment } from './terminal.js';

/** The passphrase, or undefined when none is configured. Throws BadSeedFile. */
export async function passphraseOf(env: Environment): Promise<string | undefined> {
  const path = env.ICSE_PASSPHRASE_FILE ?? '';
  return path === '' ? undefined : readPassphraseFile(path);
}
