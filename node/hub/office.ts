// What only Lyon does, put together over the hub's home: invitations, enrolment, the acts of membership together
// with the certificates that they revoke, and the revocation list.

import type { RevocationReason } from '../../certs/revocation.js';
import type { InvitationFile } from '../enrolment/invitation-file.js';
import { Failure } from '../failure.js';
import type { Identity } from '../home/identity.js';
import type { HomePaths } from '../home/layout.js';
import { LYON, type MemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import type { Audit } from './audit.js';
import { createCrlKeeper } from './crl-keeper.js';
import { type EnrolmentDesk, openEnrolmentDesk } from './enrolment-desk.js';
import { Invitations } from './invitations.js';
import { type Invite, invite } from './invite.js';
import { IssuedCertificates } from './issued-certificates.js';
import { readIssuing } from './issuing-files.js';
import { type MemberRow, memberList } from './member-list.js';
import { type ActAt, amend, type QuotaSetting, reinstate, suspend } from './membership.js';
import { openRegistryDesk, type RegistryDeskAround } from './registry-desk.js';

export interface HubOffice {
  readonly enrolment: EnrolmentDesk;
  invite(wanted: Invite): Promise<InvitationFile>;
  amend(
    member: MemberCode,
    changes: { address?: string | undefined; quota?: QuotaSetting | undefined },
  ): Promise<number>;
  /** Cuts the member's log and puts its certificates on hold, or revokes them for good for the reason given. */
  suspend(
    member: MemberCode,
    options?: { at?: number | undefined; reason?: RevocationReason | undefined },
  ): Promise<ActAt>;
  reinstate(member: MemberCode, options?: { accept?: boolean | undefined }): Promise<ActAt>;
  memberList(): MemberRow[];
}

export interface HubOfficeAround extends RegistryDeskAround {
  readonly paths: HomePaths;
  readonly identity: Identity;
  readonly audit: Audit;
  /** Ends the hourly look at the revocation list. */
  readonly signal: AbortSignal;
  /** Told when the revocation list could not be written. */
  readonly onCrlFailure: (error: unknown) => void;
}

/** Opens the office of a running hub, and makes the revocation list anew when it is due. */
export async function openHubOffice(around: HubOfficeAround): Promise<HubOffice> {
  const { paths, identity, registry, clock, random, audit, signal } = around;
  checkOwnKeys(identity, registry.state);
  const desk = openRegistryDesk(around);
  const invitations = await Invitations.open(paths.hub.invitations);
  const certificates = await IssuedCertificates.open(paths.hub.certificates);
  const issuing = await readIssuing(paths);
  const crl = createCrlKeeper({ path: paths.tls.crl, issuing, certificates, clock });
  await holdSuspended();
  await crl.publishWhenDue();
  crl.keep(signal, around.onCrlFailure);
  const federation = identity.federation.federation;
  const enrolment = openEnrolmentDesk({
    identity,
    federation,
    issuing,
    desk,
    invitations,
    certificates,
    crl,
    clock,
    random,
    audit,
  });

  /** A hub that died between suspending and revoking makes up for it. */
  async function holdSuspended(): Promise<void> {
    for (const member of registry.state.members.values()) {
      if (member.suspended) await revoke(member.code, 'certificateHold');
    }
  }

  async function revoke(member: MemberCode, reason: RevocationReason): Promise<void> {
    const count = await certificates.revoke(member, reason, clock.now());
    if (count > 0) audit({ kind: 'revoked', member, count, reason });
  }

  return {
    enrolment,
    async invite(wanted) {
      const where = { federation: identity.federation, rootPem: identity.tls.rootPem };
      const file = await invite({ ...where, invitations, state: registry.state, clock, random }, wanted);
      const { member, replace = false, confirm = false } = wanted;
      audit({ kind: 'invited', member, replace, confirm });
      return file;
    },
    async amend(member, changes) {
      const index = await amend(desk, member, changes);
      audit({ kind: 'amended', member, index });
      return index;
    },
    async suspend(member, { at, reason = 'certificateHold' } = {}) {
      const done = await suspend(desk, member, { at });
      audit({ kind: 'suspended', member, index: done.index });
      await revoke(member, reason);
      await crl.publish();
      return done;
    },
    async reinstate(member, options) {
      const done = await reinstate(desk, member, options);
      audit({ kind: 'reinstated', member, index: done.index });
      await certificates.release(member);
      await crl.publish();
      return done;
    },
    memberList: () => memberList(registry.state, invitations, certificates, clock.now()),
  };
}

/** A rotation that was interrupted leaves the next seed beside the old one. */
function checkOwnKeys({ secrets }: Identity, { members }: RegistryState): void {
  const known = members.get(LYON);
  if (known === undefined || Buffer.compare(known.keys.log, secrets.log.publicKey) === 0) return;
  throw new Failure(
    'rotation-unfinished',
    "the hub's keys are not those in its registry: run icse hub rotate again to finish it",
  );
}
