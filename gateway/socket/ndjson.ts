// Answers that stream: one JSON value a line (application/x-ndjson), at the pace of the caller; and the lines
// that a caller streams in, until it ends or the socket closes.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';

/** The caller hung up; nobody is left to be told. */
export class CallerGone extends Error {}

/** Begins an answer of lines; the caller sees that it began before there is a line. */
export function beginLines(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
}

/** Sends lines, and waits while the caller is slow. Throws CallerGone. */
export async function sendLines(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed) throw new CallerGone();
  if (response.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** What the caller sends, chunk by chunk; ends early, as if the caller had ended it, when the signal aborts. */
export async function* chunksUntil(
  request: IncomingMessage,
  stopping: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const body = new PassThrough();
  const stop = (): void => {
    request.unpipe(body);
    body.end();
  };
  const hangUp = (): void => {
    if (!request.complete) body.destroy(new CallerGone());
  };
  request.pipe(body);
  request.on('error', hangUp);
  request.on('close', hangUp);
  stopping.addEventListener('abort', stop);
  if (stopping.aborted) stop();
  try {
    yield* body;
  } finally {
    stopping.removeEventListener('abort', stop);
    request.unpipe(body);
  }
}
