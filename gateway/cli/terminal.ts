// Where a command is run: its streams, its environment, and how it is interrupted. Output waits for a slow
// reader; when the reader has gone away the command ends without a word, as in a pipe to `head`.

import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import { Failure } from '../../node/failure.js';

export type Environment = Readonly<Record<string, string | undefined>>;
type Stream = Writable & { readonly isTTY?: boolean };

/** What a run is given from outside: a process's own streams, or a test's. */
export interface RunIo {
  readonly stdin: Readable;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Environment;
  /** Who asks for it ends by itself when it aborts; without it a command ends with its process. */
  readonly interrupted?: (() => AbortSignal) | undefined;
  /** Registers what is to happen before the process ends by a fault of its own. */
  readonly onCrash?: ((act: (error: unknown) => void) => void) | undefined;
}

/** The reader of standard output has gone away. */
export class OutputClosed extends Error {}

/** The user has interrupted the command: `code` is 'interrupted'. */
export class Interrupted extends Failure {
  constructor() {
    super('interrupted', 'interrupted');
  }
}

/** A command that cannot be carried out as it was given (exit code 2): `code` is 'used-wrongly'. */
export class UsedWrongly extends Failure {
  constructor(message: string) {
    super('used-wrongly', message);
  }
}

export class Terminal {
  readonly stdin: Readable;
  readonly stderr: Stream;
  readonly env: Environment;
  readonly interrupted: () => AbortSignal;
  readonly onCrash: (act: (error: unknown) => void) => void;
  /** What the command ends with when nothing is thrown. */
  exitCode: 0 | 1 | 2 = 0;
  readonly #stdout: Stream;
  #isClosed = false;

  constructor({ stdin, stdout, stderr, env, interrupted, onCrash }: RunIo) {
    this.stdin = stdin;
    this.#stdout = stdout;
    this.stderr = stderr;
    this.env = env;
    this.interrupted = interrupted ?? (() => new AbortController().signal);
    this.onCrash = onCrash ?? (() => {});
    stdout.on('error', () => {
      this.#isClosed = true;
    });
  }

  /** Writes to standard output. Throws OutputClosed. */
  async print(text: string): Promise<void> {
    if (this.#isClosed) throw new OutputClosed();
    if (this.#stdout.write(text)) return;
    await once(this.#stdout, 'drain').catch(() => {});
    if (this.#isClosed) throw new OutputClosed();
  }

  /** Writes a value as one line of JSON. */
  printJson(value: unknown): Promise<void> {
    return this.print(`${JSON.stringify(value)}\n`);
  }

  /** One line on standard error. */
  complain(sentence: string): void {
    this.stderr.write(`${oneLine(sentence)}\n`);
  }

  /** Colours text for standard output: on a terminal, unless the user wants none (no-color.org). */
  paint(format: Parameters<typeof styleText>[0], text: string): string {
    return this.#stdout.isTTY === true && wantsColour(this.env) ? styleText(format, text) : text;
  }
}

/** True unless NO_COLOR is set, or the terminal has no colours. */
export function wantsColour(env: Environment): boolean {
  return (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** Text of others on one line, without what a terminal would act upon. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
