// The fingerprint of all keys with which a member enrols, to be read out by telephone: 128 bits of
// SHA-256("icse/fingerprint/v1\n" ‖ federation ‖ "\n" ‖ member ‖ "\n" ‖ log ‖ receipt ‖ session ‖ sealing ‖ TLS key).
//
//   1f3a-90c1-07be-44d2-8e5b-6a00-c9d1-33f7

import { createHash } from 'node:crypto';
import type { MemberPublicKeys } from '../keys/seed.js';
import type { FederationId, MemberCode } from '../names.js';

const LABEL = 'icse/fingerprint/v1\n';
const GROUPS = /.{4}/g;
/** Eight groups: nobody finds a second set of keys for 128 bits. */
const HEX_DIGITS = 32;

export interface EnrolledKeys {
  readonly federation: FederationId;
  readonly member: MemberCode;
  readonly keys: MemberPublicKeys;
  /** SubjectPublicKeyInfo of the TLS key in PEM. */
  readonly tlsKeyPem: string;
}

/** The fingerprint as it is shown. */
export function fingerprintOf({ federation, member, keys, tlsKeyPem }: EnrolledKeys): string {
  const digest = createHash('sha256')
    .update(`${LABEL}${federation}\n${member}\n`)
    .update(keys.log)
    .update(keys.receipt)
    .update(keys.session)
    .update(keys.sealing)
    .update(tlsKeyPem)
    .digest('hex');
  return grouped(digest.slice(0, HEX_DIGITS));
}

/** A fingerprint as a person typed it (any case, with spaces, colons or hyphens, or none) as it is shown. */
export function typedFingerprint(text: string): string | undefined {
  const digits = text.toLowerCase().replaceAll(/[\s:-]/g, '');
  return /^[0-9a-f]{32}$/.test(digits) ? grouped(digits) : undefined;
}

function grouped(digits: string): string {
  return (digits.match(GROUPS) ?? []).join('-');
}
