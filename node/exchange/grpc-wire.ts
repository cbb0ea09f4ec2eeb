// The wire over gRPC: a listener and a dialler for Exchange.Sync with mutual TLS, and the standard health
// service beside it on the exchange port.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  Metadata,
  type MethodDefinition,
  Server,
  type ServerDuplexStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { readNodeCertificate } from '../../certs/certificate.js';
import { type Envelope, Exchange } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { MemberCode } from '../names.js';
import { openDoorway } from './doorway.js';
import { grpcService } from './grpc-service.js';
import { readEnvelope } from './strict-message.js';
import { diallingCredentials, ListenerCredentials, type TlsIdentity } from './tls.js';
import type { Wire } from './wire.js';

/** The wire's limit for one envelope: a frame of 1 MiB and what wraps it. */
const MAX_ENVELOPE_BYTES = 1280 * 1024;
/** A quiet connection is asked for a sign of life so often, and given so long to answer. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Streams that one TLS connection may hold: one, and its successor while it drains. */
const MAX_STREAMS = 4;

const CHANNEL: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_ENVELOPE_BYTES,
  'grpc.max_send_message_length': MAX_ENVELOPE_BYTES,
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  'grpc.keepalive_permit_without_calls': 1,
  // The exchange dials with its own back-off; a channel that cannot connect says so at once.
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
};

/**
 * A connection without a stream, and nobody asks for its health: a node that has lost its stream dials anew. gRPC looks
 * at it once in this time, so it may stay for twice as long.
 */
export const IDLE_MS = 5000;

/** The end of a stream that was broken off has so long to go out before its connection goes: a dialler has one for each. */
const CUT_MS = 1000;

const SYNC = grpcService(Exchange).sync as MethodDefinition<Envelope, Envelope>;
/** What is said arrives as bytes, and is looked through before anything is made of it. */
const asItCame = (bytes: Buffer): Uint8Array => bytes;
const EXCHANGE = { sync: { ...SYNC, requestDeserialize: asItCame, responseDeserialize: asItCame } };

/** Why a dial failed: 'unreachable' or 'tls'. */
export class DialFailed extends Failure {}

export interface Listener {
  readonly port: number;
  /** Shows the renewed certificate from the next connection on. */
  renew(identity: TlsIdentity): void;
  /** What health checks are told. */
  serving(yes: boolean): void;
  close(): Promise<void>;
}

/** Listens at host:port (0 = a free one) and hands each stream with a valid certificate to `onWire`. */
export async function listenExchange(
  host: string,
  port: number,
  identity: TlsIdentity,
  onWire: (wire: Wire) => void,
): Promise<Listener> {
  const credentials = new ListenerCredentials(identity, 'with-certificate');
  let own = ownCertificate(identity);
  /** What each connection was shown: a renewal changes what the next one sees, and no stream of this one. */
  const shown = new WeakMap<Socket, Uint8Array>();
  const server = new Server({
    ...CHANNEL,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.max_connection_idle_ms': IDLE_MS,
  });
  const health = new HealthImplementation({ '': 'NOT_SERVING', [Exchange.typeName]: 'NOT_SERVING' });
  health.addToServer(server);
  server.addService(EXCHANGE, {
    sync: (call: ServerDuplexStream<Uint8Array, Envelope>) => {
      try {
        const raw = call.getAuthContext().sslPeerCertificate?.raw;
        if (raw === undefined) throw new Failure('no-certificate', 'the peer showed no certificate');
        const guest = door.entered(call.getPeer());
        call.on('close', guest.left);
        call.sendMetadata(new Metadata());
        onWire(
          wireOver(
            call,
            readNodeCertificate(raw),
            (guest.socket && shown.get(guest.socket)) ?? own,
            call.getPeer(),
            () => call.end(),
            () => {
              if (call.destroyed) return;
              // Destroying alone tells the peer nothing: the status ends the stream for both.
              call.emit('error', { code: status.ABORTED, details: 'the stream was broken off' });
              void setImmediate().then(() => call.destroy());
              // A peer that reads nothing does not get to it, and HTTP/2 would keep what is to be read for good.
              setTimeout(guest.cut, CUT_MS).unref();
            },
          ),
        );
      } catch (error) {
        const details = error instanceof Failure ? error.message : 'the certificate cannot be read';
        call.emit('error', { code: status.UNAUTHENTICATED, details });
      }
    },
  });
  const injector = server.createConnectionInjector(credentials);
  const door = await openDoorway(host, port, (socket) => {
    shown.set(socket, own);
    injector.injectConnection(socket);
  });
  return {
    port: door.port,
    renew(renewed) {
      own = ownCertificate(renewed);
      credentials.renew(renewed);
    },
    serving(yes) {
      for (const name of ['', Exchange.typeName]) health.setStatus(name, yes ? 'SERVING' : 'NOT_SERVING');
    },
    close: async () => {
      const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      server.forceShutdown();
      await Promise.all([drained, door.close()]);
    },
  };
}

/** Opens a stream to exactly the member named. Throws DialFailed. */
export async function dialExchange(
  address: string,
  member: MemberCode,
  identity: TlsIdentity,
  timeoutMs: number,
): Promise<Wire> {
  let shown: Uint8Array | undefined;
  const credentials = diallingCredentials(identity, member, (der) => {
    shown = der;
  });
  const client = new Client(address, credentials, {
    ...CHANNEL,
    // A name for TLS that is no address; the member's URI is what counts.
    'grpc.ssl_target_name_override': `${member.toLowerCase()}.icse.invalid`,
  });
  const { path, requestSerialize, responseDeserialize } = EXCHANGE.sync;
  const call = client.makeBidiStreamRequest<Envelope, Uint8Array>(
    path,
    requestSerialize,
    responseDeserialize,
  );
  call.on('close', () => client.close());
  call.on('error', () => client.close());
  try {
    // The acceptor answers with empty metadata as soon as it has the stream.
    await once(call, 'metadata', { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    call.cancel();
    const why = (error as Partial<ServiceError>).details ?? `no answer within ${timeoutMs} ms`;
    throw new DialFailed('unreachable', `${member} at ${address} does not answer: ${why}`, error);
  }
  if (shown === undefined) {
    call.cancel();
    throw new DialFailed('tls', `${member} at ${address} showed no certificate`);
  }
  return wireOver(
    call,
    readNodeCertificate(shown),
    ownCertificate(identity),
    address,
    () => call.end(),
    () => {
      call.cancel();
      call.destroy();
      client.close();
    },
  );
}

type EnvelopeStream = ServerDuplexStream<Uint8Array, Envelope> | ClientDuplexStream<Envelope, Uint8Array>;

function wireOver(
  call: EnvelopeStream,
  peer: ReturnType<typeof readNodeCertificate>,
  own: Uint8Array,
  remote: string,
  end: () => void,
  destroy: () => void,
): Wire {
  let broken: Error | undefined;
  call.on('error', (error: Error) => {
    broken ??= error;
  });
  call.on('close', () => {
    broken ??= new Failure('stream-closed', 'the stream was closed');
  });
  return {
    peer: { member: peer.member, notAfter: peer.notAfter, certificate: peer.sha256 },
    ownCertificate: own,
    remote,
    async send(envelope) {
      if (broken !== undefined) throw broken;
      if (call.write(envelope)) return;
      const waited = new AbortController();
      const { signal } = waited;
      try {
        await Promise.race([once(call, 'drain', { signal }), once(call, 'close', { signal })]);
      } finally {
        // Whichever did not come would listen until the stream ends.
        waited.abort();
      }
    },
    receive: () => envelopes(call),
    end,
    destroy,
  };
}

/** What the peer says; one that cannot be read is thrown, and leaves the stream open for a word about it. */
function envelopes(call: EnvelopeStream): AsyncIterable<Envelope> {
  const inbox = (call as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        // A turn for each: a peer that says much is heard as often as one that says little.
        await setImmediate();
        const { value, done } = await inbox.next();
        return done === true ? { value: undefined, done } : { value: readEnvelope(value), done: false };
      },
    }),
  };
}

function ownCertificate(identity: TlsIdentity): Uint8Array {
  return readNodeCertificate(identity.leafPem).sha256;
}
