// RSA keys (RFC 8017) by node:crypto: 3072 bits for the authorities, 2048 for nodes. Signatures are
// PKCS#1 v1.5 with SHA-256, the form that every X.509 tool reads; TLS 1.3 itself uses PSS with the same keys.

import { createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '../node/failure.js';
import {
  bits,
  bitsOf,
  type Der,
  decodeDer,
  encodeDer,
  nullValue,
  objectId,
  objectIdOf,
  partsOf,
  sequence,
} from './der.js';

/** Below 2048 bits RSA is too weak; above 4096 a check costs a peer too much. */
const KEY_BITS_MIN = 2048;
const KEY_BITS_MAX = 4096;
const PUBLIC_EXPONENT = 65537n;
/** A key of 8192 bits has 1.1 KB: it is read, to say that it is too long. */
const SPKI_BYTES_MAX = 4096;
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

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
  const key = keyIn(spki);
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < KEY_BITS_MIN || modulusLength > KEY_BITS_MAX) {
    throw new BadKey(
      `the RSA key has ${modulusLength} bits; ${KEY_BITS_MIN} to ${KEY_BITS_MAX} are accepted`,
    );
  }
  if (publicExponent !== PUBLIC_EXPONENT) {
    throw new BadKey(`the RSA key's exponent is ${publicExponent}; only ${PUBLIC_EXPONENT} is accepted`);
  }
  const printed = encodeDer(sequence(rsaEncryption(), bits(key.export({ type: 'pkcs1', format: 'der' }))));
  if (Buffer.compare(printed, spki) !== 0) throw new BadKey('the public key is not in its one DER encoding');
}

/**
 * The key in a SubjectPublicKeyInfo. OpenSSL is given the RSAPublicKey inside alone: it takes some thirty times as
 * long to find out what a SubjectPublicKeyInfo holds, and strangers may send one. Throws BadKey.
 */
function keyIn(spki: Uint8Array): KeyObject {
  try {
    const [algorithm, key] = partsOf(decodeDer(spki, SPKI_BYTES_MAX));
    if (objectIdOf(partsOf(algorithm)[0]) !== RSA_ENCRYPTION) {
      throw new BadKey('the public key is not an RSA key');
    }
    return createPublicKey({ key: Buffer.from(bitsOf(key)), format: 'der', type: 'pkcs1' });
  } catch (cause) {
    throw cause instanceof BadKey ? cause : new BadKey('the public key cannot be read', cause);
  }
}

/** The AlgorithmIdentifier rsaEncryption (RFC 4055 section 1.2). */
function rsaEncryption(): Der {
  return sequence(objectId(RSA_ENCRYPTION), nullValue());
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
  return verify('sha256', message, keyIn(spki), signature);
}
