// Keeps tls/crl.pem current: a new list at each revocation, and in good time before the last one runs out.
// The record of issued certificates is the truth; the list is printed from it.

import type { Authority } from '../../certs/authority.js';
import { decodeCertificate } from '../../certs/x509.js';
import type { Clock } from '../clock.js';
import type { IssuedCertificates } from './issued-certificates.js';
import { ISSUING_LIST_DAYS, lastList, writeNextList } from './revocation-list.js';

/** How often a running hub looks whether the next list is due. */
const LOOK_MS = 3_600_000;

export interface CrlKeeper {
  /** Makes the next list now. Throws BadFile, BadRevocationList. */
  publish(): Promise<void>;
  /** Makes the next list when half of the last one's time is over, or it says something else. True when it did. */
  publishWhenDue(): Promise<boolean>;
  /** Looks every hour until the signal aborts; `onFailure` is told when a list could not be written. */
  keep(signal: AbortSignal, onFailure: (error: unknown) => void): void;
}

export function createCrlKeeper(around: {
  readonly path: string;
  readonly issuing: Authority;
  readonly certificates: IssuedCertificates;
  readonly clock: Clock;
}): CrlKeeper {
  const { path, issuing, certificates, clock } = around;
  const { serial: issuer } = decodeCertificate(issuing.certificatePem);
  let last: Promise<unknown> = Promise.resolve();

  /** One list at a time, or two would have the same number. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  }

  function write(): Promise<void> {
    const nowMs = clock.now();
    const revoked = certificates.revoked(issuer, nowMs);
    return writeNextList({ path, authority: issuing, revoked, days: ISSUING_LIST_DAYS, nowMs });
  }

  async function isDue(): Promise<boolean> {
    const list = await lastList(path);
    if (list === undefined) return true;
    const { thisUpdate, nextUpdate } = list;
    const half = (thisUpdate.getTime() + nextUpdate.getTime()) / 2;
    const listed = new Map(list.revoked.map(({ serial, reason }) => [serial, reason]));
    const wanted = certificates.revoked(issuer, clock.now());
    const differs =
      wanted.length !== listed.size || wanted.some(({ serial, reason }) => listed.get(serial) !== reason);
    return differs || clock.now() >= half;
  }

  const keeper: CrlKeeper = {
    publish: () => inTurn(write),
    publishWhenDue: () =>
      inTurn(async () => {
        const due = await isDue();
        if (due) await write();
        return due;
      }),
    keep(signal, onFailure) {
      const stop = clock.every(LOOK_MS, () => {
        keeper.publishWhenDue().catch(onFailure);
      });
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    },
  };
  return keeper;
}
