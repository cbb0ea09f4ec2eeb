// The worked examples of joining and renewing: requests, proofs, fingerprint.

import { createHmac } from 'node:crypto';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { createRequest, readRequest } from '../../certs/request.js';
import { fingerprintOf } from '../../node/enrolment/fingerprint.js';
import { isRenewalSigned, proveEnrolment, signRenewal, unprovenKey } from '../../node/enrolment/proofs.js';
import { sharedSecret } from '../../node/keys/agreement.js';
import type { MemberPublicKeys } from '../../node/keys/seed.js';
import type { MemberCode } from '../../node/names.js';
import { EnrolRequestSchema, RenewRequestSchema } from '../../proto/gen/icse/v1/enrolment_pb.js';
import { federationOf, holds, rsaKeyOf, sealingKey, sha256, signingKey } from './example-keys.js';
import { signedIs } from './example-logs.js';
import type { Examples } from './examples.js';

const SIGNING = ['log', 'receipt', 'session'] as const;

export const enrolmentExamples: Examples = {
  tls(page) {
    page.is('tls.request', createRequest(rsaKeyOf(page, 'tls.rsa')));
    page.says('tls.pem', readRequest(page.hex('tls.request')));
  },

  enrol(page) {
    const bare = page.message(EnrolRequestSchema, 'enrol.fields');
    const log = signingKey(page, 'NL', 'log');
    const receipt = signingKey(page, 'NL', 'receipt');
    const session = signingKey(page, 'NL', 'session');
    const sealing = sealingKey(page, 'NL');
    const hub = sealingKey(page, 'LYON');
    const secrets = { log, receipt, session, sealing, recordSecret: new Uint8Array(32) };
    const proven = proveEnrolment(bare, secrets, hub.publicKey);
    page.is('enrol.bare', toBinary(EnrolRequestSchema, bare));
    page.is('enrol.shared', sharedSecret(sealing.secretKey, hub.publicKey));
    page.is('enrol.shared', sharedSecret(hub.secretKey, sealing.publicKey));
    for (const key of [...SIGNING, 'sealing'] as const) {
      const signed = Buffer.concat([Buffer.from(`icse/enrol/${key}/v1\n`), page.hex('enrol.bare')]);
      page.is(`enrol.${key}.sha256`, sha256(signed));
      page.is(`enrol.${key}.proof`, proven[`${key}Proof`]);
      if (key === 'sealing') {
        const mac = createHmac('sha256', page.hex('enrol.shared')).update(signed).digest();
        page.is('enrol.sealing.proof', mac);
      }
    }
    page.is('enrol.bytes', toBinary(EnrolRequestSchema, proven));
    const again = fromBinary(EnrolRequestSchema, page.hex('enrol.bytes'));
    holds(unprovenKey(again, hub.secretKey) === undefined, 'every key of the request is proven');
  },

  fingerprint(page) {
    const keys = page.message(EnrolRequestSchema, 'enrol.fields').keys as MemberPublicKeys;
    const federation = federationOf(page);
    const member = 'NL' as MemberCode;
    const tlsKeyPem = page.text('tls.pem');
    const { log, receipt, session, sealing } = keys;
    const label = Buffer.from(`icse/fingerprint/v1\n${federation}\n${member}\n`);
    page.is('fingerprint.sha256', sha256(label, log, receipt, session, sealing, Buffer.from(tlsKeyPem)));
    page.says('fingerprint.text', `${fingerprintOf({ federation, member, keys, tlsKeyPem })}\n`);
  },

  renew(page) {
    const key = signingKey(page, 'NL', 'session');
    const bare = page.message(RenewRequestSchema, 'renew.fields');
    const request = signRenewal(bare, key.secretKey);
    page.is('renew.bare', toBinary(RenewRequestSchema, bare));
    page.is('renew.signed', Buffer.concat([Buffer.from('icse/renew/v1\n'), page.hex('renew.bare')]));
    signedIs(page, 'renew', request.signature, key);
    page.is('renew.bytes', toBinary(RenewRequestSchema, request));
    const again = fromBinary(RenewRequestSchema, page.hex('renew.bytes'));
    holds(isRenewalSigned(again, key.publicKey), 'the renewal is signed');
  },
};
