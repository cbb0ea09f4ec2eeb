// A member renews its certificate under its registered session key, so a node whose certificate ended months
// ago can come back. A replayed request brings only another certificate for the key of the one who made it.

import { create } from '@bufbuild/protobuf';
import { decodePem } from '../../certs/pem.js';
import { readRequest } from '../../certs/request.js';
import {
  type RenewRequest,
  type RenewResponse,
  RenewResponseSchema,
} from '../../proto/gen/icse/v1/enrolment_pb.js';
import { isRenewalSigned } from '../enrolment/proofs.js';
import { EnrolmentRefused } from '../enrolment/refused.js';
import { parseAddress } from '../home/address.js';
import { type MemberCode, parseMemberCode } from '../names.js';
import type { Member } from '../registry/state.js';
import { certify } from './certifier.js';
import type { EnrolmentAround } from './enrolment-around.js';

/** As on the exchange: a member whose clock is further off is told both times. */
const MAX_CLOCK_SKEW_MS = 10 * 60 * 1000;

/** Answers a request to renew. Throws Failure. */
export async function renewMember(around: EnrolmentAround, request: RenewRequest): Promise<RenewResponse> {
  checkFederation(around, request.federation);
  const member = parseMemberCode(request.member);
  const { keys } = activeMember(around, member);
  if (!isRenewalSigned(request, keys.session)) {
    throw new EnrolmentRefused(
      'bad-proof',
      `the request is not signed with the session key that the registry has for ${member}`,
    );
  }
  checkClock(member, Number(request.clockMs), around.clock.now());
  return create(RenewResponseSchema, await issueTo(around, member, readRequest(request.csr), 'renewal'));
}

/** Throws EnrolmentRefused unless the request is for the hub's own federation. */
export function checkFederation({ federation }: EnrolmentAround, wanted: string): void {
  if (wanted === federation) return;
  throw new EnrolmentRefused('wrong-federation', 'this hub is of another federation than the one asked for');
}

/** The member, unless it is unknown or suspended. Throws EnrolmentRefused. */
export function activeMember({ desk }: EnrolmentAround, code: MemberCode): Member {
  const member = desk.registry.state.members.get(code);
  if (member === undefined) throw new EnrolmentRefused('unknown-member', `${code} is not a member`);
  if (member.suspended) throw new EnrolmentRefused('suspended', `${code} is suspended: speak to Lyon`);
  return member;
}

/** Issues a member's certificate under the host of its address: the leaf and its issuer in DER. */
export async function issueTo(
  around: EnrolmentAround,
  member: MemberCode,
  publicKeyPem: string,
  by: 'enrolment' | 'renewal',
): Promise<{ certificate: Uint8Array; issuer: Uint8Array }> {
  const address = around.desk.registry.state.members.get(member)?.address ?? '';
  const hosts = address === '' ? [] : [parseAddress(address).host];
  const { leafPem, issuingPem, serial, notAfter, isNew } = await certify(around, {
    member,
    publicKeyPem,
    hosts,
  });
  if (isNew) around.audit({ kind: 'certified', member, serial, notAfter, by });
  return { certificate: decodePem('CERTIFICATE', leafPem), issuer: decodePem('CERTIFICATE', issuingPem) };
}

function checkClock(member: MemberCode, theirsMs: number, oursMs: number): void {
  if (Math.abs(theirsMs - oursMs) <= MAX_CLOCK_SKEW_MS) return;
  throw new EnrolmentRefused(
    'clock-skew',
    `the clock of ${member} says ${timeText(theirsMs)} and the hub's ${timeText(oursMs)}: more than 10 minutes apart`,
  );
}

/** Past what a Date can hold, the number itself. */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
