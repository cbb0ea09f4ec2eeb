// The root certificate vouches for the federation's Ed25519 root key, so that whoever trusts the fingerprint of
// the one can check what the other signed. RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017) over
//
//   icse/root-key/v1\n<federation id>\n<32 bytes of the Ed25519 key>

import type { FederationId } from '../node/names.js';
import { type Authority, decodeRoot } from './authority.js';
import { isSignedBy, signSha256 } from './rsa.js';

function signedText(federation: FederationId, rootKey: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`icse/root-key/v1\n${federation}\n`), rootKey]);
}

/** The root's signature over the Ed25519 public key. */
export function certifyRootKey(root: Authority, federation: FederationId, rootKey: Uint8Array): Uint8Array {
  return signSha256(root.privateKeyPem, signedText(federation, rootKey));
}

/** True when the root certificate vouches for the Ed25519 public key. Throws BadCertificate for a bad root. */
export function isRootKeyCertified(
  rootPem: string,
  federation: FederationId,
  rootKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  return isSignedBy(decodeRoot(rootPem).publicKey, signedText(federation, rootKey), signature);
}
