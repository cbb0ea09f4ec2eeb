// Whom a node talks with: members by the registry as it is, but for those that its operator denies.

import { ByeCode } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Logs } from '../log/logs.js';
import { LYON, type MemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import type { Link } from './link.js';
import { Refusal } from './refusal.js';

export interface AdmissionSurroundings {
  readonly logs: Logs;
  readonly me: MemberCode;
  /** Members that this node never talks to. */
  readonly deny: ReadonlySet<MemberCode>;
  /** True until the check of our own logs has passed. */
  recovering(): boolean;
}

export interface Admission {
  /** Whether to talk to the member at all. Throws Refusal. */
  admit(member: MemberCode): void;
  /** A hub that fetches its registry back takes it from whoever it once gave a certificate. */
  knowsByCertificate(member: MemberCode): boolean;
  /** Why a live link must end after the registry changed. */
  objectionTo(link: Link, before: RegistryState): Refusal | undefined;
  /** Once the hub's registry is back, it alone says who is a member: why a link must end then. */
  objectionToStranger(link: Link): Refusal | undefined;
}

export function createAdmission({ logs, me, deny, recovering }: AdmissionSurroundings): Admission {
  function knowsByCertificate(member: MemberCode): boolean {
    return me === LYON && recovering() && !logs.registry.state.members.has(member);
  }

  return {
    knowsByCertificate,
    admit(member) {
      if (member === me) throw new Refusal(ByeCode.IDENTITY, `${member} is this node itself`);
      if (deny.has(member)) throw new Refusal(ByeCode.DENIED, `${me} does not talk with ${member}`);
      const known = logs.registry.state.members.get(member);
      if (known?.suspended === true) throw isSuspended(member);
      if (known === undefined && member !== LYON && !knowsByCertificate(member)) throw isNoMember(member, me);
    },
    objectionTo({ member, sessionKey }, before) {
      const now = logs.registry.state.members.get(member);
      const then = before.members.get(member);
      if (now?.suspended === true) return isSuspended(member);
      const isNew =
        now !== undefined &&
        (then === undefined || Buffer.compare(now.keys.session, then.keys.session) !== 0) &&
        Buffer.compare(now.keys.session, sessionKey) !== 0;
      return isNew ? new Refusal(ByeCode.REPLACED, `${member} has new keys`) : undefined;
    },
    objectionToStranger({ member }) {
      if (me !== LYON || recovering() || logs.registry.state.members.has(member)) return undefined;
      return isNoMember(member, me);
    },
  };
}

function isSuspended(member: MemberCode): Refusal {
  return new Refusal(ByeCode.SUSPENDED, `${member} is suspended by the hub`);
}

function isNoMember(member: MemberCode, me: MemberCode): Refusal {
  return new Refusal(ByeCode.NOT_A_MEMBER, `${member} is not in the registry of ${me}`);
}
