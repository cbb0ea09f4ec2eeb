// The calls to the hub's enrolment listener. The hub must show LYON's certificate under the federation's root,
// and what it issues is verified before anybody uses it.

import { create, type Message } from '@bufbuild/protobuf';
import { type ChannelOptions, Client, type MethodDefinition } from '@grpc/grpc-js';
import { verifyNodeCertificate } from '../../certs/certificate.js';
import { encodePem } from '../../certs/pem.js';
import { createRequest } from '../../certs/request.js';
import { publicKeyOf } from '../../certs/rsa.js';
import { decodeCertificate } from '../../certs/x509.js';
import { Enrolment, type EnrolResponse, type RenewResponse } from '../../proto/gen/icse/v1/enrolment_pb.js';
import { type MemberKeys, MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import type { Clock } from '../clock.js';
import { grpcService } from '../exchange/grpc-service.js';
import { enrolmentCredentials } from '../exchange/tls.js';
import type { CertificateChain } from '../home/tls-files.js';
import { type MemberSecrets, publicKeysOf } from '../keys/seed.js';
import { type FederationId, LYON, type MemberCode } from '../names.js';
import { fingerprintOf } from './fingerprint.js';
import { ofTheContract } from './of-the-contract.js';
import { proveEnrolment, signRenewal } from './proofs.js';
import { EnrolmentRefused, errorOfStatus } from './refused.js';

/** The hub answers within 10 s, or not at all. */
const CALL_MS = 15_000;

const CHANNEL: ChannelOptions = {
  'grpc.max_receive_message_length': 16 * 1024,
  'grpc.enable_retries': 0,
  // The member in the certificate is the identity, and an IP address is no server name (RFC 6066 section 3).
  'grpc.ssl_target_name_override': 'lyon.icse.invalid',
  'grpc.use_local_subchannel_pool': 1,
};

const SERVICE = grpcService(Enrolment);

export interface HubAccess {
  readonly federation: FederationId;
  /** host:port of the enrolment listener. */
  readonly address: string;
  readonly rootPem: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Applicant {
  readonly member: MemberCode;
  readonly secrets: MemberSecrets;
  /** The TLS key, PKCS#8 PEM. */
  readonly keyPem: string;
}

export interface EnrolOutcome {
  /** Of the applicant's keys, as the hub has noted them too. */
  readonly fingerprint: string;
  /** Undefined while the hub's operator has not confirmed the fingerprint. */
  readonly chain: CertificateChain | undefined;
}

/** Asks for the first certificate. Throws EnrolmentRefused, HubUnreachable. */
export async function enrol(
  hub: HubAccess & { readonly hubKeys: MemberKeys },
  applicant: Applicant,
  invitation: { readonly token: Uint8Array; readonly listen: string },
): Promise<EnrolOutcome> {
  const request = proveEnrolment(
    {
      federation: hub.federation,
      member: applicant.member,
      token: invitation.token,
      keys: create(MemberKeysSchema, publicKeysOf(applicant.secrets)),
      csr: createRequest(applicant.keyPem),
      listen: invitation.listen,
    },
    applicant.secrets,
    hub.hubKeys.sealing,
  );
  const response = await call<EnrolResponse>(hub, SERVICE.enrol, request);
  const fingerprint = applicantFingerprint(hub.federation, applicant);
  if (response.fingerprint !== fingerprint) {
    throw new EnrolmentRefused('wrong-fingerprint', 'the hub has noted other keys than those of this home');
  }
  const chain = response.certificate.length === 0 ? undefined : checkedChain(hub, applicant, response);
  return { fingerprint, chain };
}

/** The fingerprint of the applicant's own keys. */
function applicantFingerprint(federation: FederationId, { member, secrets, keyPem }: Applicant): string {
  const tlsKeyPem = encodePem('PUBLIC KEY', publicKeyOf(keyPem));
  return fingerprintOf({ federation, member, keys: publicKeysOf(secrets), tlsKeyPem });
}

/** Asks for the next certificate. Throws EnrolmentRefused, HubUnreachable. */
export async function renew(hub: HubAccess, applicant: Applicant): Promise<CertificateChain> {
  const request = signRenewal(
    {
      federation: hub.federation,
      member: applicant.member,
      csr: createRequest(applicant.keyPem),
      clockMs: BigInt(hub.clock.now()),
    },
    applicant.secrets.session.secretKey,
  );
  return checkedChain(hub, applicant, await call<RenewResponse>(hub, SERVICE.renew, request));
}

function call<Response extends Message>(
  { address, rootPem, signal }: HubAccess,
  method: MethodDefinition<unknown, unknown> | undefined,
  request: unknown,
): Promise<Response> {
  const { path, requestSerialize, responseDeserialize } = method as MethodDefinition<unknown, unknown>;
  const client = new Client(address, enrolmentCredentials(rootPem, LYON), CHANNEL);
  const answered = new Promise<Response>((resolve, reject) => {
    // gRPC measures deadlines by the machine's own clock.
    const deadline = new Date(Date.now() + CALL_MS);
    const pending = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      { deadline },
      (error, response) => {
        signal.removeEventListener('abort', cancel);
        if (error === null) resolve(response as Response);
        else reject(errorOfStatus(address, error));
      },
    );
    const cancel = (): void => pending.cancel();
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
  });
  return answered.then(ofTheContract).finally(() => client.close());
}

/** What the hub issued, once it is found to be this member's, for this key, under the root. */
function checkedChain(
  { federation, rootPem, clock }: HubAccess,
  { member, keyPem }: Applicant,
  { certificate, issuer }: { certificate: Uint8Array; issuer: Uint8Array },
): CertificateChain {
  const now = new Date(clock.now());
  const node = verifyNodeCertificate({ leaf: certificate, issuing: issuer, root: rootPem, now });
  const key = decodeCertificate(certificate).publicKey;
  if (
    node.member !== member ||
    node.federation !== federation ||
    Buffer.compare(key, publicKeyOf(keyPem)) !== 0
  ) {
    throw new EnrolmentRefused(
      'wrong-certificate',
      'the hub has issued a certificate for another member or key',
    );
  }
  return { leafPem: encodePem('CERTIFICATE', certificate), issuingPem: encodePem('CERTIFICATE', issuer) };
}
