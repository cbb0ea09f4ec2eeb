// The federation's two authorities (RFC 5280 section 4.2): the root, which signs the issuing authority and is
// then put away, and the issuing authority, which signs nodes and no further authority (path length 0).
//
//   CN=ICSE Exchange root 5f3a90c1    ->    OU=<federation>, CN=ICSE Exchange issuing 07be44d2

import { createHash } from 'node:crypto';
import { type FederationId, parseFederationId } from '../node/names.js';
import { generateRsaKey, publicKeyOf } from './rsa.js';
import {
  authorityKeyId,
  BadCertificate,
  basicConstraints,
  CannotIssue,
  type Certificate,
  checkExtensions,
  checkIssued,
  decodeCertificate,
  type Extension,
  isSameName,
  keyIdOf,
  keyUsage,
  type Name,
  signCertificate,
  subjectKeyId,
} from './x509.js';

const AUTHORITY_KEY_BITS = 3072;
const ROOT_YEARS = 20;
const ISSUING_YEARS = 5;

/** Authorities begin a day early, so that a member whose clock is behind hears so from us and not from TLS. */
const BACKDATED_MS = 24 * 60 * 60 * 1000;

/** `CA:TRUE` without a path length, and with path length 0. */
const ROOT_CONSTRAINTS = Uint8Array.of(0x30, 0x03, 0x01, 0x01, 0xff);
const ISSUING_CONSTRAINTS = Uint8Array.of(0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00);
/** keyCertSign and cRLSign: bits 5 and 6. */
const AUTHORITY_USAGE = Uint8Array.of(0x03, 0x02, 0x01, 0x06);

export interface Authority {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

function authorityExtensions(
  constraints: Uint8Array,
  keyId: Uint8Array,
  issuerKeyId: Uint8Array,
): Extension[] {
  return [
    basicConstraints(constraints),
    keyUsage(AUTHORITY_USAGE),
    subjectKeyId(keyId),
    authorityKeyId(issuerKeyId),
  ];
}

function validity(now: Date, years: number): { notBefore: Date; notAfter: Date } {
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + years);
  return { notBefore: new Date(now.getTime() - BACKDATED_MS), notAfter };
}

function authorityName(
  federation: FederationId | undefined,
  name: string,
  role: string,
  keyId: Uint8Array,
): Name {
  if (!/^[A-Za-z0-9][A-Za-z0-9 .-]{0,39}$/.test(name)) {
    throw new CannotIssue('the name of an authority is 1 to 40 letters, digits, spaces, points and hyphens');
  }
  return { federation, commonName: `${name} ${role} ${Buffer.from(keyId).toString('hex', 0, 4)}` };
}

/** Makes a federation's root: a new key, and its own certificate of 20 years. Throws CannotIssue. */
export async function createRoot(options: { name: string; now: Date; serial: string }): Promise<Authority> {
  const privateKeyPem = await generateRsaKey(AUTHORITY_KEY_BITS);
  const publicKey = publicKeyOf(privateKeyPem);
  const keyId = keyIdOf(publicKey);
  const name = authorityName(undefined, options.name, 'root', keyId);
  const fields = {
    serial: options.serial,
    issuer: name,
    ...validity(options.now, ROOT_YEARS),
    subject: name,
    publicKey,
    extensions: authorityExtensions(ROOT_CONSTRAINTS, keyId, keyId),
  };
  return { certificatePem: signCertificate(fields, privateKeyPem), privateKeyPem };
}

/** Makes an issuing authority of 5 years under the root of this federation. Throws CannotIssue. */
export async function createIssuing(
  root: Authority,
  options: { name: string; now: Date; serial: string; federation: FederationId },
): Promise<Authority> {
  const rootCertificate = decodeRoot(root.certificatePem);
  if (federationIdOf(root.certificatePem) !== options.federation) {
    throw new CannotIssue(`the root at hand is not the root of the federation ${options.federation}`);
  }
  const dates = validity(options.now, ISSUING_YEARS);
  if (dates.notAfter > rootCertificate.notAfter) {
    throw new CannotIssue(
      `the root ends at ${rootCertificate.notAfter.toISOString()}, too soon to issue under it`,
    );
  }
  const privateKeyPem = await generateRsaKey(AUTHORITY_KEY_BITS);
  const publicKey = publicKeyOf(privateKeyPem);
  const keyId = keyIdOf(publicKey);
  const fields = {
    serial: options.serial,
    issuer: rootCertificate.subject,
    ...dates,
    subject: authorityName(options.federation, options.name, 'issuing', keyId),
    publicKey,
    extensions: authorityExtensions(ISSUING_CONSTRAINTS, keyId, keyIdOf(rootCertificate.publicKey)),
  };
  return { certificatePem: signCertificate(fields, root.privateKeyPem), privateKeyPem };
}

/** Reads a certificate that has the profile of a root and names itself as its issuer. Throws BadCertificate. */
export function decodeRoot(pemOrDer: string | Uint8Array): Certificate {
  const root = decodeCertificate(pemOrDer);
  const keyId = keyIdOf(root.publicKey);
  checkExtensions('the root', root.extensions, authorityExtensions(ROOT_CONSTRAINTS, keyId, keyId));
  if (root.subject.federation !== undefined || !isSameName(root.subject, root.issuer)) {
    throw new BadCertificate('the root was issued by another authority, so it is not a root');
  }
  return root;
}

/** The federation that a root makes: SHA-256 of its DER. Throws BadCertificate. */
export function federationIdOf(rootPem: string | Uint8Array): FederationId {
  const root = decodeRoot(rootPem);
  return parseFederationId(createHash('sha256').update(root.der).digest('hex'));
}

/** Reads an issuing authority and checks that it is the root's, now. Throws BadCertificate. */
export function verifyIssuing(options: {
  issuing: string | Uint8Array;
  root: string | Uint8Array;
  now: Date;
}): Certificate {
  const root = decodeRoot(options.root);
  checkIssued('the root', root, root, options.now);
  const issuing = decodeCertificate(options.issuing);
  checkIssued('the issuing authority', issuing, root, options.now);
  checkExtensions(
    'the issuing authority',
    issuing.extensions,
    authorityExtensions(ISSUING_CONSTRAINTS, keyIdOf(issuing.publicKey), keyIdOf(root.publicKey)),
  );
  if (issuing.subject.federation !== federationIdOf(root.der)) {
    throw new BadCertificate('the issuing authority names another federation than its root makes');
  }
  return issuing;
}
