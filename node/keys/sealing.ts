// Sealing bytes for the owners of some X25519 keys, on libsodium. One random content key for each sealing encrypts the
// content once; it is wrapped for each owner as in libsodium's sealed boxes, but with one ephemeral key for all of them:
//
//   wrapped key   crypto_box_easy(content key, BLAKE2b-24(ephemeral public key || owner's public key),
//                 owner's public key, ephemeral secret key)                                              48 bytes
//   ciphertext    XChaCha20-Poly1305 (IETF) of the content, padded by ISO/IEC 7816-4 to a step of 256 bytes
//
// The nonce of the ciphertext is zero: the content key encrypts nothing else, ever.

import sodium from 'libsodium-wrappers';
import { Failure } from '../failure.js';
import { PADDING_BYTES } from '../statements/sealed.js';
import type { SealingKeyPair } from './seed.js';

await sodium.ready;

const CONTENT_KEY_BYTES = 32;
const SECRET_KEY_BYTES = 32;
const WRAP_NONCE_BYTES = 24;
const NO_NONCE = new Uint8Array(24);

/** What opens a sealed content, beside an owner's secret key. */
export interface WrappedKeys {
  /** X25519, drawn for this sealing, 32 bytes. */
  readonly ephemeralKey: Uint8Array;
  /** The content key for each owner, 48 bytes each. */
  readonly wrappedKeys: readonly Uint8Array[];
}

export interface SealedBytes extends WrappedKeys {
  readonly ciphertext: Uint8Array;
}

/** Nothing that is sealed for this key, or not what was sealed: `code` is 'not-opened'. */
export class NotOpened extends Failure {
  constructor(message: string, cause?: unknown) {
    super('not-opened', message, cause);
  }
}

/** A key for which nothing can be sealed: `code` is 'bad-sealing-key'; `owner` is its place among the owners. */
export class BadSealingKey extends Failure {
  readonly owner: number;

  constructor(owner: number, cause: unknown) {
    super('bad-sealing-key', `nothing can be sealed for the sealing key at place ${owner}`, cause);
    this.owner = owner;
  }
}

/**
 * Seals the content for the owners of the public keys. `contextOf` gives what the ciphertext is bound to, once the
 * wrapped keys are there. Draws the content key and then the ephemeral secret key, 32 bytes each. Throws BadSealingKey.
 */
export function seal(
  content: Uint8Array,
  owners: readonly Uint8Array[],
  contextOf: (keys: WrappedKeys) => Uint8Array,
  random: (sizeBytes: number) => Uint8Array,
): SealedBytes {
  const contentKey = random(CONTENT_KEY_BYTES);
  const ephemeralSecret = random(SECRET_KEY_BYTES);
  const padded = sodium.pad(content, PADDING_BYTES);
  try {
    const ephemeralKey = sodium.crypto_scalarmult_base(ephemeralSecret);
    const wrappedKeys = owners.map((owner, place) => {
      try {
        return sodium.crypto_box_easy(contentKey, wrapNonce(ephemeralKey, owner), owner, ephemeralSecret);
      } catch (cause) {
        throw new BadSealingKey(place, cause);
      }
    });
    const ciphertext = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
      padded,
      contextOf({ ephemeralKey, wrappedKeys }),
      null,
      NO_NONCE,
      contentKey,
    );
    return { ephemeralKey, wrappedKeys, ciphertext };
  } finally {
    for (const secret of [contentKey, ephemeralSecret, padded]) sodium.memzero(secret);
  }
}

/** The content, by the owner whose place among the owners is given. Throws NotOpened. */
export function open(
  sealed: SealedBytes,
  place: number,
  owner: SealingKeyPair,
  context: Uint8Array,
): Uint8Array {
  const { ephemeralKey, ciphertext } = sealed;
  const wrapped = sealed.wrappedKeys[place];
  if (wrapped === undefined) throw new NotOpened(`no content key is wrapped at place ${place}`);
  const contentKey = unwrapped(wrapped, ephemeralKey, owner);
  try {
    const padded = decrypted(ciphertext, context, contentKey);
    try {
      return sodium.unpad(padded, PADDING_BYTES);
    } catch (cause) {
      throw new NotOpened('the padding is not that of ISO/IEC 7816-4', cause);
    } finally {
      sodium.memzero(padded);
    }
  } finally {
    sodium.memzero(contentKey);
  }
}

function unwrapped(wrapped: Uint8Array, ephemeralKey: Uint8Array, owner: SealingKeyPair): Uint8Array {
  try {
    const nonce = wrapNonce(ephemeralKey, owner.publicKey);
    return sodium.crypto_box_open_easy(wrapped, nonce, ephemeralKey, owner.secretKey);
  } catch (cause) {
    throw new NotOpened('the content key is not wrapped for this sealing key', cause);
  }
}

function decrypted(ciphertext: Uint8Array, context: Uint8Array, contentKey: Uint8Array): Uint8Array {
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, context, NO_NONCE, contentKey);
  } catch (cause) {
    throw new NotOpened('the content, or what it is bound to, is not what was sealed', cause);
  }
}

/** As in libsodium's crypto_box_seal. */
function wrapNonce(ephemeralKey: Uint8Array, owner: Uint8Array): Uint8Array {
  return sodium.crypto_generichash(WRAP_NONCE_BYTES, Buffer.concat([ephemeralKey, owner]), null);
}
