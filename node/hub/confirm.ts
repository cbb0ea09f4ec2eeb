// With `invite --confirm` a certificate is issued only when the hub's operator has typed the fingerprint that the
// member read out by telephone: so whoever merely stole the invitation does not get in.

import { typedFingerprint } from '../enrolment/fingerprint.js';
import { EnrolmentRefused } from '../enrolment/refused.js';
import type { MemberCode } from '../names.js';
import { quoted } from '../statements/quoted.js';
import type { EnrolmentAround } from './enrolment-around.js';
import { invitationState } from './invitations.js';

/** Lets in the keys that used the member's invitation. Throws EnrolmentRefused, BadFile. */
export async function confirmMember(
  around: EnrolmentAround,
  member: MemberCode,
  typed: string,
): Promise<void> {
  const { invitations, clock, audit } = around;
  const fingerprint = typedFingerprint(typed);
  if (fingerprint === undefined) {
    throw new EnrolmentRefused(
      'bad-fingerprint',
      `${quoted(typed)} is not a fingerprint: eight groups of four hex digits`,
    );
  }
  const invitation = invitations.of(member);
  const state = invitation && invitationState(invitation, clock.now());
  if (invitation === undefined || state === 'expired') {
    throw new EnrolmentRefused('no-invitation', `${member} has no invitation that is valid: invite it first`);
  }
  if (invitation.enrolled === undefined) {
    throw new EnrolmentRefused(
      'not-enrolled',
      `${member} has not used its invitation yet: let it run icse join first`,
    );
  }
  if (invitation.enrolled.fingerprint !== fingerprint) {
    throw new EnrolmentRefused(
      'wrong-fingerprint',
      `this is not the fingerprint of the keys that used the invitation of ${member}: listen again, or invite it anew`,
    );
  }
  if (state !== 'pending') return;
  await invitations.put({ ...invitation, state: 'confirmed' });
  audit({ kind: 'confirmed', member, fingerprint });
}
