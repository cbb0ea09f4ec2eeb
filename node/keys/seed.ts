// A member's one secret, the seed, and the keys derived from it: one key, one purpose.
// Derivation is libsodium's crypto_kdf (BLAKE2b, keyed, with a numbered subkey and an 8-byte context),
// so that losing one derived key tells nothing about the seed or about the others.
//
//   context 'icsekeys'   1 log   2 receipt   3 session   (Ed25519 seeds)
//                        4 sealing (X25519 secret key)   5 record secret (never leaves home)

import sodium from 'libsodium-wrappers';
import { type KeyPair, keyPairOf } from './ed25519.js';

await sodium.ready;

/** Bytes of a seed and of every derived secret. */
export const SEED_BYTES = 32;

const CONTEXT = 'icsekeys';
/** Numbers are for good: a changed number is another key, and another member in the eyes of everybody. */
const SUBKEY = { log: 1, receipt: 2, session: 3, sealing: 4, record: 5 } as const;

/** An X25519 key pair (RFC 7748), 32 bytes each. */
export interface SealingKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export interface MemberSecrets {
  /** Signs checkpoints of the member's own log. */
  readonly log: KeyPair;
  /** Cosigns the tree heads of others' logs. */
  readonly receipt: KeyPair;
  /** Signs hellos and frames. */
  readonly session: KeyPair;
  /** Opens what is sealed for the member. */
  readonly sealing: SealingKeyPair;
  /** 32 bytes from which record ids and the keys of holdings are derived at home. */
  readonly recordSecret: Uint8Array;
}

/** What others may know of a member's keys: 32 bytes each. */
export interface MemberPublicKeys {
  readonly log: Uint8Array;
  readonly receipt: Uint8Array;
  readonly session: Uint8Array;
  readonly sealing: Uint8Array;
}

/** A new seed from the given source of randomness. */
export function newSeed(random: (sizeBytes: number) => Uint8Array): Uint8Array {
  const seed = random(SEED_BYTES);
  if (seed.length !== SEED_BYTES) {
    throw new RangeError(`the source of randomness gave ${seed.length} bytes, not ${SEED_BYTES}`);
  }
  return seed;
}

/** Every secret of the member that owns the seed. The same seed gives the same secrets, for good. */
export function deriveSecrets(seed: Uint8Array): MemberSecrets {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  const sealingSecret = subkey(seed, SUBKEY.sealing);
  return {
    log: signingPair(seed, SUBKEY.log),
    receipt: signingPair(seed, SUBKEY.receipt),
    session: signingPair(seed, SUBKEY.session),
    sealing: { publicKey: sodium.crypto_scalarmult_base(sealingSecret), secretKey: sealingSecret },
    recordSecret: subkey(seed, SUBKEY.record),
  };
}

/** The public halves, as the registry lists them. */
export function publicKeysOf(secrets: MemberSecrets): MemberPublicKeys {
  return {
    log: secrets.log.publicKey,
    receipt: secrets.receipt.publicKey,
    session: secrets.session.publicKey,
    sealing: secrets.sealing.publicKey,
  };
}

function signingPair(seed: Uint8Array, number: number): KeyPair {
  const signingSeed = subkey(seed, number);
  try {
    return keyPairOf(signingSeed);
  } finally {
    sodium.memzero(signingSeed);
  }
}

function subkey(seed: Uint8Array, number: number): Uint8Array {
  return sodium.crypto_kdf_derive_from_key(SEED_BYTES, number, CONTEXT, seed);
}
