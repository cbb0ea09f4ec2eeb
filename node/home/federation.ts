// federation.json: which federation this home belongs to, as whom, and what the invitation pinned. Its being
// there says that the home is complete.
//
//   { "version": 1, "federation": "5f0c...", "member": "NL", "rootKey": "<base64>",
//     "rootKeySignature": "<base64>",
//     "hub": { "exchange": "icse.example:7001", "enrolment": "icse.example:7002", "keys": { "log": ... } } }

import { z } from 'zod';
import type { MemberKeys } from '../../proto/gen/icse/v1/registry_pb.js';
import type { FederationId, MemberCode } from '../names.js';
import { encodeBase64 } from '../tlog/base64.js';
import { readDocument, writeDocument } from './document.js';
import {
  addressField,
  federationField,
  keyField,
  keysDocument,
  keysField,
  memberField,
  rootSignatureField,
} from './document-fields.js';

/** The document has about 900 bytes. */
const MAX_BYTES = 8192;

export interface Federation {
  readonly federation: FederationId;
  /** Whose home this is. */
  readonly member: MemberCode;
  /** Ed25519 public key of the federation's root. */
  readonly rootKey: Uint8Array;
  /** By the root certificate's key, over that key (certs/root-key.ts). */
  readonly rootKeySignature: Uint8Array;
  readonly hub: {
    /** host:port as the invitation named them; the registry may know a later address of the exchange. */
    readonly exchange: string;
    readonly enrolment: string;
    /** As the invitation pinned them. */
    readonly keys: MemberKeys;
    /** In the hub's own home, after a new epoch: the generation of the registry. */
    readonly registry?: number | undefined;
  };
}

const FederationDocument = z.strictObject({
  version: z.literal(1),
  federation: federationField,
  member: memberField,
  rootKey: keyField,
  rootKeySignature: rootSignatureField,
  hub: z.strictObject({
    exchange: addressField,
    enrolment: addressField,
    keys: keysField,
    registry: z.int().min(2).optional(),
  }),
});

/** Reads federation.json. Throws BadDocument, BadPrivateFile. */
export async function readFederation(path: string): Promise<Federation> {
  const { version: _, ...federation } = await readDocument(path, FederationDocument, MAX_BYTES);
  return federation;
}

/** Writes federation.json. Throws BadFile. */
export function writeFederation(path: string, federation: Federation): Promise<void> {
  return writeDocument(path, {
    version: 1,
    federation: federation.federation,
    member: federation.member,
    rootKey: encodeBase64(federation.rootKey),
    rootKeySignature: encodeBase64(federation.rootKeySignature),
    hub: { ...federation.hub, keys: keysDocument(federation.hub.keys) },
  });
}
