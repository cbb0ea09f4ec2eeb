// The hub operator's view of the members: the registry joined with invitations and certificates. Who is connected
// is for the running node to add.

import { LYON, type MemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { type Invitations, invitationState } from './invitations.js';
import type { IssuedCertificates } from './issued-certificates.js';

/** The hub gets no invitation, so its name stands here. */
const HUB_NAME = 'Lyon (the hub)';

export interface MemberRow {
  readonly member: MemberCode;
  readonly name: string;
  readonly state: 'active' | 'suspended' | 'invited';
  /** host:port, or empty. */
  readonly address: string;
  readonly certificate: { readonly notAfter: string; readonly serial: string } | null;
  readonly invitation: {
    readonly state: 'pending' | 'confirmed' | 'used' | 'expired';
    readonly expires: string;
  } | null;
}

/** All members and everybody invited, the hub first, then by code. */
export function memberList(
  state: RegistryState,
  invitations: Invitations,
  certificates: IssuedCertificates,
  nowMs: number,
): MemberRow[] {
  const invited = invitations.all().map(({ member }) => member);
  const codes = new Set([...state.members.keys(), ...invited].sort());
  codes.delete(LYON);
  return [LYON, ...codes].map((code) => {
    const member = state.members.get(code);
    const invitation = invitations.of(code);
    const certificate = certificates.newestOf(code);
    return {
      member: code,
      name: code === LYON ? HUB_NAME : (invitation?.name ?? code),
      state: member === undefined ? 'invited' : member.suspended ? 'suspended' : 'active',
      address: member?.address ?? invitation?.address ?? '',
      certificate:
        certificate === undefined
          ? null
          : { notAfter: new Date(certificate.notAfter).toISOString(), serial: certificate.serial },
      invitation:
        invitation === undefined
          ? null
          : {
              state: invitationState(invitation, nowMs),
              expires: new Date(invitation.expires).toISOString(),
            },
    };
  });
}
