// A node's TLS certificate: 30 days, for both ends of a connection, under the issuing authority. The member
// stands in a URI among the subject's alternative names (RFC 5280 section 4.2.1.6), beside the node's hosts;
// reading accepts what issuing writes, byte for byte, and nothing else.
//
//   subject OU=<federation>, CN=NL      alternative names URI:urn:icse:member:NL, DNS:nl.icse.example

import { createHash } from 'node:crypto';
import { BadName, type FederationId, type MemberCode, parseMemberCode } from '../node/names.js';
import { type Authority, federationIdOf, verifyIssuing } from './authority.js';
import { BadDer, decodeDer, encodeDer, implicit, partsOf, primitiveContentOf, sequence } from './der.js';
import { addressOf, BadHost, canonicalHost, DNS_NAME, generalNameOf, IP_ADDRESS } from './hosts.js';
import { decodePem } from './pem.js';
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
  keyIdOf,
  keyUsage,
  nameText,
  signCertificate,
  subjectKeyId,
} from './x509.js';

export { BadCertificate };

export const NODE_CERTIFICATE_DAYS = 30;

/** More names than a node has, and a certificate still fits its bound. */
const HOSTS_MAX = 16;

const SERIAL_BYTES = 16;
const URI = 6;
const MEMBER_URN = 'urn:icse:member:';
const ALTERNATIVE_NAME = '2.5.29.17';

/** `CA:FALSE`: an empty SEQUENCE, since false is the default. */
const NODE_CONSTRAINTS = Uint8Array.of(0x30, 0x00);
/** digitalSignature: bit 0. TLS 1.3 needs no other. */
const NODE_USAGE = Uint8Array.of(0x03, 0x02, 0x07, 0x80);
/** serverAuth (1.3.6.1.5.5.7.3.1) and clientAuth (1.3.6.1.5.5.7.3.2). */
const NODE_PURPOSES = new Uint8Array(Buffer.from('301406082b0601050507030106082b06010505070302', 'hex'));

export interface NodeCertificate {
  readonly member: MemberCode;
  readonly federation: FederationId;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** 32 lower-case hex digits. */
  readonly serial: string;
  /** Of the DER. */
  readonly sha256: Uint8Array;
  readonly der: Uint8Array;
  /** DNS names and addresses, in their canonical spelling. */
  readonly hosts: readonly string[];
}

/** A node's certificate whose chain was checked up to the root. */
export type VerifiedNodeCertificate = NodeCertificate & { readonly __verified: true };

/** A serial number of 16 bytes, positive and never shorter. */
export function newSerial(random: (sizeBytes: number) => Uint8Array): string {
  const bytes = Buffer.from(random(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function alternativeName(member: string, hosts: readonly string[]): Extension {
  const uri = implicit(URI, new Uint8Array(Buffer.from(`${MEMBER_URN}${member}`, 'latin1')));
  const value = encodeDer(sequence(uri, ...hosts.map(generalNameOf)));
  return { oid: ALTERNATIVE_NAME, critical: false, value };
}

function nodeExtensions(names: Extension, keyId: Uint8Array, issuerKeyId: Uint8Array): Extension[] {
  return [
    basicConstraints(NODE_CONSTRAINTS),
    keyUsage(NODE_USAGE),
    { oid: '2.5.29.37', critical: false, value: NODE_PURPOSES },
    names,
    subjectKeyId(keyId),
    authorityKeyId(issuerKeyId),
  ];
}

/** Issues a node's certificate: PEM. Throws CannotIssue, BadHost, BadKey, BadPem. */
export function issueNodeCertificate(options: {
  issuing: Authority;
  publicKeyPem: string;
  member: MemberCode;
  federation: FederationId;
  hosts: readonly string[];
  notBefore: Date;
  notAfter: Date;
  serial: string;
}): string {
  const issuing = decodeCertificate(options.issuing.certificatePem);
  if (issuing.subject.federation !== options.federation) {
    throw new CannotIssue(`the issuing authority is not of the federation ${options.federation}`);
  }
  if (options.notAfter > issuing.notAfter) {
    const end = issuing.notAfter.toISOString();
    throw new CannotIssue(`the issuing authority ends at ${end}, before the certificate; make the next one`);
  }
  const hosts = [...new Set(options.hosts.map(canonicalHost))];
  if (hosts.length > HOSTS_MAX) throw new CannotIssue(`a node has at most ${HOSTS_MAX} hosts`);
  const publicKey = decodePem('PUBLIC KEY', options.publicKeyPem);
  const names = alternativeName(options.member, hosts);
  return signCertificate(
    {
      serial: options.serial,
      issuer: issuing.subject,
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      subject: { federation: options.federation, commonName: options.member },
      publicKey,
      extensions: nodeExtensions(names, keyIdOf(publicKey), keyIdOf(issuing.publicKey)),
    },
    options.issuing.privateKeyPem,
  );
}

/** The member and the hosts among the alternative names: exactly one URI, of ours, comes first. */
function readNames(certificate: Certificate): { member: MemberCode; hosts: string[] } {
  const names = certificate.extensions.find(({ oid }) => oid === ALTERNATIVE_NAME);
  if (names === undefined) throw new BadCertificate('the certificate has no alternative names');
  const uris: string[] = [];
  const hosts: string[] = [];
  for (const name of partsOf(decodeDer(names.value, names.value.length))) {
    const content = primitiveContentOf(name);
    const tag: number = name.type;
    if (tag === URI) uris.push(Buffer.from(content).toString('latin1'));
    else if (tag === DNS_NAME) hosts.push(canonicalHost(Buffer.from(content).toString('latin1')));
    else if (tag === IP_ADDRESS) hosts.push(addressOf(content));
    else
      throw new BadCertificate('the certificate has an alternative name that is no URI, DNS name or address');
  }
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) {
    throw new BadCertificate(`the certificate has ${uris.length} URIs among its names; a node's has one`);
  }
  if (!uri.startsWith(MEMBER_URN)) {
    throw new BadCertificate(`the URI of the certificate does not begin with ${MEMBER_URN}`);
  }
  return { member: parseMemberCode(uri.slice(MEMBER_URN.length)), hosts };
}

function namesOf(certificate: Certificate): { member: MemberCode; hosts: string[] } {
  try {
    return readNames(certificate);
  } catch (cause) {
    if (cause instanceof BadDer || cause instanceof BadName || cause instanceof BadHost) {
      throw new BadCertificate(`the names in the certificate cannot be read: ${cause.message}`, cause);
    }
    throw cause;
  }
}

/** Checks all of a leaf but who issued it. */
function profileOf(leaf: Certificate, issuerKeyId: Uint8Array): NodeCertificate {
  const { member, hosts } = namesOf(leaf);
  const expected = nodeExtensions(alternativeName(member, hosts), keyIdOf(leaf.publicKey), issuerKeyId);
  checkExtensions(`the certificate of ${member}`, leaf.extensions, expected);
  const { federation, commonName } = leaf.subject;
  if (commonName !== member) {
    throw new BadCertificate(`the certificate of ${member} has the subject ${nameText(leaf.subject)}`);
  }
  if (federation === undefined || !/^[0-9a-f]{64}$/.test(federation)) {
    throw new BadCertificate(`the certificate of ${member} names no federation`);
  }
  return {
    member,
    federation: federation as FederationId,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    serial: leaf.serial,
    sha256: new Uint8Array(createHash('sha256').update(leaf.der).digest()),
    der: leaf.der,
    hosts,
  };
}

/** Reads a node's certificate without trusting it: who issued it is not checked. Throws BadCertificate. */
export function readNodeCertificate(pemOrDer: string | Uint8Array): NodeCertificate {
  const leaf = decodeCertificate(pemOrDer);
  // The value is 30 16 80 14 and the issuer's key id; comparing with the profile checks the first four.
  return profileOf(leaf, leaf.extensions.at(-1)?.value.slice(-20) ?? new Uint8Array());
}

/** Checks a node's certificate up to the root, now. Throws BadCertificate that says what is wrong. */
export function verifyNodeCertificate(options: {
  leaf: string | Uint8Array;
  issuing: string | Uint8Array;
  root: string | Uint8Array;
  now: Date;
}): VerifiedNodeCertificate {
  const issuing = verifyIssuing(options);
  const leaf = decodeCertificate(options.leaf);
  checkIssued(`the certificate of ${nameText(leaf.subject)}`, leaf, issuing, options.now);
  const node = profileOf(leaf, keyIdOf(issuing.publicKey));
  if (node.federation !== federationIdOf(options.root)) {
    throw new BadCertificate(`the certificate of ${node.member} is of the federation ${node.federation}`);
  }
  return node as VerifiedNodeCertificate;
}
