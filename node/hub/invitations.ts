// The hub's record of invitations (hub/invitations.json), the latest of each member: it outlives the enrolment,
// because it has the member's display name, which stays at the hub, and answers a node whose reply was lost.
// Of the token only the hash is kept.

import { hash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { MemberKeys } from '../../proto/gen/icse/v1/registry_pb.js';
import { readDocumentIfAny, writeDocument } from '../home/document.js';
import { addressField, keysDocument, keysField, memberField, timeField } from '../home/document-fields.js';
import type { MemberCode } from '../names.js';
import type { QuotaSetting } from './membership.js';

/** 4,096 invitations of under 1 KB. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The keys with which a member used its invitation, before or after they were admitted. */
export interface Enrolled {
  readonly keys: MemberKeys;
  readonly fingerprint: string;
  /** Where the node listens, as it says; empty when it only dials. */
  readonly listen: string;
  /** The IP address that it called from. */
  readonly from: string;
}

export interface Invitation {
  readonly member: MemberCode;
  /** The display name. */
  readonly name: string;
  /** SHA-256 of the token, hex. */
  readonly tokenHash: string;
  /** UTC milliseconds since 1970. */
  readonly expires: number;
  /** The operator must confirm the fingerprint before a certificate is issued. */
  readonly confirm: boolean;
  /** The member has keys already, and these take their place. */
  readonly replace: boolean;
  readonly address?: string | undefined;
  readonly quota?: QuotaSetting | undefined;
  /** 'confirmed': by the operator; 'used': the registry has the keys. */
  readonly state: 'pending' | 'confirmed' | 'used';
  readonly enrolled?: Enrolled | undefined;
}

const InvitationsDocument = z.strictObject({
  version: z.literal(1),
  invitations: z.array(
    z.strictObject({
      member: memberField,
      name: z.string(),
      tokenHash: z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 hex digits'),
      expires: timeField,
      confirm: z.boolean(),
      replace: z.boolean(),
      address: addressField.optional(),
      quota: z.strictObject({ entries: z.int().min(1), bytes: z.int().min(1) }).optional(),
      state: z.enum(['pending', 'confirmed', 'used']),
      enrolled: z
        .strictObject({ keys: keysField, fingerprint: z.string(), listen: z.string(), from: z.string() })
        .optional(),
    }),
  ),
});

export class Invitations {
  readonly #path: string;
  readonly #byMember: Map<MemberCode, Invitation>;
  /** Settles with the last write; each waits for the one before. */
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(path: string, invitations: readonly Invitation[]) {
    this.#path = path;
    this.#byMember = new Map(invitations.map((invitation) => [invitation.member, invitation]));
  }

  /** Reads the record; an empty one when there is none yet. Throws BadDocument, BadPrivateFile. */
  static async open(path: string): Promise<Invitations> {
    const document = await readDocumentIfAny(path, InvitationsDocument, MAX_BYTES);
    return new Invitations(path, document?.invitations ?? []);
  }

  of(member: MemberCode): Invitation | undefined {
    return this.#byMember.get(member);
  }

  all(): Invitation[] {
    return [...this.#byMember.values()];
  }

  /** Puts an invitation in the place of the member's last one; on disk when it resolves. Throws BadFile. */
  async put(invitation: Invitation): Promise<void> {
    const { member } = invitation;
    const before = this.#byMember.get(member);
    this.#byMember.set(member, invitation);
    const write = this.#lastWrite.then(() => writeDocument(this.#path, documentOf(this.all())));
    this.#lastWrite = write.catch(() => {});
    try {
      await write;
    } catch (error) {
      if (before === undefined) this.#byMember.delete(member);
      else this.#byMember.set(member, before);
      throw error;
    }
  }
}

/** What an operator is shown: a pending invitation whose time is over is expired. */
export function invitationState(invitation: Invitation, nowMs: number): Invitation['state'] | 'expired' {
  return invitation.state === 'pending' && invitation.expires <= nowMs ? 'expired' : invitation.state;
}

/** The hash under which a token is kept. */
export function tokenHashOf(token: Uint8Array): string {
  return hash('sha256', token, 'hex');
}

/** True when this is the invitation's token; takes the same time wherever they differ. */
export function isTokenOf(invitation: Invitation, token: Uint8Array): boolean {
  return timingSafeEqual(Buffer.from(tokenHashOf(token)), Buffer.from(invitation.tokenHash));
}

function documentOf(invitations: readonly Invitation[]): object {
  return {
    version: 1,
    invitations: invitations.map(({ expires, enrolled, ...rest }) => ({
      ...rest,
      expires: new Date(expires).toISOString(),
      ...(enrolled === undefined ? {} : { enrolled: { ...enrolled, keys: keysDocument(enrolled.keys) } }),
    })),
  };
}
