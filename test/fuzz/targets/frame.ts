// Frames of a session: the envelope as gRPC hands it on, the frame reader, and the messages. A hostile member can
// sign whatever it likes, so the messages come in a frame with a good signature too.

import { create, toBinary } from '@bufbuild/protobuf';
import { createFrameReader, createFrameWriter, encodeMessage } from '../../../node/exchange/frames.js';
import { checkEnvelope, readEnvelope } from '../../../node/exchange/strict-message.js';
import { keyPairOf } from '../../../node/keys/ed25519.js';
import {
  ByeSchema,
  EnvelopeSchema,
  type Frame,
  HeadsSchema,
  type Message,
  MessageSchema,
  OnwardSchema,
  PingSchema,
  SegmentSchema,
  WantSchema,
} from '../../../proto/gen/icse/v1/exchange_pb.js';
import type { Chance } from '../../chaos/chance.js';
import { AUTHOR, NL } from '../../log/logs.js';
import { isSame, promise, type Target } from '../target.js';
import { promiseStable } from './stable.js';

const SESSION = new Uint8Array(32).fill(1);
const KEY = keyPairOf(new Uint8Array(32).fill(3));
/** The transport's limit for one envelope (node/exchange/grpc-wire.ts). */
export const MAX_ENVELOPE_BYTES = 1280 * 1024;

export const frameTarget: Target = {
  name: 'frame',
  open: () => ({
    form: 'protobuf',
    maxBytes: MAX_ENVELOPE_BYTES,
    sample(chance) {
      const messages = Array.from({ length: chance.int(0, 4) }, () => encodeMessage(aMessage(chance)));
      const { frame } = createFrameWriter(SESSION, KEY.secretKey).write(messages);
      return toBinary(EnvelopeSchema, create(EnvelopeSchema, { content: { case: 'frame', value: frame } }));
    },
    take(input) {
      const envelope = readEnvelope(input);
      checkEnvelope(envelope);
      const { content } = envelope;
      if (content.case !== 'frame') return;
      readSigned(content.value);
      const { messages, record } = createFrameReader(SESSION, KEY.publicKey).read(content.value);
      promise(messages.length === content.value.messages.length, 'messages were lost or won');
      promise(record.hashes.length === messages.length * 32, 'the record has another number of messages');
    },
  }),
};

/** The same messages in a frame that is good but for them. */
function readSigned({ messages }: Frame): void {
  const { frame } = createFrameWriter(SESSION, KEY.secretKey).write(messages);
  const read = createFrameReader(SESSION, KEY.publicKey).read(frame);
  promise(isSame(read.record.signature, frame.signature), 'the record has another signature');
  for (const message of read.messages) promiseStable(MessageSchema, message);
}

/** A message of one of the kinds that carry most. */
function aMessage(chance: Chance): Message['content'] {
  switch (chance.int(0, 4)) {
    case 0:
      return { case: 'ping', value: create(PingSchema, { token: BigInt(chance.int(0, 2 ** 48)) }) };
    case 1: {
      const heads = Array.from({ length: chance.int(0, 3) }, () => ({
        log: NL,
        size: BigInt(chance.int(1, 1e6)),
        root: chance.bytes(32),
        checkpoint: chance.bytes(80),
      }));
      return { case: 'heads', value: create(HeadsSchema, { heads, complete: chance.happens(0.5) }) };
    }
    case 2: {
      const onward = {
        log: NL,
        from: BigInt(chance.int(0, 1e6)),
        settledSize: 5n,
        settledRoot: chance.bytes(32),
      };
      return {
        case: 'want',
        value: create(WantSchema, { scope: { case: 'onward', value: create(OnwardSchema, onward) } }),
      };
    }
    case 3:
      return { case: 'bye', value: create(ByeSchema, { code: chance.int(0, 17), reason: 'because' }) };
    default: {
      const entries = Array.from({ length: chance.int(1, 5) }, () => chance.bytes(chance.int(1, 60)));
      const proof = [AUTHOR.publicKey, chance.bytes(32)];
      return { case: 'segment', value: create(SegmentSchema, { log: NL, from: 7n, entries, proof }) };
    }
  }
}
