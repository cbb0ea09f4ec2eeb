// Inviting a member: a one-time token for a code that is not a member's yet, or, to replace lost or stolen
// keys, for one that is. A new invitation takes the place of one that was not used.

import type { Clock } from '../clock.js';
import { type InvitationFile, TOKEN_BYTES } from '../enrolment/invitation-file.js';
import { Failure } from '../failure.js';
import { addressText, parseAddress } from '../home/address.js';
import type { Federation } from '../home/federation.js';
import { LYON, type MemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { type Invitations, tokenHashOf } from './invitations.js';
import type { QuotaSetting } from './membership.js';

export const INVITATION_DAYS = 7;

/** Twice the 4,096 members that a registry may have is never needed; it bounds the record. */
const MAX_INVITATIONS = 4096;
/** A display name is one line, at the hub alone. */
const NAME = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,80}$/u;

/** An invitation that cannot be given. */
export class CannotInvite extends Failure {
  declare readonly code: 'member-exists' | 'unknown-member' | 'bad-invite';

  constructor(code: CannotInvite['code'], message: string) {
    super(code, message);
  }
}

export interface Invite {
  readonly member: MemberCode;
  /** Display name; the one of the last invitation, or the code, when it is absent. */
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  readonly quota?: QuotaSetting | undefined;
  readonly confirm?: boolean | undefined;
  readonly replace?: boolean | undefined;
}

export interface InviteAround {
  readonly federation: Federation;
  readonly rootPem: string;
  readonly invitations: Invitations;
  /** The registry as it is now. */
  readonly state: RegistryState;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
}

/** Records the invitation and returns what is written for the member. Throws CannotInvite, BadAddress, BadFile. */
export async function invite(around: InviteAround, wanted: Invite): Promise<InvitationFile> {
  const { federation, rootPem, invitations, state, clock, random } = around;
  const { member, quota, confirm = false, replace = false } = wanted;
  const name = wanted.name ?? invitations.of(member)?.name ?? member;
  checkInvite(around, { ...wanted, name });
  const address = wanted.address === undefined ? undefined : addressText(parseAddress(wanted.address));
  const token = random(TOKEN_BYTES);
  const expires = clock.now() + INVITATION_DAYS * 86_400_000;
  await invitations.put({
    member,
    name,
    tokenHash: tokenHashOf(token),
    expires,
    confirm,
    replace,
    state: 'pending',
    ...(address === undefined ? {} : { address }),
    ...(quota === undefined ? {} : { quota }),
  });
  const hub = state.members.get(LYON);
  return {
    federation: federation.federation,
    member,
    rootKey: federation.rootKey,
    rootKeySignature: federation.rootKeySignature,
    rootPem,
    hub: {
      exchange: hub?.address || federation.hub.exchange,
      enrolment: federation.hub.enrolment,
      keys: hub?.keys ?? federation.hub.keys,
    },
    token,
    expires,
  };
}

function checkInvite(
  { invitations, state }: InviteAround,
  { member, name = '', quota, replace = false }: Invite,
): void {
  if (member === LYON) {
    throw new CannotInvite(
      'bad-invite',
      `${LYON} is the hub itself; its keys are replaced with icse hub rotate`,
    );
  }
  if (!NAME.test(name))
    throw new CannotInvite('bad-invite', 'a display name is one line of 1 to 80 characters');
  const numbers = quota === undefined ? [] : [quota.entries, quota.bytes];
  if (numbers.some((number) => !Number.isSafeInteger(number) || number < 1)) {
    throw new CannotInvite('bad-invite', 'a quota is two whole numbers from 1, entries and bytes a day');
  }
  const isMember = state.members.has(member);
  if (isMember && !replace) {
    throw new CannotInvite(
      'member-exists',
      `${member} is a member already; --replace invites it to new keys, which end the old ones`,
    );
  }
  if (!isMember && replace) {
    throw new CannotInvite('unknown-member', `${member} is not a member yet, so it has no keys to replace`);
  }
  if (invitations.of(member) === undefined && invitations.all().length >= MAX_INVITATIONS) {
    throw new CannotInvite('bad-invite', `a hub keeps at most ${MAX_INVITATIONS} invitations`);
  }
}
