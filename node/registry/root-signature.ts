// What only the federation's root key may say: that the hub has new keys, or that the registry begins anew.
// The signed text is a label, the federation and the statement without its signature:
//
//   icse/rotate/v1\n<64 hex digits>\n<serialised Rotate>

import { create, toBinary } from '@bufbuild/protobuf';
import { type Epoch, EpochSchema, type Rotate, RotateSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { sign, verify } from '../keys/ed25519.js';
import type { FederationId } from '../names.js';

type RootSigned = Rotate | Epoch;

function signedText(federation: FederationId, statement: RootSigned): Uint8Array {
  const bare = { ...statement, rootSignature: new Uint8Array(0) };
  const [label, bytes] =
    bare.$typeName === 'icse.v1.Rotate'
      ? ['icse/rotate/v1', toBinary(RotateSchema, create(RotateSchema, bare))]
      : ['icse/epoch/v1', toBinary(EpochSchema, create(EpochSchema, bare))];
  return Buffer.concat([Buffer.from(`${label}\n${federation}\n`), bytes]);
}

/** The root's signature of the statement; `rootKey` is its 64-byte secret key. */
export function signAsRoot(federation: FederationId, statement: RootSigned, rootKey: Uint8Array): Uint8Array {
  return sign(rootKey, signedText(federation, statement));
}

/** True when the statement bears the root's signature; `rootKey` is its 32-byte public key. */
export function isRootSigned(federation: FederationId, statement: RootSigned, rootKey: Uint8Array): boolean {
  return verify(rootKey, signedText(federation, statement), statement.rootSignature);
}
