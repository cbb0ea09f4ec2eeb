// The root's keys, from the folder that the operator brings out for what only the root may do.

import { type Authority, decodeRoot, federationIdOf } from '../../certs/authority.js';
import { readPem } from '../../certs/files.js';
import { publicKeyOf } from '../../certs/rsa.js';
import { Failure } from '../failure.js';
import type { Federation } from '../home/federation.js';
import { rootPaths } from '../home/layout.js';
import { readTlsKey } from '../home/tls-files.js';
import { keyPairOf } from '../keys/ed25519.js';
import { readSeedFile } from '../keys/seed-file.js';

/** A folder that has not this federation's root: `code` is 'bad-root'. */
export class BadRoot extends Failure {
  constructor(message: string) {
    super('bad-root', message);
  }
}

export interface RootKeys {
  readonly authority: Authority;
  /** Ed25519, 64 bytes. */
  readonly secretKey: Uint8Array;
}

/** Reads the root's keys and checks that they are this federation's. Throws BadRoot, BadFile, BadSeedFile. */
export async function readRootKeys(
  directory: string,
  { federation, rootKey }: Federation,
  passphrase?: string,
): Promise<RootKeys> {
  const paths = rootPaths(directory);
  const certificatePem = await readPem(paths.certificate);
  if (federationIdOf(certificatePem) !== federation) {
    throw new BadRoot(
      `${paths.certificate} is not the root of this federation: name the right folder with --root`,
    );
  }
  const privateKeyPem = await readTlsKey(paths.key);
  if (Buffer.compare(decodeRoot(certificatePem).publicKey, publicKeyOf(privateKeyPem)) !== 0) {
    throw new BadRoot(`${paths.key} is not the key of ${paths.certificate}`);
  }
  const pair = keyPairOf(await readSeedFile(paths.seed, { passphrase }));
  if (Buffer.compare(pair.publicKey, rootKey) !== 0) {
    throw new BadRoot(`${paths.seed} is not the root key of this federation`);
  }
  return { authority: { certificatePem, privateKeyPem }, secretKey: pair.secretKey };
}
