// One call on the local socket, from the caller's side: HTTP/1.1 over the Unix socket, with JSON or lines of
// JSON in and out. Errors come back as the typed errors of no-node.ts.

import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../node/failure.js';
import { NodeRefused, NodeStopped, NoNode } from './no-node.js';

/** Look-ups that overlap, and a stream beside them. */
const MAX_CONNECTIONS = 8;

export type Method = 'GET' | 'POST';

/** Calls on one socket, over connections that are kept until `close`. */
export class SocketCalls {
  readonly #home: string;
  readonly #socketPath: string;
  readonly #signal: AbortSignal | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });

  /** `home` is named in errors. */
  constructor(home: string, socketPath: string, signal?: AbortSignal) {
    this.#home = home;
    this.#socketPath = socketPath;
    this.#signal = signal;
  }

  /** A call with one JSON value in and out. */
  async json<T>(method: Method, path: string, body?: unknown): Promise<T> {
    return JSON.parse(await this.text(method, path, body)) as T;
  }

  /** A call whose answer is taken whole. */
  async text(method: Method, path: string, body?: unknown): Promise<string> {
    return this.#all(await this.#send(method, path, body === undefined ? undefined : JSON.stringify(body)));
  }

  /** A call whose answer is lines, as they come: batches of whole lines, without their ends. */
  async *lines(method: Method, path: string): AsyncGenerator<string[]> {
    yield* this.#linesOf(await this.#send(method, path));
  }

  /** A call with lines both ways at once. Throws NodeStopped when the node ends it before the source does. */
  async *exchange(path: string, source: Readable): AsyncGenerator<string[]> {
    const request = this.#request('POST', path);
    const responded = this.#response(request);
    let isSent = false;
    const sending = pipeline(source, request).then(() => {
      isSent = true;
    });
    // What went wrong in sending shows in the answer, or in its absence.
    sending.catch(() => {});
    try {
      yield* this.#linesOf(await this.#checked(await responded));
      if (!isSent) throw new NodeStopped(this.#home);
    } finally {
      request.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: Method, path: string, body?: string): Promise<IncomingMessage> {
    const request = this.#request(method, path);
    const responded = this.#response(request);
    request.end(body);
    return this.#checked(await responded);
  }

  #request(method: Method, path: string) {
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    return httpRequest({ socketPath: this.#socketPath, agent: this.#agent, method, path, ...signal });
  }

  #response(request: ReturnType<typeof httpRequest>): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request.once('response', resolve);
      request.on('error', (error) => reject(this.#meaningOf(error)));
    });
  }

  async #checked(response: IncomingMessage): Promise<IncomingMessage> {
    const { statusCode = 0 } = response;
    if (statusCode === 200) return response;
    throw refusalOf(statusCode, await this.#all(response));
  }

  async #all(response: IncomingMessage): Promise<string> {
    const chunks: string[] = [];
    for await (const chunk of this.#textOf(response)) chunks.push(chunk);
    return chunks.join('');
  }

  async *#linesOf(response: IncomingMessage): AsyncGenerator<string[]> {
    let rest = '';
    for await (const chunk of this.#textOf(response)) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      if (lines.length > 0) yield lines;
    }
  }

  async *#textOf(response: IncomingMessage): AsyncGenerator<string> {
    response.setEncoding('utf8');
    try {
      for await (const chunk of response) yield chunk as string;
    } catch (error) {
      throw this.#meaningOf(error);
    }
  }

  #meaningOf(error: unknown): unknown {
    if (this.#signal?.aborted) return this.#signal.reason;
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
      case 'ECONNREFUSED':
        return new NoNode(this.#home, error);
      case 'ECONNRESET':
      case 'EPIPE':
        return new NodeStopped(this.#home, error);
      case 'EACCES':
        return new Failure(
          'not-allowed',
          `this user may not talk to the node on ${this.#home}: give the command as the user that runs it`,
          error,
        );
      default:
        return error;
    }
  }
}

function refusalOf(status: number, text: string): NodeRefused {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new NodeRefused(status, error.code, error.message);
  } catch {
    return new NodeRefused(
      status,
      'bad-answer',
      `the node answers with status ${status}, which is not understood`,
    );
  }
}
