// A node keeps its certificate current: at two thirds of its life it asks for the next one, and goes on asking,
// ever more rarely, until it gets it. The key stays, so replacing the certificate is one rename.

import { readNodeCertificate } from '../../certs/certificate.js';
import { renewalDueAt } from '../../certs/renewal.js';
import { type Clock, pause } from '../clock.js';
import type { TlsIdentity } from '../exchange/tls.js';
import type { Identity } from '../home/identity.js';
import type { TlsPaths } from '../home/layout.js';
import { type CertificateChain, writeChain } from '../home/tls-files.js';
import { renew } from './client.js';

const FIRST_RETRY_MS = 60_000;
/** The third of a life that is left has 240 of these. */
const MAX_RETRY_MS = 3_600_000;
/** Timers cannot be set for weeks, and a machine that slept is noticed within this. */
const LOOK_MS = 3_600_000;

export interface RenewalAround {
  readonly paths: TlsPaths;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  /** Gets the next certificate for the TLS key at hand. */
  readonly renew: (signal: AbortSignal) => Promise<CertificateChain>;
  /** The new certificate is on disk. */
  readonly onRenewed: (tls: TlsIdentity) => void;
  /** It did not work; the next try is in so many milliseconds. */
  readonly onFailure: (error: unknown, retryMs: number) => void;
  readonly signal: AbortSignal;
}

/** How a member renews: through the hub's enrolment listener, under its session key. */
export function renewThroughHub(identity: Identity, clock: Clock): RenewalAround['renew'] {
  const { member, secrets, federation, tls } = identity;
  return (signal) =>
    renew(
      {
        federation: federation.federation,
        address: federation.hub.enrolment,
        rootPem: tls.rootPem,
        clock,
        signal,
      },
      { member, secrets, keyPem: tls.keyPem },
    );
}

/** True when the certificate should be renewed now, or has ended. */
export function isRenewalDue({ leafPem }: TlsIdentity, nowMs: number): boolean {
  return nowMs >= renewalDueAt(readNodeCertificate(leafPem)).getTime();
}

/** Renews once: the new identity, on disk. Throws EnrolmentRefused, HubUnreachable, BadFile. */
export async function renewOnce(around: RenewalAround, tls: TlsIdentity): Promise<TlsIdentity> {
  const { leafPem, issuingPem } = await around.renew(around.signal);
  const renewed: TlsIdentity = { ...tls, leafPem, issuingPem };
  await writeChain(around.paths, renewed);
  around.onRenewed(renewed);
  return renewed;
}

/** Renews whenever it is due, until the signal aborts. */
export async function keepRenewed(around: RenewalAround, tls: TlsIdentity): Promise<void> {
  const { clock, random, signal } = around;
  let current = tls;
  for (let failures = 0; !signal.aborted; ) {
    if (!isRenewalDue(current, clock.now())) {
      const dueMs = renewalDueAt(readNodeCertificate(current.leafPem)).getTime();
      await pause(clock, Math.min(LOOK_MS, dueMs - clock.now()), signal);
      continue;
    }
    try {
      current = await renewOnce(around, current);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      const retryMs = retryAfter(failures++, random);
      around.onFailure(error, retryMs);
      await pause(clock, retryMs, signal);
    }
  }
}

/** Doubling from a minute to an hour, each between half and all of it, so that members do not come at once. */
function retryAfter(failures: number, random: (sizeBytes: number) => Uint8Array): number {
  const ceiling = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 16));
  const fraction = (random(1)[0] ?? 0) / 255;
  return Math.round(ceiling * (0.5 + fraction / 2));
}
