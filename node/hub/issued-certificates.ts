// The certificates that the hub has issued, on disk (hub/certificates.json): what the revocation list is made
// from, and what the operator sees. An entry is written before its certificate is handed out. The serial that
// a renewal replaces is not revoked: its streams drain on it, and it ends by itself within ten days.

import { z } from 'zod';
import type { RevocationReason, Revoked } from '../../certs/revocation.js';
import { readDocumentIfAny, writeDocument } from '../home/document.js';
import { memberField, timeField } from '../home/document-fields.js';
import type { MemberCode } from '../names.js';
import { ISSUING_LIST_DAYS } from './revocation-list.js';

/** Two hundred members with several certificates of 2 KB each, and as much again. */
const MAX_BYTES = 16 * 1024 * 1024;
/** RFC 5280 section 3.3: an entry stays until one list after its certificate's end has been made. */
const KEPT_MS = 2 * ISSUING_LIST_DAYS * 86_400_000;

export interface IssuedCertificate {
  /** 32 lower-case hex digits. */
  readonly serial: string;
  readonly member: MemberCode;
  /** Serial of the issuing authority's certificate. */
  readonly issuer: string;
  /** UTC milliseconds since 1970. */
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly leafPem: string;
  readonly revoked?: { readonly at: number; readonly reason: RevocationReason } | undefined;
}

const REASONS = [
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
] as const satisfies readonly RevocationReason[];

const serialField = z.string().regex(/^[0-9a-f]{32}$/, 'is not 32 hex digits');

const CertificatesDocument = z.strictObject({
  version: z.literal(1),
  certificates: z.array(
    z.strictObject({
      serial: serialField,
      member: memberField,
      issuer: serialField,
      issuedAt: timeField,
      notAfter: timeField,
      leafPem: z.string(),
      revoked: z.strictObject({ at: timeField, reason: z.enum(REASONS) }).optional(),
    }),
  ),
});

export class IssuedCertificates {
  readonly #path: string;
  /** In the order of issue. */
  #all: readonly IssuedCertificate[];
  /** Settles with the last write; each waits for the one before. */
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(path: string, all: readonly IssuedCertificate[]) {
    this.#path = path;
    this.#all = all;
  }

  /** Reads the record; an empty one when there is none yet. Throws BadDocument, BadPrivateFile. */
  static async open(path: string): Promise<IssuedCertificates> {
    const document = await readDocumentIfAny(path, CertificatesDocument, MAX_BYTES);
    return new IssuedCertificates(path, document?.certificates ?? []);
  }

  newestOf(member: MemberCode): IssuedCertificate | undefined {
    return this.#all.findLast((certificate) => certificate.member === member);
  }

  /** Those of the member that have not ended. */
  liveOf(member: MemberCode, nowMs: number): IssuedCertificate[] {
    return this.#all.filter((certificate) => certificate.member === member && certificate.notAfter > nowMs);
  }

  /** What belongs on the list of the issuing authority with that serial. */
  revoked(by: string, nowMs: number): Revoked[] {
    return this.#all.flatMap(({ serial, issuer, notAfter, revoked }) =>
      revoked === undefined || issuer !== by || notAfter + KEPT_MS < nowMs
        ? []
        : [{ serial, date: new Date(revoked.at), reason: revoked.reason }],
    );
  }

  /** Records a certificate and forgets those that ended long ago. Throws BadFile. */
  async add(certificate: IssuedCertificate): Promise<void> {
    const newest = new Map(this.#all.map((one) => [one.member, one]));
    const kept = this.#all.filter(
      (one) => one.notAfter + KEPT_MS >= certificate.issuedAt || newest.get(one.member) === one,
    );
    await this.#replace([...kept, certificate]);
  }

  /**
   * Revokes the member's certificates that have not ended; a stronger reason takes the place of a hold.
   * Returns how many entries changed. Throws BadFile.
   */
  revoke(member: MemberCode, reason: RevocationReason, nowMs: number): Promise<number> {
    return this.#change((one) => {
      if (one.member !== member || one.notAfter <= nowMs) return one;
      if (one.revoked !== undefined && one.revoked.reason !== 'certificateHold') return one;
      if (one.revoked?.reason === reason) return one;
      return { ...one, revoked: { at: nowMs, reason } };
    });
  }

  /** Ends the hold on the member's certificates. Returns how many entries changed. Throws BadFile. */
  release(member: MemberCode): Promise<number> {
    return this.#change((one) => {
      if (one.member !== member || one.revoked?.reason !== 'certificateHold') return one;
      const { revoked: _, ...free } = one;
      return free;
    });
  }

  async #change(change: (one: IssuedCertificate) => IssuedCertificate): Promise<number> {
    const changed = this.#all.map(change);
    const count = changed.filter((one, at) => one !== this.#all[at]).length;
    if (count > 0) await this.#replace(changed);
    return count;
  }

  async #replace(all: readonly IssuedCertificate[]): Promise<void> {
    const before = this.#all;
    this.#all = all;
    const write = this.#lastWrite.then(() => writeDocument(this.#path, documentOf(all)));
    this.#lastWrite = write.catch(() => {});
    try {
      await write;
    } catch (error) {
      if (this.#all === all) this.#all = before;
      throw error;
    }
  }
}

function documentOf(all: readonly IssuedCertificate[]): object {
  const text = (ms: number) => new Date(ms).toISOString();
  const certificates = all.map(({ issuedAt, notAfter, revoked, ...rest }) => ({
    ...rest,
    issuedAt: text(issuedAt),
    notAfter: text(notAfter),
    ...(revoked === undefined ? {} : { revoked: { ...revoked, at: text(revoked.at) } }),
  }));
  return { version: 1, certificates };
}
