// A stream between two nodes in memory: envelopes are serialised and read again, counted, and may be altered or
// held on their way.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Wire } from '../../node/exchange/wire.js';
import type { MemberCode } from '../../node/names.js';
import { type Envelope, EnvelopeSchema } from '../../proto/gen/icse/v1/exchange_pb.js';

export interface WireEnd {
  readonly member: MemberCode;
  /** SHA-256 of a certificate that does not exist. */
  readonly certificate: Uint8Array;
  readonly notAfter: Date;
}

/** One direction of the stream. */
export interface Lane {
  /** Envelopes that have been sent, as bytes. */
  readonly sent: Uint8Array[];
  sentBytes: number;
  /** Changes what passes; undefined loses it. */
  alter: (envelope: Envelope) => Envelope | undefined;
  /** Says something in the sender's place. */
  put(envelope: Envelope): void;
}

export interface WirePair {
  readonly dialler: Wire;
  readonly acceptor: Wire;
  readonly toAcceptor: Lane;
  readonly toDialler: Lane;
}

interface Channel extends Lane {
  close(error?: Error): void;
  read(): AsyncIterable<Envelope>;
}

function channel(): Channel {
  const queue: Uint8Array[] = [];
  const sent: Uint8Array[] = [];
  let wake = (): void => {};
  let closed: { error: Error | undefined } | undefined;
  const lane: Channel = {
    sent,
    sentBytes: 0,
    alter: (envelope) => envelope,
    put(envelope) {
      if (closed !== undefined) throw closed.error ?? new Error('the stream was ended');
      const altered = lane.alter(envelope);
      if (altered === undefined) return;
      const bytes = toBinary(EnvelopeSchema, altered);
      sent.push(bytes);
      lane.sentBytes += bytes.length;
      queue.push(bytes);
      wake();
    },
    close(error) {
      closed ??= { error };
      wake();
    },
    async *read() {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) yield fromBinary(EnvelopeSchema, next);
        else if (closed?.error !== undefined) throw closed.error;
        else if (closed !== undefined) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
  return lane;
}

/** Both ends of a new stream. */
export function memoryWires(dialler: WireEnd, acceptor: WireEnd): WirePair {
  const [up, down] = [channel(), channel()];
  const destroy = (): void => {
    for (const lane of [up, down]) lane.close(new Error('the stream was broken off'));
  };
  const end = (own: WireEnd, peer: WireEnd, out: Channel, into: Channel): Wire => ({
    peer: { member: peer.member, notAfter: peer.notAfter, certificate: peer.certificate },
    ownCertificate: own.certificate,
    remote: `memory:${peer.member}`,
    async send(envelope) {
      out.put(envelope);
    },
    receive: () => into.read(),
    end: () => out.close(),
    destroy,
  });
  return {
    dialler: end(dialler, acceptor, up, down),
    acceptor: end(acceptor, dialler, down, up),
    toAcceptor: up,
    toDialler: down,
  };
}
