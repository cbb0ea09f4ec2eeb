// The authorities and node keys of the tests of certs/, made once in a file's run: making RSA keys is slow.

import { randomBytes } from 'node:crypto';
import { type Authority, createIssuing, createRoot, federationIdOf } from '../../certs/authority.js';
import { issueNodeCertificate, newSerial } from '../../certs/certificate.js';
import { createRequest, generateNodeKey, readRequest } from '../../certs/request.js';
import { type FederationId, parseMemberCode } from '../../node/names.js';

export const DAY_MS = 24 * 60 * 60 * 1000;
export const NOW = new Date(Math.floor(Date.now() / 1000) * 1000);

export function aSerial(): string {
  return newSerial((sizeBytes) => randomBytes(sizeBytes));
}

export function daysFromNow(days: number): Date {
  return new Date(NOW.getTime() + days * DAY_MS);
}

export interface Authorities {
  readonly root: Authority;
  readonly issuing: Authority;
  readonly federation: FederationId;
}

async function makeAuthorities(): Promise<Authorities> {
  const root = await createRoot({ name: 'ICSE Exchange', now: NOW, serial: aSerial() });
  const federation = federationIdOf(root.certificatePem);
  const issuing = await createIssuing(root, {
    name: 'ICSE Exchange',
    now: NOW,
    serial: aSerial(),
    federation,
  });
  return { root, issuing, federation };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const authorities = once(makeAuthorities);
/** Another federation's, of the same display name. */
export const foreignAuthorities = once(makeAuthorities);
export const dutchKey = once(generateNodeKey);
export const australianKey = once(generateNodeKey);

export interface NodeOptions {
  readonly member?: string;
  readonly key?: string;
  /** In the place of the one that the key would make. */
  readonly request?: Uint8Array;
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly serial?: string;
  readonly by?: Authorities;
}

/** A certificate of the Netherlands, begun yesterday, for 30 days; or as the options say. */
export async function aNodeCertificate(options: NodeOptions = {}): Promise<string> {
  const by = options.by ?? (await authorities());
  const request = options.request ?? createRequest(options.key ?? (await dutchKey()));
  return issueNodeCertificate({
    issuing: by.issuing,
    publicKeyPem: readRequest(request),
    member: parseMemberCode(options.member ?? 'NL'),
    federation: by.federation,
    hosts: options.hosts ?? ['nl.icse.example', '127.0.0.1'],
    notBefore: options.notBefore ?? daysFromNow(-1),
    notAfter: options.notAfter ?? daysFromNow(29),
    serial: options.serial ?? aSerial(),
  });
}
