// Issues node certificates at the hub: 30 days, begun five minutes ago for clocks that are a little behind,
// recorded before they are handed out. The same key asking again soon gets the same certificate, so a reply
// that was lost costs nothing.

import type { Authority } from '../../certs/authority.js';
import { issueNodeCertificate, NODE_CERTIFICATE_DAYS, newSerial } from '../../certs/certificate.js';
import { decodePem } from '../../certs/pem.js';
import { decodeCertificate } from '../../certs/x509.js';
import type { Clock } from '../clock.js';
import { Failure } from '../failure.js';
import type { CertificateChain } from '../home/tls-files.js';
import type { FederationId, MemberCode } from '../names.js';
import type { IssuedCertificates } from './issued-certificates.js';

const BACKDATED_MS = 5 * 60 * 1000;
const LIFE_MS = NODE_CERTIFICATE_DAYS * 86_400_000;
/** Within this time the same key gets the same certificate. */
const REPEAT_MS = 60 * 60 * 1000;
/** A member needs two at a time; a node gone wild must not fill the record or the revocation list. */
const MAX_LIVE = 64;

/** A member that has too many certificates: `code` is 'too-many-certificates'. */
export class TooManyCertificates extends Failure {
  constructor(member: MemberCode) {
    super(
      'too-many-certificates',
      `${member} has ${MAX_LIVE} certificates that have not ended; it gets no more until one has`,
    );
  }
}

export interface Certified extends CertificateChain {
  readonly serial: string;
  /** UTC milliseconds since 1970. */
  readonly notAfter: number;
  /** False when this is the certificate that the same key got before. */
  readonly isNew: boolean;
}

export interface CertifierAround {
  readonly issuing: Authority;
  readonly federation: FederationId;
  readonly certificates: IssuedCertificates;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
}

/** Issues a certificate for a key whose possession has been proven. Throws TooManyCertificates, CannotIssue, BadFile. */
export async function certify(
  around: CertifierAround,
  subject: {
    readonly member: MemberCode;
    readonly publicKeyPem: string;
    readonly hosts: readonly string[];
  },
): Promise<Certified> {
  const { issuing, federation, certificates, clock, random } = around;
  const { member, publicKeyPem, hosts } = subject;
  const nowMs = Math.floor(clock.now() / 1000) * 1000;
  const issuingPem = issuing.certificatePem;
  const live = certificates.liveOf(member, nowMs);
  const issuer = decodeCertificate(issuingPem).serial;
  const last = live.at(-1);
  if (last !== undefined && last.revoked === undefined && nowMs - last.issuedAt < REPEAT_MS) {
    if (last.issuer === issuer && isFor(last.leafPem, publicKeyPem)) {
      return {
        leafPem: last.leafPem,
        issuingPem,
        serial: last.serial,
        notAfter: last.notAfter,
        isNew: false,
      };
    }
  }
  if (live.length >= MAX_LIVE) throw new TooManyCertificates(member);
  const serial = newSerial(random);
  const notAfter = nowMs + LIFE_MS;
  const leafPem = issueNodeCertificate({
    issuing,
    publicKeyPem,
    member,
    federation,
    hosts,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(notAfter),
    serial,
  });
  await certificates.add({ serial, member, issuer, issuedAt: nowMs, notAfter, leafPem });
  return { leafPem, issuingPem, serial, notAfter, isNew: true };
}

function isFor(leafPem: string, publicKeyPem: string): boolean {
  const wanted = decodePem('PUBLIC KEY', publicKeyPem);
  return Buffer.compare(wanted, decodeCertificate(leafPem).publicKey) === 0;
}
