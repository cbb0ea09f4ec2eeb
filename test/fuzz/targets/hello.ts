// Hellos: who a peer says it is, before anything else is known of it. A hostile one can sign what it likes, so each
// comes with a good signature too.

import { create, toBinary } from '@bufbuild/protobuf';
import {
  type Binding,
  checkHello,
  checkOpen,
  type HelloExpectations,
  openingOf,
  sayHello,
} from '../../../node/exchange/handshake.js';
import { checkEnvelope, readEnvelope } from '../../../node/exchange/strict-message.js';
import { keyPairOf, sign } from '../../../node/keys/ed25519.js';
import { LYON, parseFederationId, parseMemberCode } from '../../../node/names.js';
import {
  EnvelopeSchema,
  HeadSchema,
  HelloBodySchema,
  HelloSchema,
  Role,
} from '../../../proto/gen/icse/v1/exchange_pb.js';
import type { Chance } from '../../chaos/chance.js';
import { promise, type Target } from '../target.js';
import { MAX_ENVELOPE_BYTES } from './frame.js';
import { promiseStable } from './stable.js';

const FEDERATION = parseFederationId('ab'.repeat(32));
const NL = parseMemberCode('NL');
const KEY = keyPairOf(new Uint8Array(32).fill(3));
const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const filled = (fill: number, sizeBytes = 32) => new Uint8Array(sizeBytes).fill(fill);

const BINDING: Binding = {
  diallerNonce: filled(1),
  acceptorNonce: filled(2),
  diallerCertificate: filled(3),
  acceptorCertificate: filled(4),
};

const EXPECTED: HelloExpectations = {
  federation: FEDERATION,
  me: LYON,
  peer: NL,
  role: Role.DIALLER,
  binding: BINDING,
  nowMs: NOW_MS,
  keysOf: () => [KEY.publicKey],
};

export const helloTarget: Target = {
  name: 'hello',
  open: () => ({
    form: 'protobuf',
    maxBytes: MAX_ENVELOPE_BYTES,
    sample(chance) {
      const content = chance.happens(0.1)
        ? { case: 'open' as const, value: openingOf(chance.bytes(32)) }
        : { case: 'hello' as const, value: aHello(chance) };
      return toBinary(EnvelopeSchema, create(EnvelopeSchema, { content }));
    },
    take(input) {
      const envelope = readEnvelope(input);
      checkEnvelope(envelope);
      const { content } = envelope;
      if (content.case === 'open') checkOpen(content.value);
      if (content.case !== 'hello') return;
      const { body } = content.value;
      const signature = sign(KEY.secretKey, Buffer.concat([Buffer.from('icse/hello/v1\n'), body]));
      const checked = checkHello(create(HelloSchema, { body, signature }), EXPECTED);
      promise(checked.member === NL && checked.body.peer === LYON, 'somebody else was taken for the peer');
      promiseStable(HelloBodySchema, checked.body);
      checkHello(content.value, EXPECTED);
    },
  }),
};

function aHello(chance: Chance) {
  const registry = create(HeadSchema, {
    log: `icse/${FEDERATION}/registry`,
    size: BigInt(chance.int(1, 5000)),
    root: chance.bytes(32),
  });
  const self = {
    federation: FEDERATION,
    member: NL,
    instance: chance.bytes(16),
    software: chance.pick(['icse-exchange/0.1.0', 'a']),
    schema: chance.int(1, 3),
    clockMs: NOW_MS + chance.int(-500_000, 500_000),
    registry,
    rootSigned: new Uint8Array(0),
    sessionKey: KEY.publicKey,
  };
  return sayHello(self, LYON, Role.DIALLER, BINDING, KEY.secretKey);
}
