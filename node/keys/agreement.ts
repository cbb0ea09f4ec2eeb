// X25519 (RFC 7748, section 6.1) between two members, and HMAC-SHA-256 (RFC 2104) under the shared secret
// as proof that the sender holds the secret half of a sealing key, which cannot sign.
// A public key of low order gives an all-zero secret that anybody knows: it is refused.

import { createHmac, timingSafeEqual } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { Failure } from '../failure.js';

await sodium.ready;

const KEY_BYTES = 32;

/** A public key with which no secret can be shared: `code` is 'bad-agreement-key'. */
export class BadAgreementKey extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-agreement-key', message, cause);
  }
}

/** The 32-byte secret that the owners of both keys share. Throws BadAgreementKey. */
export function sharedSecret(mySecretKey: Uint8Array, theirPublicKey: Uint8Array): Uint8Array {
  if (mySecretKey.length !== KEY_BYTES) throw new RangeError(`an X25519 secret key has ${KEY_BYTES} bytes`);
  if (theirPublicKey.length !== KEY_BYTES) {
    throw new BadAgreementKey(`an X25519 public key has ${KEY_BYTES} bytes, not ${theirPublicKey.length}`);
  }
  try {
    // libsodium fails when the result is all zero, in constant time.
    return sodium.crypto_scalarmult(mySecretKey, theirPublicKey);
  } catch (cause) {
    throw new BadAgreementKey('the X25519 public key is of low order and shares no secret', cause);
  }
}

/** 32 bytes that only a holder of the shared secret can make for this text. */
export function proofOfAgreement(shared: Uint8Array, text: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', shared).update(text).digest());
}

/** True only when `proof` is the proof for this text; takes the same time wherever the bytes differ. */
export function isProofOfAgreement(shared: Uint8Array, text: Uint8Array, proof: Uint8Array): boolean {
  const expected = proofOfAgreement(shared, text);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}
