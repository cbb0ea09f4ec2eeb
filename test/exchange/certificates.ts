// Certificates for the tests, made once a process: an RSA key costs more than most tests.

import { type Authority, createIssuing, createRoot, federationIdOf } from '../../certs/authority.js';
import { issueNodeCertificate, newSerial } from '../../certs/certificate.js';
import { createRequest, generateNodeKey, readRequest } from '../../certs/request.js';
import type { TlsIdentity } from '../../node/exchange/tls.js';
import type { FederationId, MemberCode } from '../../node/names.js';
import { random } from './random.js';

const DAY_MS = 86_400_000;

export interface Pki {
  readonly federation: FederationId;
  readonly root: Authority;
  readonly issuing: Authority;
}

async function newPki(): Promise<Pki> {
  const now = new Date();
  const root = await createRoot({ name: 'Test', now, serial: newSerial(random) });
  const federation = federationIdOf(root.certificatePem);
  const issuing = await createIssuing(root, { name: 'Test', now, serial: newSerial(random), federation });
  return { federation, root, issuing };
}

let pki: Promise<Pki> | undefined;
let foreign: Promise<Pki> | undefined;
const keys = new Map<string, Promise<string>>();

export function thePki(): Promise<Pki> {
  pki ??= newPki();
  return pki;
}

/** Another federation's authorities. */
export function aForeignPki(): Promise<Pki> {
  foreign ??= newPki();
  return foreign;
}

/** A certificate for the member; one that ended yesterday, or ends soon, when `notAfter` says so. */
export async function identityOf(
  member: MemberCode,
  options: { pki?: Pki; notAfter?: Date } = {},
): Promise<TlsIdentity> {
  const { root, issuing, federation } = options.pki ?? (await thePki());
  const key = keys.get(member) ?? generateNodeKey();
  keys.set(member, key);
  const keyPem = await key;
  const notAfter = options.notAfter ?? new Date(Date.now() + 30 * DAY_MS);
  const leafPem = issueNodeCertificate({
    issuing,
    publicKeyPem: readRequest(createRequest(keyPem)),
    member,
    federation,
    hosts: ['127.0.0.1'],
    notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - 300_000),
    notAfter,
    serial: newSerial(random),
  });
  return { leafPem, issuingPem: issuing.certificatePem, keyPem, rootPem: root.certificatePem };
}
