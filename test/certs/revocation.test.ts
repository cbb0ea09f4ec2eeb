// Revocation lists, as they are read back and as openssl goes by them.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../certs/authority.js';
import { BadRevocationList, createCrl, type Revoked, readCrl } from '../../certs/revocation.js';
import { decodeCertificate } from '../../certs/x509.js';
import {
  type Authorities,
  aNodeCertificate,
  aSerial,
  authorities,
  daysFromNow,
  dutchKey,
  NOW,
} from './authorities.js';
import { hasOpenssl, opensslVerdict } from './openssl.js';

let ours: Authorities;

beforeAll(async () => {
  [ours] = await Promise.all([authorities(), dutchKey()]);
});

function aList(authority: Authority, revoked: readonly Revoked[] = [], nextUpdate = daysFromNow(7)): string {
  return createCrl({ authority, number: 1, thisUpdate: NOW, nextUpdate, revoked });
}

function aRevocation(serial = aSerial()): Revoked {
  return { serial, date: NOW, reason: 'keyCompromise' };
}

describe('a revocation list', () => {
  test('reads back as it was made, empty or not, so that the next can add to it', () => {
    const list = {
      number: 300,
      thisUpdate: NOW,
      nextUpdate: daysFromNow(7),
      revoked: [aRevocation(), { serial: `00ff${aSerial().slice(4)}`, date: NOW, reason: 'superseded' }],
    } as const;
    expect(readCrl(createCrl({ authority: ours.issuing, ...list }))).toEqual(list);
    expect(readCrl(aList(ours.root)).revoked).toEqual([]);
  });

  test('takes dates from 2050 on', () => {
    const nextUpdate = new Date('2050-01-01T00:00:00Z');
    expect(readCrl(aList(ours.root, [], nextUpdate)).nextUpdate).toEqual(nextUpdate);
  });

  test('is not made with a certificate twice, or due before it is made', () => {
    const revocation = aRevocation();
    expect(() => aList(ours.issuing, [revocation, revocation])).toThrow(BadRevocationList);
    expect(() => aList(ours.issuing, [], daysFromNow(-1))).toThrow(BadRevocationList);
  });

  test('is refused when it is damaged or something else', () => {
    const pem = aList(ours.issuing, [aRevocation()]);
    for (const text of ['', pem.slice(0, 200), `${pem}\n`, pem.replace('X509 CRL', 'CERTIFICATE')]) {
      expect(() => readCrl(text)).toThrow(BadRevocationList);
    }
    const certificate = ours.issuing.certificatePem.replaceAll('CERTIFICATE', 'X509 CRL');
    expect(() => readCrl(certificate)).toThrow(BadRevocationList);
  });
});

describe.skipIf(!hasOpenssl)('openssl verify -crl_check_all', () => {
  async function verdict(revoked: { node?: boolean; issuing?: boolean; lateBy?: number }): Promise<string> {
    const leaf = await aNodeCertificate();
    const { serial } = decodeCertificate(leaf);
    const issuingSerial = decodeCertificate(ours.issuing.certificatePem).serial;
    return opensslVerdict({
      leaf,
      root: ours.root.certificatePem,
      between: [ours.issuing.certificatePem],
      revocationLists: [
        aList(ours.issuing, revoked.node ? [aRevocation(), aRevocation(serial)] : [aRevocation()]),
        aList(ours.root, revoked.issuing ? [aRevocation(issuingSerial)] : []),
      ],
      at: daysFromNow(revoked.lateBy ?? 0),
    });
  }

  test('accepts a node that is on neither list', async () => {
    expect(await verdict({})).toBe('OK');
  });

  test('refuses a node that the issuing authority revoked', async () => {
    expect(await verdict({ node: true })).toMatch(/error 23 at 0 depth lookup: certificate revoked/);
  });

  test('refuses every node of an issuing authority that the root revoked', async () => {
    expect(await verdict({ issuing: true })).toMatch(/error 23 at 1 depth lookup: certificate revoked/);
  });

  test('refuses lists that are out of date', async () => {
    expect(await verdict({ lateBy: 8 })).toContain('CRL has expired');
  });
});
