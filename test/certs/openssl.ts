// What the openssl of this machine says to our certificates and revocation lists.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOW } from './authorities.js';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('no openssl on this machine: what it says to our certificates is not tested');

export interface Verification {
  readonly leaf: string;
  readonly root: string;
  /** Certificates between leaf and root. */
  readonly between: readonly string[];
  /** With them, every certificate of the chain is looked up. */
  readonly revocationLists?: readonly string[];
  readonly purpose?: string;
  readonly at?: Date;
}

/** `OK`, or openssl's complaint about the chain. */
export function opensslVerdict(verification: Verification): string {
  const folder = mkdtempSync(join(tmpdir(), 'icse-openssl-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  try {
    const { leaf, root, between, revocationLists, purpose = 'sslserver', at = NOW } = verification;
    const lists = revocationLists?.join('');
    const { status, stderr } = spawnSync('openssl', [
      ...['verify', '-x509_strict', '-purpose', purpose],
      ...['-attime', String(Math.floor(at.getTime() / 1000))],
      ...['-CAfile', file('root.pem', root), '-untrusted', file('between.pem', between.join(''))],
      ...(lists === undefined ? [] : ['-crl_check_all', '-CRLfile', file('lists.pem', lists)]),
      file('leaf.pem', leaf),
    ]);
    return status === 0 ? 'OK' : stderr.toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
