// What the hub tells its log and its journal of enrolment and membership: codes, members and reasons, never a
// token or a key.

import type { RevocationReason } from '../../certs/revocation.js';
import type { MemberCode } from '../names.js';

export type HubEvent =
  | {
      readonly kind: 'invited';
      readonly member: MemberCode;
      readonly replace: boolean;
      readonly confirm: boolean;
    }
  | {
      readonly kind: 'enrolment-waits';
      readonly member: MemberCode;
      readonly from: string;
      readonly fingerprint: string;
    }
  | { readonly kind: 'confirmed'; readonly member: MemberCode; readonly fingerprint: string }
  | {
      readonly kind: 'admitted' | 'keys-replaced';
      readonly member: MemberCode;
      /** In the registry. */
      readonly index: number;
      readonly fingerprint: string;
      /** host:port in the registry; empty when there is none. */
      readonly address: string;
      /** Where the node listens, when that waits for `member amend`; empty otherwise. */
      readonly waiting: string;
    }
  | {
      readonly kind: 'certified';
      readonly member: MemberCode;
      readonly serial: string;
      /** UTC milliseconds since 1970. */
      readonly notAfter: number;
      readonly by: 'enrolment' | 'renewal';
    }
  | {
      readonly kind: 'amended' | 'suspended' | 'reinstated';
      readonly member: MemberCode;
      readonly index: number;
    }
  | {
      readonly kind: 'revoked';
      readonly member: MemberCode;
      readonly count: number;
      readonly reason: RevocationReason;
    }
  | {
      readonly kind: 'enrolment-refused';
      /** What the caller calls itself; quoted and cut unless it is a code. */
      readonly member: string;
      readonly from: string;
      readonly call: 'enrol' | 'renew';
      readonly code: string;
      readonly reason: string;
    };

export type Audit = (event: HubEvent) => void;
