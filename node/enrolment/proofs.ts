// The texts that prove, at enrolment, that the sender holds each of its keys, and at renewal that it is the
// member; both sides build them here. <request> is the serialised request without proofs or signature.
//
//   log, receipt, session   Ed25519 by that key over      "icse/enrol/log/v1\n" ‖ <request>   (/receipt/, /session/)
//   sealing                 HMAC-SHA-256, key X25519(own sealing key, hub's), over "icse/enrol/sealing/v1\n" ‖ <request>
//   renewal                 Ed25519 by the session key over    "icse/renew/v1\n" ‖ <request>

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type EnrolRequest,
  EnrolRequestSchema,
  type RenewRequest,
  RenewRequestSchema,
} from '../../proto/gen/icse/v1/enrolment_pb.js';
import { isProofOfAgreement, proofOfAgreement, sharedSecret } from '../keys/agreement.js';
import { sign, verify } from '../keys/ed25519.js';
import type { MemberSecrets } from '../keys/seed.js';

type ProofKey = 'log' | 'receipt' | 'session' | 'sealing';

const NO_BYTES = new Uint8Array(0);
const NO_PROOFS = {
  logProof: NO_BYTES,
  receiptProof: NO_BYTES,
  sessionProof: NO_BYTES,
  sealingProof: NO_BYTES,
};

/** The request with the proof of each key. `hubSealingKey` is the hub's X25519 public key. */
export function proveEnrolment(
  bare: MessageInitShape<typeof EnrolRequestSchema>,
  secrets: MemberSecrets,
  hubSealingKey: Uint8Array,
): EnrolRequest {
  const request = create(EnrolRequestSchema, bare);
  const shared = sharedSecret(secrets.sealing.secretKey, hubSealingKey);
  return create(EnrolRequestSchema, {
    ...request,
    logProof: sign(secrets.log.secretKey, enrolText('log', request)),
    receiptProof: sign(secrets.receipt.secretKey, enrolText('receipt', request)),
    sessionProof: sign(secrets.session.secretKey, enrolText('session', request)),
    sealingProof: proofOfAgreement(shared, enrolText('sealing', request)),
  });
}

/** The first key that is not proven; undefined when all are. Throws BadAgreementKey. */
export function unprovenKey(request: EnrolRequest, hubSealingSecret: Uint8Array): ProofKey | undefined {
  const { keys, logProof, receiptProof, sessionProof, sealingProof } = request;
  if (keys === undefined || !verify(keys.log, enrolText('log', request), logProof)) return 'log';
  if (!verify(keys.receipt, enrolText('receipt', request), receiptProof)) return 'receipt';
  if (!verify(keys.session, enrolText('session', request), sessionProof)) return 'session';
  const shared = sharedSecret(hubSealingSecret, keys.sealing);
  return isProofOfAgreement(shared, enrolText('sealing', request), sealingProof) ? undefined : 'sealing';
}

/** The request under the member's session key. */
export function signRenewal(
  bare: MessageInitShape<typeof RenewRequestSchema>,
  sessionSecretKey: Uint8Array,
): RenewRequest {
  const request = create(RenewRequestSchema, bare);
  return create(RenewRequestSchema, { ...request, signature: sign(sessionSecretKey, renewText(request)) });
}

/** True when the member's session key signed the request. */
export function isRenewalSigned(request: RenewRequest, sessionKey: Uint8Array): boolean {
  return verify(sessionKey, renewText(request), request.signature);
}

function enrolText(key: ProofKey, request: EnrolRequest): Uint8Array {
  const bare = create(EnrolRequestSchema, { ...request, ...NO_PROOFS });
  return Buffer.concat([Buffer.from(`icse/enrol/${key}/v1\n`), toBinary(EnrolRequestSchema, bare, PLAIN)]);
}

function renewText(request: RenewRequest): Uint8Array {
  const bare = create(RenewRequestSchema, { ...request, signature: NO_BYTES });
  return Buffer.concat([Buffer.from('icse/renew/v1\n'), toBinary(RenewRequestSchema, bare, PLAIN)]);
}

const PLAIN = { writeUnknownFields: false };
