// The processes of a demonstration: nodes started with `icse start`, and the commands that users have, each a
// process of its own. Whatever was started here is ended here, by its id.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../node/failure.js';

const ICSE = fileURLToPath(new URL('../cli/icse.js', import.meta.url));

/** A command that did not end as it should: code 'command-failed'. */
export class CommandFailed extends Failure {
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(args: readonly string[], exitCode: number | null, stderr: string) {
    super(
      'command-failed',
      `icse ${args.join(' ')} ended with ${exitCode}: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    );
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** A process that runs until it is stopped. */
export interface Running {
  readonly pid: number;
  /** Calls back with each line of standard output. */
  onLine(listener: (line: string) => void): void;
  /** Sends SIGTERM and resolves when it has ended. */
  stop(): Promise<void>;
}

export interface Processes {
  /** Runs a command to its end and resolves with its standard output. Throws CommandFailed. */
  icse(args: readonly string[], input?: string): Promise<string>;
  /** Starts a command that stays, and resolves when its first line is out (`firstLine`) or it has started. */
  start(args: readonly string[], firstLine: boolean): Promise<Running>;
  stopAll(): Promise<void>;
}

/** A stop that takes longer is cut short: a demonstration must end by itself. */
const STOP_MS = 10_000;

export function createProcesses(): Processes {
  const running = new Map<number, ChildProcess>();

  function launch(args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [ICSE, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1' },
    });
    if (child.pid !== undefined) running.set(child.pid, child);
    child.once('close', () => child.pid !== undefined && running.delete(child.pid));
    return child;
  }

  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  return {
    async icse(args, input) {
      const child = launch(args);
      let out = '';
      let err = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      child.stdin?.end(input ?? '');
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new CommandFailed(args, code, err);
      return out;
    },
    async start(args, firstLine) {
      const child = launch(args);
      let err = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        err = (err + text).slice(-4096);
      });
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
      const listeners: ((line: string) => void)[] = [];
      lines.on('line', (line) => {
        for (const listener of listeners) listener(line);
      });
      await new Promise<void>((resolve, reject) => {
        if (firstLine) listeners.push(() => resolve());
        else child.once('spawn', resolve);
        child.once('close', (code) => reject(new CommandFailed(args, code, err)));
      });
      return {
        pid: child.pid as number,
        onLine: (listener) => listeners.push(listener),
        stop: () => stop(child),
      };
    },
    async stopAll() {
      await Promise.all([...running.values()].map(stop));
    },
  };
}
