// A node's chain as our own check, openssl and TLS see it: they take what is good and refuse the same.

import { beforeAll, describe, expect, test } from 'vitest';
import { BadCertificate, verifyNodeCertificate } from '../../certs/certificate.js';
import { decodeCertificate, type Extension, signCertificate } from '../../certs/x509.js';
import {
  type Authorities,
  aNodeCertificate,
  aSerial,
  australianKey,
  authorities,
  daysFromNow,
  dutchKey,
  foreignAuthorities,
  NOW,
} from './authorities.js';
import { handshake, tlsOf } from './handshake.js';
import { hasOpenssl, opensslVerdict } from './openssl.js';

let ours: Authorities;
let dutch: string;

beforeAll(async () => {
  // Together, since keys are made on threads of their own.
  [ours] = await Promise.all([authorities(), foreignAuthorities(), dutchKey(), australianKey()]);
  dutch = await aNodeCertificate();
});

interface Case {
  readonly leaf?: string;
  readonly issuing?: string;
  readonly root?: string;
  readonly at?: Date;
}

function ownVerdict({ leaf, issuing, root, at }: Case): string {
  try {
    verifyNodeCertificate({
      leaf: leaf ?? dutch,
      issuing: issuing ?? ours.issuing.certificatePem,
      root: root ?? ours.root.certificatePem,
      now: at ?? NOW,
    });
    return 'OK';
  } catch (error) {
    expect(error).toBeInstanceOf(BadCertificate);
    return (error as BadCertificate).message;
  }
}

function opensslSays({ leaf, issuing, root, at }: Case, purpose = 'sslserver', more: string[] = []): string {
  return opensslVerdict({
    leaf: leaf ?? dutch,
    root: root ?? ours.root.certificatePem,
    between: [issuing ?? ours.issuing.certificatePem, ...more],
    purpose,
    ...(at === undefined ? {} : { at }),
  });
}

/** The Dutch certificate with one extension changed, signed by the real issuing authority. */
function withExtension(oid: string, change: (extension: Extension) => Extension[]): string {
  const { extensions, ...fields } = decodeCertificate(dutch);
  const changed = extensions.flatMap((extension) =>
    extension.oid === oid ? change(extension) : [extension],
  );
  return signCertificate({ ...fields, serial: aSerial(), extensions: changed }, ours.issuing.privateKeyPem);
}

/** A certificate for AU that the Dutch node signed with the key of its own TLS certificate. */
async function signedByTheDutchNode(): Promise<string> {
  const fields = decodeCertificate(await aNodeCertificate({ member: 'AU', key: await australianKey() }));
  const authorityKey = decodeCertificate(dutch).extensions.find(({ oid }) => oid === '2.5.29.14');
  const extensions = fields.extensions.map((extension) =>
    extension.oid === '2.5.29.35'
      ? {
          ...extension,
          value: Uint8Array.of(0x30, 0x16, 0x80, 0x14, ...(authorityKey?.value.slice(2) ?? [])),
        }
      : extension,
  );
  return signCertificate(
    { ...fields, issuer: decodeCertificate(dutch).subject, extensions },
    await dutchKey(),
  );
}

describe('our own check', () => {
  test('accepts a node under the issuing authority under the root, and tells the member', () => {
    const node = verifyNodeCertificate({
      leaf: decodeCertificate(dutch).der,
      issuing: ours.issuing.certificatePem,
      root: ours.root.certificatePem,
      now: NOW,
    });
    expect(node).toMatchObject({ member: 'NL', federation: ours.federation });
  });

  test('refuses a certificate that has ended, and one that has not begun, and tells both times', () => {
    expect(ownVerdict({ at: daysFromNow(30) })).toMatch(/certificate of "NL" ended at .*, and it is /);
    expect(ownVerdict({ at: daysFromNow(-1.5) })).toMatch(/issuing|root/);
    expect(ownVerdict({ at: daysFromNow(-0.99) })).toBe('OK');
  });

  test('refuses a certificate that begins only tomorrow', async () => {
    const leaf = await aNodeCertificate({ notBefore: daysFromNow(1) });
    expect(ownVerdict({ leaf })).toContain('certificate of "NL" begins at');
  });

  test('refuses authorities that have ended', () => {
    expect(ownVerdict({ at: daysFromNow(6 * 366) })).toContain('the issuing authority ended at');
    expect(ownVerdict({ at: daysFromNow(21 * 366) })).toContain('the root ended at');
  });

  test('refuses the chain of another federation, whole or mixed with ours', async () => {
    const theirs = await foreignAuthorities();
    const leaf = await aNodeCertificate({ by: theirs });
    expect(ownVerdict({ leaf, issuing: theirs.issuing.certificatePem })).toContain('was issued by');
    expect(ownVerdict({ leaf })).toContain('was issued by');
    expect(ownVerdict({ root: theirs.root.certificatePem })).toContain('was issued by');
  });

  test('refuses a signature that another key made', async () => {
    const theirs = await foreignAuthorities();
    const leaf = signCertificate(decodeCertificate(dutch), theirs.issuing.privateKeyPem);
    expect(ownVerdict({ leaf })).toContain('is not signed by');
  });

  test('refuses a certificate made for another purpose', () => {
    const mail = Uint8Array.from(Buffer.from('300a06082b06010505070304', 'hex'));
    const leaf = withExtension('2.5.29.37', (purposes) => [{ ...purposes, value: mail }]);
    expect(ownVerdict({ leaf })).toBe(
      'the certificate of NL has another extended key usage than it should have',
    );
    expect(ownVerdict({ leaf: withExtension('2.5.29.37', () => []) })).toContain('no extended key usage');
  });

  test('refuses a leaf that may sign others, though the issuing authority signed it', () => {
    const mayIssue = Uint8Array.of(0x30, 0x03, 0x01, 0x01, 0xff);
    const leaf = withExtension('2.5.29.19', (constraints) => [{ ...constraints, value: mayIssue }]);
    expect(ownVerdict({ leaf })).toContain('another basic constraints');
    const uncritical = withExtension('2.5.29.19', (constraints) => [{ ...constraints, critical: false }]);
    expect(ownVerdict({ leaf: uncritical })).toContain('another basic constraints');
  });

  test('refuses an authority in the place of a node, and a node in the place of an authority', async () => {
    expect(ownVerdict({ leaf: ours.issuing.certificatePem })).toContain('was issued by');
    expect(ownVerdict({ leaf: await signedByTheDutchNode(), issuing: dutch })).toContain('was issued by');
    expect(ownVerdict({ root: dutch })).toContain('the root has another basic constraints');
    expect(ownVerdict({ root: ours.issuing.certificatePem })).toContain('basic constraints');
    expect(ownVerdict({ issuing: ours.root.certificatePem })).toContain('basic constraints');
  });
});

describe.skipIf(!hasOpenssl)('openssl verify -x509_strict', () => {
  test('accepts a node at both ends of a connection', () => {
    expect(opensslSays({}, 'sslserver')).toBe('OK');
    expect(opensslSays({}, 'sslclient')).toBe('OK');
  });

  test('accepts a node without hosts, and one with names and addresses of all kinds', async () => {
    expect(opensslSays({ leaf: await aNodeCertificate({ hosts: [] }) })).toBe('OK');
    const hosts = ['localhost', '192.0.2.7', '2001:db8::7', 'node-1.nl.icse.example'];
    expect(opensslSays({ leaf: await aNodeCertificate({ hosts }) })).toBe('OK');
  });

  test('refuses a certificate that has ended', () => {
    expect(opensslSays({ at: daysFromNow(30) })).toContain('certificate has expired');
  });

  test('refuses the chain of another federation', async () => {
    const theirs = await foreignAuthorities();
    const leaf = await aNodeCertificate({ by: theirs });
    expect(opensslSays({ leaf, issuing: theirs.issuing.certificatePem })).toContain(
      'unable to get local issuer certificate',
    );
  });

  test.each(['smimesign', 'crlsign', 'timestampsign'])('refuses a node for the purpose %s', (purpose) => {
    expect(opensslSays({}, purpose)).toMatch(
      /unsuitable certificate purpose|unsupported certificate purpose/,
    );
  });

  test('refuses an authority as a server', () => {
    expect(opensslSays({ leaf: ours.issuing.certificatePem })).toMatch(/unsu\w+ certificate purpose/);
  });

  test('refuses a node as an authority', async () => {
    expect(opensslSays({ leaf: await signedByTheDutchNode() }, 'sslserver', [dutch])).toContain(
      'invalid CA certificate',
    );
  });
});

describe('over TLS 1.3', () => {
  test('the Netherlands and Australia meet, and each knows the other', async () => {
    const ours = await authorities();
    const dutch = await tlsOf('NL', await dutchKey(), ours);
    const australian = await tlsOf('AU', await australianKey(), ours);
    expect(await handshake(dutch, australian)).toEqual({ server: 'NL', client: 'AU', by: 'TLSv1.3' });
  });

  test('a node of another federation is turned away, whichever end it is', async () => {
    const dutch = await tlsOf('NL', await dutchKey(), await authorities());
    const stranger = await tlsOf('AU', await australianKey(), await foreignAuthorities());
    await expect(handshake(dutch, stranger)).rejects.toThrow();
    await expect(handshake(stranger, dutch)).rejects.toThrow();
  });
});
