// The answers of the local socket as JSON: values, and errors as a code and a sentence.
//
//   503  {"error":{"code":"not-ready","message":"cannot publish yet: waiting for ..."}}

import type { ServerResponse } from 'node:http';
import { NotReady } from '../../node/exchange/own-log.js';
import { Failure } from '../../node/failure.js';
import { BadName } from '../../node/names.js';
import { BadReaders } from '../../node/publishing/sealing.js';
import { RulesBroken } from '../../node/statements/build.js';
import { BadHash } from '../../node/statements/hashes.js';
import { BadRecord } from '../../node/statements/record-json.js';
import { BadStatement } from '../../node/statements/statement-json.js';
import { BadImport } from '../formats/bad-import.js';

/** A call that is not made as docs/API.md says: `code` is 'bad-call'. */
export class BadCall extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-call', message, cause);
  }
}

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
}

/** What the caller did wrong; any other Failure is a refusal. */
const WRONG_USE = [
  BadCall,
  BadHash,
  BadImport,
  BadName,
  BadRecord,
  BadReaders,
  BadStatement,
  RulesBroken,
] as const;
const WRONG_USE_CODES: ReadonlySet<string> = new Set(['bad-address', 'bad-fingerprint']);

/** An error for the caller; the node's own faults are for the log of the node alone. */
export function errorAnswer(error: unknown): ErrorAnswer {
  return error instanceof Failure
    ? { error: { code: error.code, message: error.message } }
    : { error: { code: 'internal', message: 'an error inside the node: see the log of the node' } };
}

/** Answers with a value. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with an error, under the status that fits. */
export function answerError(response: ServerResponse, error: unknown): void {
  answerJson(response, errorAnswer(error), statusOf(error));
}

function statusOf(error: unknown): number {
  if (!(error instanceof Failure)) return 500;
  if (error.code === 'no-such-call') return 404;
  if (WRONG_USE.some((wrong) => error instanceof wrong) || WRONG_USE_CODES.has(error.code)) return 400;
  return error instanceof NotReady && error.code !== 'suspended' ? 503 : 409;
}
