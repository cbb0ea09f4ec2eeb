// The log for people who operate the node, on standard error: lines on a terminal, JSON otherwise. Callers put
// members, reasons and places in it; whatever is named like a secret or a looked-up hash is left out here too.

import type { Writable } from 'node:stream';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { NodeConfig } from '../../node/home/config.js';
import { type Environment, wantsColour } from './terminal.js';

/** Fields that never appear, at the top of a line or one level below. */
const NEVER = [
  'token',
  'key',
  'keyPem',
  'secret',
  'secretKey',
  'secrets',
  'seed',
  'passphrase',
  'hash',
  'hashes',
];

export interface OperationsLogOptions {
  readonly level: NodeConfig['logLevel'];
  readonly stream: Writable & { readonly isTTY?: boolean };
  readonly env: Environment;
}

/** A log that writes each line at once, so that the last one before a crash is there. */
export function createOperationsLog({ level, stream, env }: OperationsLogOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: NEVER.flatMap((name) => [name, `*.${name}`]), remove: true },
  };
  if (stream.isTTY !== true) return pino(options, stream);
  return pino(
    options,
    pretty({
      destination: stream,
      colorize: wantsColour(env),
      translateTime: 'UTC:yyyy-mm-dd HH:MM:ss.l',
      sync: true,
    }),
  );
}
