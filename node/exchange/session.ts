// A session after the handshake: messages in, messages and wishes out. The same on both sides; it gives through
// its provider and takes through its consumer. No I/O, no clock of its own, no timers.

import { create } from '@bufbuild/protobuf';
import {
  type Bye,
  ByeCode,
  type Divergence,
  type Fault,
  type Message,
  PingSchema,
  PongSchema,
  type PurgedUpTo,
  type Receipt,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Consumer, type ConsumerSurroundings, createConsumer } from './consumer.js';
import type { Content } from './messages.js';
import { createProvider, type Provider, type ProviderSurroundings } from './provider.js';
import { plainReason, Refusal } from './refusal.js';

export interface SessionSurroundings extends ProviderSurroundings, ConsumerSurroundings {
  receipt(receipt: Receipt): void;
  purgedUpTo(purged: PurgedUpTo): void;
  fault(fault: Fault): void;
  /** The peer has another log than ours: to be verified. */
  diverged(divergence: Divergence): void;
  /** The peer has told how far it holds logs. */
  headsHeard(): void;
  pong(token: bigint): void;
}

export interface Session {
  readonly provider: Provider;
  readonly consumer: Consumer;
  /** Says the first thing: the digest of what the peer can get here. Not before it is certain that the link stays. */
  begin(): void;
  /** Takes one message of a verified frame. Throws Refusal when the peer breaks the protocol or says Bye. */
  receive(message: Message): void;
  say(content: Content): void;
  ping(token: bigint): void;
  tick(nowMs: number): void;
}

/** A session that has said nothing yet. */
export function startSession(around: SessionSurroundings, nowMs: number): Session {
  const provider = createProvider(around);
  const consumer = createConsumer(around, nowMs);
  return {
    provider,
    consumer,
    begin: () => provider.sayDigest(),
    say: around.send,
    ping: (token) => around.send({ case: 'ping', value: create(PingSchema, { token }) }),
    receive({ content }) {
      switch (content.case) {
        case 'heads':
          consumer.heads(content.value);
          return around.headsHeard();
        case 'want':
          return provider.want(content.value);
        case 'segment':
          return consumer.segment(content.value);
        case 'ack':
          return provider.acknowledged(content.value.bytes);
        case 'receipt':
          return around.receipt(content.value);
        case 'purgedUpTo':
          return around.purgedUpTo(content.value);
        case 'fault':
          return around.fault(content.value);
        case 'divergence':
          return around.diverged(content.value);
        case 'ping':
          return around.send({ case: 'pong', value: create(PongSchema, { token: content.value.token }) });
        case 'pong':
          return around.pong(content.value.token);
        case 'bye':
          throw farewell(content.value);
        default:
          throw new Refusal(ByeCode.PROTOCOL, 'a message without content');
      }
    },
    tick(now) {
      consumer.tick(now);
      provider.tick(now);
    },
  };
}

/** The peer's Bye as a Refusal of ours. */
export function farewell(bye: Bye): Refusal {
  return new Refusal(bye.code, plainReason(bye.reason), undefined, true);
}
