// X.509 version 3 certificates (RFC 5280 section 4), written and read in the one form that our profiles use:
// SHA-256 with RSA, no unique ids. What a profile allows is for its own module to say.
//
//   30 [ 30 [ a0 03 02 01 02 · serial · algorithm · issuer · validity · subject · key · a3 extensions ]
//        algorithm · signature ]

import { createHash } from 'node:crypto';
import { Failure } from '../node/failure.js';
import {
  BadDer,
  bits,
  bitsOf,
  type Der,
  decodeDer,
  encodeDer,
  explicit,
  explicitOf,
  integer,
  integerHexOf,
  membersOf,
  objectId,
  objectIdOf,
  octets,
  octetsOf,
  partsOf,
  sequence,
  setOf,
  time,
  timeOf,
  trueValue,
  utf8,
  utf8Of,
} from './der.js';
import { BadPem, decodePem, encodePem } from './pem.js';
import { BadKey, checkPublicKey, isSignedBy, sha256WithRsa, signSha256 } from './rsa.js';

/** Our largest: a node with 16 hosts of 253 characters has 5.5 KiB. */
const CERTIFICATE_BYTES_MAX = 8192;

const COMMON_NAME = '2.5.4.3';
const ORGANISATIONAL_UNIT = '2.5.4.11';

/** A certificate that must not be trusted, with what is wrong with it: `code` is 'bad-certificate'. */
export class BadCertificate extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-certificate', message, cause);
  }
}

/** A certificate that was asked for and that our profiles do not allow: `code` is 'cannot-issue'. */
export class CannotIssue extends Failure {
  constructor(message: string, cause?: unknown) {
    super('cannot-issue', message, cause);
  }
}

/** A distinguished name of ours: the federation's id in OU (none in the root's, which it is made from), and CN. */
export interface Name {
  readonly federation: string | undefined;
  readonly commonName: string;
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface CertificateFields {
  /** Lower-case hex of whole bytes. */
  readonly serial: string;
  readonly issuer: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: Name;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** A certificate as it was read: well-formed, and nothing more is known about it. */
export interface Certificate extends CertificateFields {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

/** The DER of a name. */
export function encodeName(name: Name): Der {
  const part = (oid: string, value: string) => setOf(sequence(objectId(oid), utf8(value)));
  const commonName = part(COMMON_NAME, name.commonName);
  if (name.federation === undefined) return sequence(commonName);
  return sequence(part(ORGANISATIONAL_UNIT, name.federation), commonName);
}

function decodeName(der: Der | undefined): Name {
  const texts = partsOf(der).map((set) => utf8Of(partsOf(membersOf(set)[0])[1]));
  const [first, second] = texts;
  if (first === undefined) throw new BadDer('a name in the certificate is empty');
  return second === undefined
    ? { federation: undefined, commonName: first }
    : { federation: first, commonName: second };
}

/** A name as it goes into a sentence: quoted and cut, since a stranger may have written it. */
export function nameText({ commonName }: Name): string {
  return JSON.stringify(commonName.slice(0, 60));
}

export function isSameName(a: Name, b: Name): boolean {
  return a.federation === b.federation && a.commonName === b.commonName;
}

/** The key id of a SubjectPublicKeyInfo: SHA-1 of its bits (RFC 5280 section 4.2.1.2, method 1). */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  const [, key] = partsOf(decodeDer(publicKey, CERTIFICATE_BYTES_MAX));
  return new Uint8Array(createHash('sha1').update(bitsOf(key)).digest());
}

/** Extensions in DER, as certificates and revocation lists have them. */
export function encodeExtensions(extensions: readonly Extension[]): Der {
  const encoded = extensions.map(({ oid, critical, value }) =>
    critical ? sequence(objectId(oid), trueValue(), octets(value)) : sequence(objectId(oid), octets(value)),
  );
  return sequence(...encoded);
}

/** Reads what `encodeExtensions` wrote; whoever reads re-encodes and compares. Throws BadDer. */
export function decodeExtensions(der: Der | undefined): Extension[] {
  return partsOf(der).map((extension) => {
    const parts = partsOf(extension);
    return { oid: objectIdOf(parts[0]), critical: parts.length === 3, value: octetsOf(parts.at(-1)) };
  });
}

export function subjectKeyId(keyId: Uint8Array): Extension {
  return { oid: '2.5.29.14', critical: false, value: encodeDer(octets(keyId)) };
}

export function authorityKeyId(keyId: Uint8Array): Extension {
  // SEQUENCE { [0] IMPLICIT keyIdentifier }
  const value = Buffer.concat([Uint8Array.of(0x30, keyId.length + 2, 0x80, keyId.length), keyId]);
  return { oid: '2.5.29.35', critical: false, value: new Uint8Array(value) };
}

export function basicConstraints(value: Uint8Array): Extension {
  return { oid: '2.5.29.19', critical: true, value };
}

export function keyUsage(value: Uint8Array): Extension {
  return { oid: '2.5.29.15', critical: true, value };
}

const EXTENSION_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.29.14', 'subject key identifier'],
  ['2.5.29.15', 'key usage'],
  ['2.5.29.17', 'subject alternative name'],
  ['2.5.29.19', 'basic constraints'],
  ['2.5.29.35', 'authority key identifier'],
  ['2.5.29.37', 'extended key usage'],
]);

/** Checks that a certificate has exactly the extensions of its profile. Throws BadCertificate with the name. */
export function checkExtensions(
  whose: string,
  found: readonly Extension[],
  expected: readonly Extension[],
): void {
  const nameOf = (oid: string) => EXTENSION_NAMES.get(oid) ?? `extension ${oid}`;
  for (const [index, extension] of expected.entries()) {
    const other = found[index];
    if (other === undefined || other.oid !== extension.oid) {
      throw new BadCertificate(`${whose} has no ${nameOf(extension.oid)} where it should stand`);
    }
    if (other.critical !== extension.critical || Buffer.compare(other.value, extension.value) !== 0) {
      throw new BadCertificate(`${whose} has another ${nameOf(extension.oid)} than it should have`);
    }
  }
  const more = found[expected.length];
  if (more !== undefined) throw new BadCertificate(`${whose} has a ${nameOf(more.oid)} too many`);
}

function encodeTbs(fields: CertificateFields): Der {
  return sequence(
    explicit(0, integer('02')),
    integer(fields.serial),
    sha256WithRsa(),
    encodeName(fields.issuer),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    encodeName(fields.subject),
    decodeDer(fields.publicKey, CERTIFICATE_BYTES_MAX),
    explicit(3, encodeExtensions(fields.extensions)),
  );
}

function checkFields({ serial, notBefore, notAfter, publicKey }: CertificateFields): void {
  if (!/^[0-7][0-9a-f]{31}$/.test(serial) || /^0+$/.test(serial)) {
    throw new CannotIssue('a serial number is 16 bytes in lower-case hex, above zero and below 2^127');
  }
  if (!(notBefore.getTime() < notAfter.getTime())) {
    throw new CannotIssue('a certificate would end before it begins');
  }
  checkPublicKey(publicKey);
}

/** Puts a certificate together and signs it with the issuer's key: PEM. Throws CannotIssue, BadKey. */
export function signCertificate(fields: CertificateFields, issuerKeyPem: string): string {
  checkFields(fields);
  const tbs = encodeTbs(fields);
  const signature = signSha256(issuerKeyPem, encodeDer(tbs));
  return encodePem('CERTIFICATE', encodeDer(sequence(tbs, sha256WithRsa(), bits(signature))));
}

function decodeFields(tbs: Der): CertificateFields {
  const [, serial, , issuer, validity, subject, publicKey, extensions] = partsOf(tbs);
  const [notBefore, notAfter] = partsOf(validity);
  if (publicKey === undefined) throw new BadDer('the certificate has no key');
  return {
    serial: integerHexOf(serial).padStart(32, '0'),
    issuer: decodeName(issuer),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    subject: decodeName(subject),
    publicKey: encodeDer(publicKey),
    extensions: decodeExtensions(explicitOf(3, extensions)[0]),
  };
}

function decode(pemOrDer: string | Uint8Array): Certificate {
  const der = typeof pemOrDer === 'string' ? decodePem('CERTIFICATE', pemOrDer) : Uint8Array.from(pemOrDer);
  const [body, , signatureBits] = partsOf(decodeDer(der, CERTIFICATE_BYTES_MAX));
  if (body === undefined) throw new BadDer('the certificate is empty');
  const fields = decodeFields(body);
  const signature = bitsOf(signatureBits);
  // The fields say all: whatever they would not print back (another algorithm, version, a unique id) is refused.
  const printed = encodeDer(sequence(encodeTbs(fields), sha256WithRsa(), bits(signature)));
  if (Buffer.compare(printed, der) !== 0) throw new BadDer('it is not in the form of our profiles');
  checkPublicKey(fields.publicKey);
  return { ...fields, der, tbs: encodeDer(body), signature };
}

/** Reads a certificate of ours without trusting it. Throws BadCertificate. */
export function decodeCertificate(pemOrDer: string | Uint8Array): Certificate {
  try {
    return decode(pemOrDer);
  } catch (cause) {
    if (cause instanceof BadDer || cause instanceof BadPem || cause instanceof BadKey) {
      throw new BadCertificate(`the certificate cannot be read: ${cause.message}`, cause);
    }
    throw cause;
  }
}

/** Checks issuer, signature and dates of one link of a chain. Throws BadCertificate that says what is wrong. */
export function checkIssued(whose: string, certificate: Certificate, issuer: Certificate, now: Date): void {
  if (!isSameName(certificate.issuer, issuer.subject)) {
    throw new BadCertificate(
      `${whose} was issued by ${nameText(certificate.issuer)} and not by ${nameText(issuer.subject)}`,
    );
  }
  if (!isSignedBy(issuer.publicKey, certificate.tbs, certificate.signature)) {
    throw new BadCertificate(`${whose} is not signed by ${nameText(issuer.subject)}`);
  }
  if (now < certificate.notBefore) {
    throw new BadCertificate(
      `${whose} begins at ${certificate.notBefore.toISOString()}, and it is ${now.toISOString()}`,
    );
  }
  if (now > certificate.notAfter) {
    throw new BadCertificate(
      `${whose} ended at ${certificate.notAfter.toISOString()}, and it is ${now.toISOString()}`,
    );
  }
}
