// From a request on the local socket to what answers it. A route is a method and a path; its handler has the
// call, and what it throws becomes the answer, or the last line of an answer that has begun.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NodeApi } from '../../node/api.js';
import { Failure } from '../../node/failure.js';
import { answerError, errorAnswer } from './answers.js';
import { CallerGone } from './ndjson.js';

/** Where the socket says what happened: people read it, so no hash, key or token goes in. */
export interface SocketLog {
  info(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}

export interface Call {
  readonly api: NodeApi;
  readonly log: SocketLog;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** Aborted when the socket closes: answers come to their end. */
  readonly stopping: AbortSignal;
}

export type Handler = (call: Call) => Promise<void>;

/** Handlers by method and path: `GET /status`. */
export type Routes = Readonly<Record<string, Handler>>;

/** Answers one request; never throws. */
export async function answerCall(
  routes: ReadonlyMap<string, Handler>,
  call: Call,
  path: string,
): Promise<void> {
  const { request, response, log } = call;
  try {
    const handler = routes.get(`${request.method} ${path}`);
    if (handler === undefined) {
      throw new Failure('no-such-call', `there is no ${request.method} ${path} here`);
    }
    await handler(call);
  } catch (error) {
    if (error instanceof CallerGone || response.destroyed) return;
    if (!(error instanceof Failure))
      log.error({ err: error, call: `${request.method} ${path}` }, 'a call failed');
    if (response.headersSent) response.end(`${JSON.stringify(errorAnswer(error))}\n`);
    else answerError(response, error);
  } finally {
    // What the caller still sends is read and dropped, so that it gets to read the answer; in the next turn,
    // when whoever read it last has let go of it.
    setImmediate(() => request.resume());
  }
}
