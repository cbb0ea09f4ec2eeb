// Certificate revocation lists (RFC 5280 section 5), version 2, for other people's tools: nodes go by the
// registry. Reading takes what `createCrl` wrote, so that the next list can be made from the last one.
//
//   30 [ 30 [ 02 01 01 · algorithm · issuer · thisUpdate · nextUpdate ·
//             30 [ 30 [ serial · date · 30 [ reasonCode ] ] ... ] · a0 [ authority key id, CRL number ] ]
//        algorithm · signature ]

import { Failure } from '../node/failure.js';
import type { Authority } from './authority.js';
import {
  BadDer,
  bits,
  type Der,
  decodeDer,
  encodeDer,
  enumerated,
  enumeratedOf,
  explicit,
  explicitOf,
  integer,
  integerHexOf,
  partsOf,
  sequence,
  time,
  timeOf,
} from './der.js';
import { BadPem, decodePem, encodePem } from './pem.js';
import { sha256WithRsa, signSha256 } from './rsa.js';
import {
  authorityKeyId,
  decodeCertificate,
  decodeExtensions,
  type Extension,
  encodeExtensions,
  encodeName,
  keyIdOf,
} from './x509.js';

/** Two hundred members with a certificate every 20 days: five years of them all revoked come to 18,250. */
const REVOKED_MAX = 20_000;

/** An entry has at most 54 bytes. */
const CRL_BYTES_MAX = 2048 + 54 * REVOKED_MAX;

const CRL_NUMBER = '2.5.29.20';
const REASON_CODE = '2.5.29.21';

/** CRLReason (RFC 5280 section 5.3.1). 0 is written by leaving the reason out, 8 belongs to delta lists. */
const REASON_CODES = {
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REASON_CODES;

export interface Revoked {
  /** As certificates have it: 32 lower-case hex digits. */
  readonly serial: string;
  readonly date: Date;
  readonly reason: RevocationReason;
}

export interface RevocationList {
  /** Rises with each list of an authority. */
  readonly number: number;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly Revoked[];
}

/** A revocation list that cannot be made or read: `code` is 'bad-revocation-list'. */
export class BadRevocationList extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-revocation-list', message, cause);
  }
}

function checkList({ number, thisUpdate, nextUpdate, revoked }: RevocationList): void {
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new BadRevocationList('the number of a revocation list is a whole number from 0');
  }
  if (!(thisUpdate.getTime() < nextUpdate.getTime())) {
    throw new BadRevocationList('the next revocation list would be due before this one is made');
  }
  if (revoked.length > REVOKED_MAX) {
    throw new BadRevocationList(`a revocation list has at most ${REVOKED_MAX} certificates`);
  }
  if (revoked.some(({ serial }) => !/^[0-9a-f]{32}$/.test(serial))) {
    throw new BadRevocationList('a serial number is 32 lower-case hex digits');
  }
  if (new Set(revoked.map(({ serial }) => serial)).size !== revoked.length) {
    throw new BadRevocationList('a certificate is on the revocation list twice');
  }
}

function encodeEntry({ serial, date, reason }: Revoked): Der {
  const value = encodeDer(enumerated(REASON_CODES[reason]));
  const extensions = encodeExtensions([{ oid: REASON_CODE, critical: false, value }]);
  return sequence(integer(serial), time(date), extensions);
}

function encodeTbs(issuer: Der, authorityKey: Extension, list: RevocationList): Der {
  const number = encodeDer(integer(list.number.toString(16)));
  return sequence(
    integer('01'),
    sha256WithRsa(),
    issuer,
    time(list.thisUpdate),
    time(list.nextUpdate),
    // An empty list of entries is left out (section 5.1.2.6).
    ...(list.revoked.length === 0 ? [] : [sequence(...list.revoked.map(encodeEntry))]),
    explicit(0, encodeExtensions([authorityKey, { oid: CRL_NUMBER, critical: false, value: number }])),
  );
}

/** Makes and signs a list of the authority's revoked certificates: PEM. Throws BadRevocationList. */
export function createCrl(options: RevocationList & { readonly authority: Authority }): string {
  checkList(options);
  const authority = decodeCertificate(options.authority.certificatePem);
  const tbs = encodeTbs(encodeName(authority.subject), authorityKeyId(keyIdOf(authority.publicKey)), options);
  const signature = signSha256(options.authority.privateKeyPem, encodeDer(tbs));
  return encodePem('X509 CRL', encodeDer(sequence(tbs, sha256WithRsa(), bits(signature))));
}

function decodeEntry(der: Der): Revoked {
  const [serial, date, extensions] = partsOf(der);
  const [first] = decodeExtensions(extensions);
  if (first === undefined) throw new BadDer('a revoked certificate has no reason');
  const code = enumeratedOf(decodeDer(first.value, first.value.length));
  const reason = (Object.keys(REASON_CODES) as RevocationReason[]).find((key) => REASON_CODES[key] === code);
  if (reason === undefined) throw new BadDer(`a certificate is revoked for an unknown reason, code ${code}`);
  return { serial: integerHexOf(serial).padStart(32, '0'), date: timeOf(date), reason };
}

function decodeList(tbs: Der): RevocationList {
  const parts = partsOf(tbs);
  const [, , issuer, thisUpdate, nextUpdate] = parts;
  const entries = parts.length === 7 ? partsOf(parts[5]) : [];
  if (entries.length > REVOKED_MAX) throw new BadDer(`it has more than ${REVOKED_MAX} certificates`);
  const [authorityKey, crlNumber] = decodeExtensions(explicitOf(0, parts.at(-1))[0]);
  if (issuer === undefined || authorityKey === undefined || crlNumber === undefined) {
    throw new BadDer('it has no issuer, no authority key identifier or no number');
  }
  const list: RevocationList = {
    number: Number.parseInt(integerHexOf(decodeDer(crlNumber.value, crlNumber.value.length)), 16),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: timeOf(nextUpdate),
    revoked: entries.map(decodeEntry),
  };
  checkList(list);
  if (Buffer.compare(encodeDer(encodeTbs(issuer, authorityKey, list)), encodeDer(tbs)) !== 0) {
    throw new BadDer('it is not in the form in which we write them');
  }
  return list;
}

/** Reads a list of ours; its signature is not checked. Throws BadRevocationList. */
export function readCrl(pem: string): RevocationList {
  try {
    const [tbs] = partsOf(decodeDer(decodePem('X509 CRL', pem), CRL_BYTES_MAX));
    if (tbs === undefined) throw new BadDer('it is empty');
    return decodeList(tbs);
  } catch (cause) {
    if (cause instanceof BadDer || cause instanceof BadPem) {
      throw new BadRevocationList(`the revocation list cannot be read: ${cause.message}`, cause);
    }
    throw cause;
  }
}
