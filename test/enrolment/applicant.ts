// Members that enrol and renew over gRPC at a running hub, call by call.

import { generateNodeKey } from '../../certs/request.js';
import type { Clock } from '../../node/clock.js';
import { type Applicant, enrol, renew } from '../../node/enrolment/client.js';
import type { InvitationFile } from '../../node/enrolment/invitation-file.js';
import { deriveSecrets, newSeed } from '../../node/keys/seed.js';
import type { MemberCode } from '../../node/names.js';
import { NL, type RunningHub, random } from '../hub/a-hub.js';

let tlsKey: Promise<string> | undefined;

/** New keys; the TLS key, which is slow to make, is the same for all unless another is given. */
export async function anApplicant(
  member: MemberCode = NL,
  more: Partial<Applicant> = {},
): Promise<Applicant> {
  tlsKey ??= generateNodeKey();
  return { member, secrets: deriveSecrets(newSeed(random)), keyPem: await tlsKey, ...more };
}

export function enrolAt(hub: RunningHub, invitation: InvitationFile, applicant: Applicant, listen = '') {
  const where = { ...accessTo(hub), federation: invitation.federation, hubKeys: invitation.hub.keys };
  return enrol(where, applicant, { token: invitation.token, listen });
}

export function renewAt(hub: RunningHub, applicant: Applicant, clock: Clock = hub.clock) {
  return renew({ ...accessTo(hub), clock }, applicant);
}

function accessTo({ identity, listener, clock }: RunningHub) {
  return {
    federation: identity.federation.federation,
    address: `127.0.0.1:${listener.port}`,
    rootPem: identity.tls.rootPem,
    clock,
    signal: new AbortController().signal,
  };
}
