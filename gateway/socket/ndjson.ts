// Answers that stream: one JSON value a line (application/x-ndjson), at the pace of the caller; and the lines
// that a caller streams in, until it ends or the socket closes.

import type { IncomingMessage, ServerResponse } from 'node:http';

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

/**
 * Hands each chunk that the caller sends to `take`; while what it returns is pending, nothing more is read. Resolves
 * when the caller has ended, or as if it had when the signal aborts. Rejects with what `take` throws, or CallerGone.
 */
export function eachChunk(
  request: IncomingMessage,
  stopping: AbortSignal,
  take: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let taking: Promise<void> | undefined;
    const onData = (chunk: Uint8Array): void => {
      try {
        taking = take(chunk);
      } catch (error) {
        leave(() => reject(error));
        return;
      }
      if (taking === undefined) return;
      request.pause();
      taking.then(
        () => request.resume(),
        (error: unknown) => leave(() => reject(error)),
      );
    };
    // The end comes right behind the last chunk, paused or not: that chunk may still wait for its turn.
    const onEnd = (): void => leave(() => (taking ?? Promise.resolve()).then(resolve, reject));
    const onGone = (): void => leave(() => reject(new CallerGone()));
    const leave = (then: () => void): void => {
      request.pause();
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      // A broken connection is no error of ours.
      request.on('error', () => {});
      stopping.removeEventListener('abort', onEnd);
      then();
    };
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
    stopping.addEventListener('abort', onEnd);
    if (stopping.aborted) onEnd();
  });
}
