// A member enrols. Each step is on disk before the next, and every step can be done again: keys noted (and
// confirmed by the operator), keys in the registry, invitation used, certificate issued. So the same token with
// the same keys leads to the same end however often it is sent, and with other keys to a refusal.

import { create } from '@bufbuild/protobuf';
import { readRequest } from '../../certs/request.js';
import {
  type EnrolRequest,
  type EnrolResponse,
  EnrolResponseSchema,
} from '../../proto/gen/icse/v1/enrolment_pb.js';
import { type MemberKeys, MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { fingerprintOf } from '../enrolment/fingerprint.js';
import { unprovenKey } from '../enrolment/proofs.js';
import { EnrolmentRefused } from '../enrolment/refused.js';
import { addressText, isLoopback, parseAddress } from '../home/address.js';
import { type MemberCode, parseMemberCode } from '../names.js';
import type { EnrolmentAround } from './enrolment-around.js';
import { type Enrolled, type Invitation, invitationState, isTokenOf } from './invitations.js';
import { admit, amend, DEFAULT_QUOTA, rotate } from './membership.js';
import { activeMember, checkFederation, issueTo } from './renew.js';

/** Answers a request to enrol; without a certificate while the operator has not confirmed. Throws Failure. */
export async function enrolMember(
  around: EnrolmentAround,
  request: EnrolRequest,
  from: string,
): Promise<EnrolResponse> {
  checkFederation(around, request.federation);
  const member = parseMemberCode(request.member);
  const invitation = invitationFor(around, member, request.token);
  const tlsKeyPem = readRequest(request.csr);
  const keys = provenKeys(around, request);
  const fingerprint = fingerprintOf({ federation: around.federation, member, keys, tlsKeyPem });
  const listen = request.listen === '' ? '' : addressText(parseAddress(request.listen));
  const noted = await noteKeys(around, invitation, { keys, fingerprint, listen, from });
  if (noted.confirm && noted.state === 'pending') {
    around.audit({ kind: 'enrolment-waits', member, from, fingerprint });
    return create(EnrolResponseSchema, { fingerprint });
  }
  if (noted.state === 'used') checkStillCurrent(around, member, keys);
  else await registerKeys(around, noted, { keys, fingerprint, listen, from });
  return create(EnrolResponseSchema, {
    ...(await issueTo(around, member, tlsKeyPem, 'enrolment')),
    fingerprint,
  });
}

function invitationFor(
  { invitations, clock }: EnrolmentAround,
  member: MemberCode,
  token: Uint8Array,
): Invitation {
  const invitation = invitations.of(member);
  // One sentence for both, so that a stranger learns nothing about who is invited.
  if (invitation === undefined || !isTokenOf(invitation, token)) {
    throw new EnrolmentRefused(
      'no-invitation',
      `no invitation of ${member} has this token: ask Lyon for a new one`,
    );
  }
  if (invitationState(invitation, clock.now()) === 'expired') {
    throw new EnrolmentRefused(
      'invitation-expired',
      `the invitation of ${member} expired at ${new Date(invitation.expires).toISOString()}: ask Lyon for a new one`,
    );
  }
  return invitation;
}

function provenKeys({ identity }: EnrolmentAround, request: EnrolRequest): MemberKeys {
  const unproven = unprovenKey(request, identity.secrets.sealing.secretKey);
  if (unproven !== undefined || request.keys === undefined) {
    throw new EnrolmentRefused(
      'bad-proof',
      `the proof of the ${unproven} key does not hold; if Lyon's own keys were changed, ask it for a new invitation`,
    );
  }
  const { log, receipt, session, sealing } = request.keys;
  return create(MemberKeysSchema, { log, receipt, session, sealing });
}

async function noteKeys(
  { invitations }: EnrolmentAround,
  invitation: Invitation,
  enrolled: Enrolled,
): Promise<Invitation> {
  const { member, enrolled: before } = invitation;
  if (before === undefined) {
    const noted = { ...invitation, enrolled };
    await invitations.put(noted);
    return noted;
  }
  if (before.fingerprint !== enrolled.fingerprint) {
    throw new EnrolmentRefused(
      'token-used',
      `the invitation of ${member} was used with other keys, fingerprint ${before.fingerprint}: ask Lyon for a new one`,
    );
  }
  return invitation;
}

/** The registry must still have the keys that this invitation brought. */
function checkStillCurrent(around: EnrolmentAround, member: MemberCode, keys: MemberKeys): void {
  if (isSameKeys(activeMember(around, member).keys, keys)) return;
  throw new EnrolmentRefused(
    'keys-replaced',
    `the keys of ${member} have been replaced since: these are no longer valid`,
  );
}

async function registerKeys(
  around: EnrolmentAround,
  invitation: Invitation,
  enrolled: Enrolled,
): Promise<void> {
  const { desk, audit, invitations } = around;
  const { member, replace, quota = DEFAULT_QUOTA } = invitation;
  const { keys, fingerprint, listen, from } = enrolled;
  const known = desk.registry.state.members.get(member);
  const address = invitation.address ?? acceptedAddress(listen, from) ?? known?.address ?? '';
  if (known === undefined) {
    const index = await admit(desk, { member, keys, address, quota });
    audit({ kind: 'admitted', member, index, fingerprint, address, waiting: address === '' ? listen : '' });
  } else if (!isSameKeys(known.keys, keys)) {
    if (!replace)
      throw new EnrolmentRefused('member-exists', `${member} is a member already, with other keys`);
    const { index } = await rotate(desk, member, keys);
    audit({ kind: 'keys-replaced', member, index, fingerprint, address, waiting: '' });
  }
  if (replace) await finishReplacing(around, invitation, address);
  await invitations.put({ ...invitation, enrolled, state: 'used' });
}

/** The old keys' certificates are revoked, and address and quota are what the invitation says. */
async function finishReplacing(
  around: EnrolmentAround,
  { member, quota }: Invitation,
  address: string,
): Promise<void> {
  const { desk, certificates, crl, clock, audit } = around;
  const count = await certificates.revoke(member, 'keyCompromise', clock.now());
  if (count > 0) {
    await crl.publish();
    audit({ kind: 'revoked', member, count, reason: 'keyCompromise' });
  }
  const known = desk.registry.state.members.get(member);
  const isQuotaNew =
    quota !== undefined && (quota.entries !== known?.quota.entries || quota.bytes !== known.quota.bytes);
  if (address === known?.address && !isQuotaNew) return;
  const index = await amend(desk, member, { address, quota: isQuotaNew ? quota : undefined });
  audit({ kind: 'amended', member, index });
}

/**
 * The address that goes into the registry without the operator naming it: where the node listens, if that is
 * loopback or the very address that it calls from. Anything else waits for `member amend`.
 */
function acceptedAddress(listen: string, from: string): string | undefined {
  if (listen === '') return undefined;
  const { host } = parseAddress(listen);
  return isLoopback(host) || host === from ? listen : undefined;
}

function isSameKeys(one: MemberKeys, other: MemberKeys): boolean {
  const names = ['log', 'receipt', 'session', 'sealing'] as const;
  return names.every((name) => Buffer.compare(one[name], other[name]) === 0);
}
