// A node's certificate: what issuing writes into it, and what reading refuses.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import { beforeAll, describe, expect, test } from 'vitest';
import { createIssuing, federationIdOf } from '../../certs/authority.js';
import { BadCertificate, newSerial, readNodeCertificate } from '../../certs/certificate.js';
import { type Der, decodeDer, encodeDer, implicit, sequence } from '../../certs/der.js';
import { BadHost } from '../../certs/hosts.js';
import { CannotIssue, decodeCertificate, signCertificate } from '../../certs/x509.js';
import { parseFederationId, parseMemberCode } from '../../node/names.js';
import {
  type Authorities,
  aNodeCertificate,
  aSerial,
  authorities,
  daysFromNow,
  dutchKey,
  NOW,
} from './authorities.js';

let ours: Authorities;
let dutch: string;

beforeAll(async () => {
  [ours] = await Promise.all([authorities(), dutchKey()]);
  dutch = await aNodeCertificate();
});

/** The Dutch certificate with these alternative names, as tag and text. */
function withNames(...names: readonly (readonly [number, string])[]): string {
  const fields = decodeCertificate(dutch);
  const value = encodeDer(
    sequence(...names.map(([tag, text]) => implicit(tag, Buffer.from(text, 'latin1')))),
  );
  const extensions = fields.extensions.map((extension) =>
    extension.oid === '2.5.29.17' ? { ...extension, value } : extension,
  );
  return signCertificate({ ...fields, extensions }, ours.issuing.privateKeyPem);
}

/** The Dutch certificate with other bytes in the name of its first extension, and the signature that it had. */
function withExtensionName(name: readonly number[]): Uint8Array {
  const whole = decodeDer(decodeCertificate(dutch).der, 8192);
  const rename = (der: Der): void => {
    if (der.value === '\x55\x1d\x13') der.value = String.fromCharCode(...name);
    else if (Array.isArray(der.value)) der.value.forEach(rename);
  };
  rename(whole);
  return encodeDer(whole);
}

/** A request, made by another library, for a CA that is Lyon. */
async function anAmbitiousRequest(): Promise<Uint8Array> {
  const privateKey = forge.pki.privateKeyFromPem(await dutchKey());
  const csr = forge.pki.createCertificationRequest();
  csr.publicKey = forge.pki.rsa.setPublicKey(privateKey.n, privateKey.e);
  csr.setSubject([{ shortName: 'CN', value: 'LYON' }]);
  csr.setAttributes([
    { name: 'challengePassword', value: 'let me in' },
    {
      name: 'extensionRequest',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 6, value: 'urn:icse:member:LYON' }] },
      ],
    },
  ]);
  csr.sign(privateKey, forge.md.sha256.create());
  const der = forge.asn1.toDer(forge.pki.certificationRequestToAsn1(csr)).getBytes();
  return new Uint8Array(Buffer.from(der, 'latin1'));
}

describe('a federation', () => {
  test('is named by the SHA-256 of its root, which carries nothing else of it', () => {
    const root = new X509Certificate(ours.root.certificatePem);
    expect(ours.federation).toBe(root.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(root.subject).toMatch(/^CN=ICSE Exchange root [0-9a-f]{8}$/);
    expect(root.ca).toBe(true);
    expect(() => federationIdOf(ours.issuing.certificatePem)).toThrow(BadCertificate);
  });

  test('gets no issuing authority from the root of another', async () => {
    const options = { name: 'ICSE Exchange', now: NOW, serial: aSerial() };
    const federation = parseFederationId('0'.repeat(64));
    await expect(createIssuing(ours.root, { ...options, federation })).rejects.toThrow(CannotIssue);
  });
});

describe('issuing', () => {
  test('writes the member, the federation, the hosts and the purposes', async () => {
    const serial = aSerial();
    const hosts = ['NL.ICSE.example', '192.0.2.7', '2001:0DB8:0:0::7'];
    const pem = await aNodeCertificate({ hosts, serial });
    const x509 = new X509Certificate(pem);
    expect(x509.subject).toBe(`OU=${ours.federation}\nCN=NL`);
    expect(x509.subjectAltName).toBe(
      'URI:urn:icse:member:NL, DNS:nl.icse.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7',
    );
    expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(x509.ca).toBe(false);
    expect(readNodeCertificate(pem)).toEqual({
      member: 'NL',
      federation: ours.federation,
      notBefore: daysFromNow(-1),
      notAfter: daysFromNow(29),
      serial,
      sha256: new Uint8Array(Buffer.from(x509.fingerprint256.replaceAll(':', ''), 'hex')),
      der: new Uint8Array(x509.raw),
      hosts: ['nl.icse.example', '192.0.2.7', '2001:db8::7'],
    });
    expect(readNodeCertificate(x509.raw)).toEqual(readNodeCertificate(pem));
  });

  test('takes from a request for an authority that is Lyon the key and nothing else', async () => {
    const request = await anAmbitiousRequest();
    const certificate = new X509Certificate(await aNodeCertificate({ request, hosts: [] }));
    expect(certificate.subjectAltName).toBe('URI:urn:icse:member:NL');
    expect(certificate.subject).toBe(`OU=${ours.federation}\nCN=NL`);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(await dutchKey()))).toBe(true);
  });

  test.each([
    '',
    'nl..example',
    '*.icse.example',
    'nl icse',
    '1.2.3',
    '1.2.3.999',
    'fe80::1%eth0',
    'a:b',
    'ñ.nl',
  ])('refuses the host %j', async (host) => {
    await expect(aNodeCertificate({ hosts: [host] })).rejects.toThrow(BadHost);
  });

  test('refuses more hosts than a node has, a life that ends before it begins, and odd serial numbers', async () => {
    const hosts = Array.from({ length: 17 }, (_, index) => `host${index}.example`);
    await expect(aNodeCertificate({ hosts })).rejects.toThrow('at most 16 hosts');
    await expect(aNodeCertificate({ notAfter: daysFromNow(-2) })).rejects.toThrow('end before it begins');
    for (const serial of ['', '01', '0'.repeat(32), 'f'.repeat(32)]) {
      await expect(aNodeCertificate({ serial })).rejects.toThrow('serial number');
    }
  });

  test('refuses to outlive the issuing authority', async () => {
    await expect(aNodeCertificate({ notAfter: daysFromNow(6 * 366) })).rejects.toThrow('make the next one');
  });

  test('draws serial numbers of 16 bytes, positive and never shorter', () => {
    for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
      expect(newSerial((sizeBytes) => new Uint8Array(sizeBytes).fill(byte))).toMatch(/^[4-7][0-9a-f]{31}$/);
    }
  });
});

describe('reading', () => {
  const urn = [6, 'urn:icse:member:NL'] as const;

  test('takes the longest member code and the most hosts', async () => {
    const member = parseMemberCode('A'.repeat(16));
    const label = 'a'.repeat(60);
    const hosts = Array.from({ length: 16 }, (_, index) => `h${index}.${label}.${label}.${label}.${label}`);
    expect(readNodeCertificate(await aNodeCertificate({ member, hosts }))).toMatchObject({ member, hosts });
  });

  test('refuses no URI, two URIs, and a URI that is not of a member', () => {
    const refused: [readonly (readonly [number, string])[], string][] = [
      [[[2, 'nl.icse.example']], '0 URIs'],
      [[urn, [6, 'urn:icse:member:AU']], '2 URIs'],
      [[urn, urn], '2 URIs'],
      [[[6, 'https://nl.icse.example/']], 'does not begin with urn:icse:member:'],
      [[[6, 'urn:icse:member:nl']], 'is not a member code'],
      [[[6, 'urn:icse:member:NL\0LYON']], 'is not a member code'],
      [[[6, 'urn:icse:member:UK']], 'write GB'],
    ];
    for (const [names, reason] of refused) {
      expect(() => readNodeCertificate(withNames(...names))).toThrow(BadCertificate);
      expect(() => readNodeCertificate(withNames(...names))).toThrow(reason);
    }
  });

  test('refuses names that issuing would not have written so', () => {
    const refused: (readonly [number, string])[][] = [
      [[2, 'nl.icse.example'], urn],
      [urn, [2, 'NL.icse.example']],
      [urn, [7, 'abc']],
      [urn, [1, 'someone@nl.icse.example']],
      [urn, [2, 'nl.icse.example, URI:urn:icse:member:AU']],
    ];
    for (const names of refused)
      expect(() => readNodeCertificate(withNames(...names))).toThrow(BadCertificate);
  });

  test('refuses a subject that is another than the URI says', () => {
    const fields = decodeCertificate(dutch);
    const subject = { federation: ours.federation, commonName: 'AU' };
    const pem = signCertificate({ ...fields, subject }, ours.issuing.privateKeyPem);
    expect(() => readNodeCertificate(pem)).toThrow('the certificate of NL has the subject "AU"');
  });

  test('refuses authorities, text around the PEM, and bytes behind the DER', () => {
    const { der } = decodeCertificate(dutch);
    const refused = [
      ours.root.certificatePem,
      ours.issuing.certificatePem,
      `${dutch}\n`,
      dutch.trimEnd(),
      dutch + dutch,
      Uint8Array.of(...der, 0),
      new Uint8Array(9000),
    ];
    for (const bad of refused) expect(() => readNodeCertificate(bad)).toThrow(BadCertificate);
  });

  test('refuses an extension whose name has a number of more than 32 bits, and of more than 53', () => {
    expect(decodeCertificate(withExtensionName([0x55, 0x1d, 0x7f])).extensions[0]?.oid).toBe('2.5.29.127');
    for (const long of [5, 8, 20]) {
      const name = [0x55, ...new Array<number>(long).fill(0xff), 0x7f];
      expect(() => readNodeCertificate(withExtensionName(name))).toThrow(BadCertificate);
    }
  });

  test('of a changed certificate either refuses it or reads what now stands there, and throws nothing else', () => {
    const { der } = decodeCertificate(dutch);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const changed = der.map((byte, index) => (index === place ? byte ^ flip : byte));
        try {
          expect(readNodeCertificate(changed).der).toEqual(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(BadCertificate);
        }
      }),
      { numRuns: 150 },
    );
  });
});
