// The enrolment listener: a gRPC server of its own, with TLS that authenticates the hub alone, and two calls.
// Strangers reach it, so everything about it is small: messages, streams, calls at a time, time for each.

import type { Message } from '@bufbuild/protobuf';
import {
  Server,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  Enrolment,
  type EnrolRequest,
  type EnrolResponse,
  type RenewRequest,
  type RenewResponse,
} from '../../proto/gen/icse/v1/enrolment_pb.js';
import type { Clock } from '../clock.js';
import { grpcService } from '../exchange/grpc-service.js';
import { ListenerCredentials, type TlsIdentity } from '../exchange/tls.js';
import { Failure } from '../failure.js';
import { type Address, addressText } from '../home/address.js';
import { ofTheContract } from './of-the-contract.js';
import { createRateLimit } from './rate-limit.js';
import { EnrolmentRefused, statusOf } from './refused.js';

/** A request has 2 KB, an answer 4 KB. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** A node makes one call at a time. */
const MAX_STREAMS = 2;
/** Each costs a few milliseconds of signatures and one write to disk. */
const MAX_CALLS_AT_A_TIME = 32;
const CALL_MS = 10_000;
/** Nobody has reason to stay. */
const CONNECTION_AGE_MS = 60_000;
const CONNECTION_GRACE_MS = 10_000;

/** What the hub does with a call; `from` is the caller's IP address. Throws Failure to refuse. */
export interface EnrolmentHandlers {
  enrol(request: EnrolRequest, from: string): Promise<EnrolResponse>;
  renew(request: RenewRequest, from: string): Promise<RenewResponse>;
}

export interface EnrolmentListener {
  readonly port: number;
  /** Shows the renewed certificate from the next connection on. */
  renew(identity: TlsIdentity): void;
  close(): Promise<void>;
}

/** Listens for joining and renewing members; `onError` is told of errors that are the hub's own. */
export async function listenEnrolment(options: {
  readonly address: Address;
  readonly identity: TlsIdentity;
  readonly handlers: EnrolmentHandlers;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}): Promise<EnrolmentListener> {
  const { address, handlers } = options;
  const credentials = new ListenerCredentials(options.identity, 'anyone');
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': CONNECTION_GRACE_MS,
  });
  const answer = createAnswerer(options.clock, options.onError);
  const implementation: UntypedServiceImplementation = {
    enrol: answer<EnrolRequest, EnrolResponse>((request, from) => handlers.enrol(request, from)),
    renew: answer<RenewRequest, RenewResponse>((request, from) => handlers.renew(request, from)),
  };
  server.addService(grpcService(Enrolment), implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(addressText(address), credentials, (error, bound) => {
      if (error === null) return resolve(bound);
      const where = addressText(address);
      reject(
        new Failure('cannot-listen', `cannot listen for enrolment at ${where}: ${error.message}`, error),
      );
    });
  });
  return {
    port,
    renew: (identity) => credentials.renew(identity),
    async close() {
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      server.forceShutdown();
      await closed;
    },
  };
}

type Unary<Request, Response> = (
  call: ServerUnaryCall<Request, Response>,
  reply: sendUnaryData<Response>,
) => void;

/** Wraps handlers in the limits that all calls share. */
function createAnswerer(clock: Clock, onError: (error: unknown) => void) {
  const rates = createRateLimit();
  let running = 0;

  async function limited<Response>(from: string, handle: () => Promise<Response>): Promise<Response> {
    if (!rates.admits(from, clock.now())) {
      throw new EnrolmentRefused('too-often', `too many calls from ${from}: wait a minute`);
    }
    if (running >= MAX_CALLS_AT_A_TIME) throw new EnrolmentRefused('busy', 'the hub is busy: ask again');
    running++;
    const handled = handle().finally(() => {
      running--;
    });
    return within(clock, handled);
  }

  return <Request extends Message, Response>(
    handle: (request: Request, from: string) => Promise<Response>,
  ): Unary<Request, Response> =>
    (call, reply) => {
      const from = hostOfPeer(call.getPeer());
      limited(from, async () => handle(ofTheContract(call.request), from)).then(
        (response) => reply(null, response),
        (error: unknown) => {
          if (!(error instanceof Failure)) onError(error);
          reply(statusOf(error));
        },
      );
    };
}

/** The caller is told after 10 s; what was begun is finished, and found done when the caller asks again. */
function within<T>(clock: Clock, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(CALL_MS, () => {
      reject(new EnrolmentRefused('busy', `the hub has not finished within ${CALL_MS / 1000} s: ask again`));
    });
    work.then(resolve, reject).finally(cancel);
  });
}

/** The IP address of a peer: 192.0.2.7 of `192.0.2.7:50123` and of `::ffff:192.0.2.7:50123`. */
export function hostOfPeer(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':')).replace(/^::ffff:(?=[0-9.]+$)/, '');
}
