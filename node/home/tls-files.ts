// The TLS files of a home as one identity. Renewing replaces the certificate alone, in one rename: the key
// stays, so there is no moment at which certificate and key do not belong together. Whoever steals the key has
// the seed beside it as well, and `--replace` changes both.

import { readPem, writePrivate, writePublic } from '../../certs/files.js';
import { publicKeyOf } from '../../certs/rsa.js';
import { decodeCertificate } from '../../certs/x509.js';
import type { TlsIdentity } from '../exchange/tls.js';
import { Failure } from '../failure.js';
import { readPrivateFile } from '../keys/private-file.js';
import type { TlsPaths } from './layout.js';

/** An RSA key of 4096 bits in PEM has 3.3 KB. */
const MAX_KEY_BYTES = 8192;

/** TLS files that do not belong together: `code` is 'bad-tls-files'. */
export class BadTlsFiles extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-tls-files', message, cause);
  }
}

/** A certificate and that of the authority that issued it, one PEM block each. */
export interface CertificateChain {
  readonly leafPem: string;
  readonly issuingPem: string;
}

/** Reads the identity; whether it is still valid is for TLS to say. Throws BadTlsFiles, BadFile, BadCertificate. */
export async function readTlsFiles(paths: TlsPaths): Promise<TlsIdentity> {
  const [chain, keyPem, rootPem] = await Promise.all([
    readPem(paths.node),
    readTlsKey(paths.key),
    readPem(paths.root),
  ]);
  const [leafPem, issuingPem, more] = chain.match(/-----BEGIN [\s\S]*?-----END CERTIFICATE-----\n/g) ?? [];
  if (leafPem === undefined || issuingPem === undefined || more !== undefined) {
    throw new BadTlsFiles(
      `${paths.node} must hold two certificates: the node's, then the issuing authority's`,
    );
  }
  const certified = decodeCertificate(leafPem).publicKey;
  if (Buffer.compare(certified, publicKeyOf(keyPem)) !== 0) {
    throw new BadTlsFiles(`${paths.key} is not the key of ${paths.node}: restore both from the same copy`);
  }
  return { leafPem, issuingPem, keyPem, rootPem };
}

/** The node's private key. Throws BadPrivateFile. */
export async function readTlsKey(path: string): Promise<string> {
  return readPrivateFile(path, MAX_KEY_BYTES);
}

/** Writes the key, then the certificates. Throws BadFile. */
export async function writeTlsFiles(paths: TlsPaths, identity: TlsIdentity): Promise<void> {
  await writePrivate(paths.key, identity.keyPem);
  await writePublic(paths.root, identity.rootPem);
  await writeChain(paths, identity);
}

/** Replaces the node's certificate. Throws BadFile. */
export function writeChain(paths: TlsPaths, { leafPem, issuingPem }: CertificateChain): Promise<void> {
  return writePublic(paths.node, leafPem + issuingPem);
}
