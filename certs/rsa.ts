// RSA keys (RFC 8017) by node:crypto: 3072 bits for the authorities, 2048 for nodes. Signatures are
// PKCS#1 v1.5 with SHA-256, the form that every X.509 tool reads; TLS 1.3 itself uses PSS with the same keys.

import { createPublicKey, generateKeyPair, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '../node/failure.js';
import { type Der, nullValue, objectId, sequence } from './der.js';

/** Below 2048 bits RSA is too weak; above 4096 a check costs a peer too much. */
const KEY_BITS_MIN = 2048;
const KEY_BITS_MAX = 4096;
const PUBLIC_EXPONENT = 65537n;

/** A key that the federation does not take: `code` is 'bad-key'. */
export class BadKey extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-key', message, cause);
  }
}

/** A new private key as PKCS#8 PEM. */
export async function generateRsaKey(modulusLength: number): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}

/** The SubjectPublicKeyInfo (DER) of a private key in PEM. */
export function publicKeyOf(privateKeyPem: string): Uint8Array {
  return new Uint8Array(createPublicKey(privateKeyPem).export({ type: 'spki', format: 'der' }));
}

/** Checks a SubjectPublicKeyInfo (DER): RSA, 2048 to 4096 bits, exponent 65537. Throws BadKey. */
export function checkPublicKey(spki: Uint8Array): void {
  let key: ReturnType<typeof createPublicKey>;
  let printed: Buffer;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    printed = key.export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw new BadKey('the public key cannot be read', cause);
  }
  if (key.asymmetricKeyType !== 'rsa') throw new BadKey('the public key is not an RSA key');
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < KEY_BITS_MIN || modulusLength > KEY_BITS_MAX) {
    throw new BadKey(
      `the RSA key has ${modulusLength} bits; ${KEY_BITS_MIN} to ${KEY_BITS_MAX} are accepted`,
    );
  }
  if (publicExponent !== PUBLIC_EXPONENT) {
    throw new BadKey(`the RSA key's exponent is ${publicExponent}; only ${PUBLIC_EXPONENT} is accepted`);
  }
  if (!printed.equals(spki)) throw new BadKey('the public key is not in its one DER encoding');
}

/** The AlgorithmIdentifier sha256WithRSAEncryption (RFC 4055 section 5). */
export function sha256WithRsa(): Der {
  return sequence(objectId('1.2.840.113549.1.1.11'), nullValue());
}

export function signSha256(privateKeyPem: string, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', message, privateKeyPem));
}

/** True only when the signature is the key's over the message. `spki` has passed `checkPublicKey`. */
export function isSignedBy(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return verify('sha256', message, key, signature);
}
