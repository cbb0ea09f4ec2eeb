// What only the federation's root key may say: who the hub is, that it has new keys, or that the registry begins
// anew.
// The signed text is a label, the federation and the statement without its signature:
//
//   icse/rotate/v1\n<64 hex digits>\n<serialised Rotate>

import { create, toBinary } from '@bufbuild/protobuf';
import {
  type Admit,
  AdmitSchema,
  type Epoch,
  EpochSchema,
  type Rotate,
  RotateSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import { sign, verify } from '../keys/ed25519.js';
import type { FederationId } from '../names.js';

type RootSigned = Admit | Rotate | Epoch;

function signedText(federation: FederationId, statement: RootSigned): Uint8Array {
  const [label, bytes] = withoutSignature(statement);
  return Buffer.concat([Buffer.from(`icse/${label}/v1\n${federation}\n`), bytes]);
}

function withoutSignature(statement: RootSigned): [label: string, bytes: Uint8Array] {
  const bare = { ...statement, rootSignature: new Uint8Array(0) };
  switch (bare.$typeName) {
    case 'icse.v1.Admit':
      return ['admit', toBinary(AdmitSchema, create(AdmitSchema, bare))];
    case 'icse.v1.Rotate':
      return ['rotate', toBinary(RotateSchema, create(RotateSchema, bare))];
    case 'icse.v1.Epoch':
      return ['epoch', toBinary(EpochSchema, create(EpochSchema, bare))];
  }
}

/** The root's signature of the statement; `rootKey` is its 64-byte secret key. */
export function signAsRoot(federation: FederationId, statement: RootSigned, rootKey: Uint8Array): Uint8Array {
  return sign(rootKey, signedText(federation, statement));
}

/** True when the statement bears the root's signature; `rootKey` is its 32-byte public key. */
export function isRootSigned(federation: FederationId, statement: RootSigned, rootKey: Uint8Array): boolean {
  return verify(rootKey, signedText(federation, statement), statement.rootSignature);
}
