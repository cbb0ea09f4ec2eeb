import { createHash, createHmac } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, typedFingerprint } from '../../node/enrolment/fingerprint.js';
import { isRenewalSigned, proveEnrolment, signRenewal, unprovenKey } from '../../node/enrolment/proofs.js';
import { sharedSecret } from '../../node/keys/agreement.js';
import { verify } from '../../node/keys/ed25519.js';
import { deriveSecrets, publicKeysOf } from '../../node/keys/seed.js';
import { parseFederationId, parseMemberCode } from '../../node/names.js';
import { EnrolRequestSchema, RenewRequestSchema } from '../../proto/gen/icse/v1/enrolment_pb.js';
import { MemberKeysSchema } from '../../proto/gen/icse/v1/registry_pb.js';

const member = deriveSecrets(new Uint8Array(32).fill(1));
const hub = deriveSecrets(new Uint8Array(32).fill(2));
const federation = parseFederationId('5f'.repeat(32));
const bare = {
  federation,
  member: 'NL',
  token: new Uint8Array(32).fill(3),
  keys: create(MemberKeysSchema, publicKeysOf(member)),
  csr: Uint8Array.of(0x30, 0x00),
  listen: '127.0.0.1:7001',
};

const textOf = (label: string) =>
  Buffer.concat([Buffer.from(label), toBinary(EnrolRequestSchema, create(EnrolRequestSchema, bare))]);

describe('the proofs of enrolment', () => {
  it('are over the label of the key and the request without any proof', () => {
    const request = proveEnrolment(bare, member, hub.sealing.publicKey);
    for (const key of ['log', 'receipt', 'session'] as const) {
      expect(verify(member[key].publicKey, textOf(`icse/enrol/${key}/v1\n`), request[`${key}Proof`])).toBe(
        true,
      );
    }
    const shared = sharedSecret(hub.sealing.secretKey, member.sealing.publicKey);
    const expected = createHmac('sha256', shared).update(textOf('icse/enrol/sealing/v1\n')).digest('hex');
    expect(Buffer.from(request.sealingProof).toString('hex')).toBe(expected);
    expect(unprovenKey(request, hub.sealing.secretKey)).toBeUndefined();
  });

  it('cover every field, so none can be changed on the way', () => {
    const request = proveEnrolment(bare, member, hub.sealing.publicKey);
    for (const change of [
      { federation: '00' },
      { member: 'AU' },
      { token: new Uint8Array(32) },
      { csr: Uint8Array.of(1) },
      { listen: '' },
    ]) {
      expect(unprovenKey(create(EnrolRequestSchema, { ...request, ...change }), hub.sealing.secretKey)).toBe(
        'log',
      );
    }
  });

  it('name the key that is not proven', () => {
    const request = proveEnrolment(bare, member, hub.sealing.publicKey);
    for (const key of ['log', 'receipt', 'session', 'sealing'] as const) {
      const broken = create(EnrolRequestSchema, { ...request, [`${key}Proof`]: new Uint8Array(64) });
      expect(unprovenKey(broken, hub.sealing.secretKey)).toBe(key);
    }
  });
});

describe('the signature of a renewal', () => {
  it('is over its label and the request without it', () => {
    const renewal = { federation, member: 'NL', csr: Uint8Array.of(1), clockMs: 1n };
    const request = signRenewal(renewal, member.session.secretKey);
    const text = Buffer.concat([
      Buffer.from('icse/renew/v1\n'),
      toBinary(RenewRequestSchema, create(RenewRequestSchema, renewal)),
    ]);
    expect(verify(member.session.publicKey, text, request.signature)).toBe(true);
    expect(isRenewalSigned(request, member.session.publicKey)).toBe(true);
    const later = create(RenewRequestSchema, { ...request, clockMs: 2n });
    expect(isRenewalSigned(later, member.session.publicKey)).toBe(false);
  });
});

describe('the fingerprint', () => {
  const enrolled = {
    federation,
    member: parseMemberCode('NL'),
    keys: publicKeysOf(member),
    tlsKeyPem: 'pem',
  };

  it('is eight groups of SHA-256 over federation, member and all keys', () => {
    const { log, receipt, session, sealing } = enrolled.keys;
    const digest = createHash('sha256')
      .update(
        Buffer.concat([
          Buffer.from(`icse/fingerprint/v1\n${federation}\nNL\n`),
          log,
          receipt,
          session,
          sealing,
        ]),
      )
      .update('pem')
      .digest('hex');
    expect(fingerprintOf(enrolled).replaceAll('-', '')).toBe(digest.slice(0, 32));
    expect(fingerprintOf({ ...enrolled, tlsKeyPem: 'other' })).not.toBe(fingerprintOf(enrolled));
    expect(fingerprintOf({ ...enrolled, member: parseMemberCode('AU') })).not.toBe(fingerprintOf(enrolled));
  });

  it('may be typed in any case, with or without separators', () => {
    const shown = fingerprintOf(enrolled);
    for (const typed of [
      shown,
      shown.toUpperCase(),
      shown.replaceAll('-', ''),
      ` ${shown.replaceAll('-', ': ')}\n`,
    ]) {
      expect(typedFingerprint(typed)).toBe(shown);
    }
    for (const typed of ['', shown.slice(0, -1), `${shown}0`, shown.replace(/^./, 'g')]) {
      expect(typedFingerprint(typed)).toBeUndefined();
    }
  });
});
