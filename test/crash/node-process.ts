// Real processes of the program in dist/: commands that run to their end, and nodes that are started, killed
// with SIGKILL and started again on the same home. Whatever was started here is ended here, by its id.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NodeClient } from '../../gateway/socket/client.js';

const ICSE = join(projectFolder(), 'dist', 'gateway', 'cli', 'icse.js');

/** A start that takes longer has failed; on a busy machine it takes two seconds. */
const START_MS = 30_000;
/** A stop that takes longer is cut short. */
const STOP_MS = 10_000;
/** Lines of a node's operations log that are kept. */
const MAX_LINES = 2000;

/** A line of the operations log. */
export interface LogLine {
  readonly level: string;
  readonly event?: string;
  readonly msg: string;
}

/** A process that ended though it should not have, or not well. */
export class ProcessEnded extends Error {
  readonly stderr: string;

  constructor(args: readonly string[], code: number | null, signal: string | null, stderr: string) {
    super(`icse ${args.join(' ')} ended with ${signal ?? code}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
    this.stderr = stderr;
  }
}

export interface NodeProcess {
  readonly home: string;
  /** Lines of the operations log of all its lives, the last of them. */
  readonly lines: readonly LogLine[];
  isRunning(): boolean;
  /** Starts a life; resolves when its socket serves. Throws ProcessEnded. */
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
  /** Calls the node on its local socket, over connections that end with the call. */
  call<T>(act: (client: NodeClient) => Promise<T>): Promise<T>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a command to its end; resolves with its standard output. Throws ProcessEnded. */
export async function icse(...args: string[]): Promise<string> {
  const child = launch(args);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0) throw new ProcessEnded(args, code, signal, err);
  return out;
}

/** The node of a home, not running yet. */
export function aNodeProcess(home: string): NodeProcess {
  const args = ['start', '--home', home, '--json'];
  const lines: LogLine[] = [];
  let child: ChildProcess | undefined;
  const isRunning = (): boolean =>
    child !== undefined && child.exitCode === null && child.signalCode === null;

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child === undefined || !isRunning()) return;
    const closed = once(child, 'close');
    child.kill(signal);
    const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  return {
    home,
    lines,
    isRunning,
    async start() {
      const life = launch(args);
      child = life;
      let err = '';
      createInterface({ input: life.stderr as NodeJS.ReadableStream }).on('line', (line) => {
        err = `${err}${line}\n`.slice(-8192);
        lines.push(parseLine(line));
        if (lines.length > MAX_LINES) lines.shift();
      });
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`the node on ${home} did not serve in ${START_MS / 1000} s`));
        }, START_MS);
        createInterface({ input: life.stdout as NodeJS.ReadableStream }).once('line', () => resolve());
        life.once('close', (code, signal) => reject(new ProcessEnded(args, code, signal, err)));
        life.once('close', () => clearTimeout(timer));
      });
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async call(act) {
      const client = await NodeClient.of(home);
      try {
        return await act(client);
      } finally {
        client.close();
      }
    },
  };
}

function launch(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [ICSE, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1' },
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 'fatal', msg: line };
  }
}

/** The project, from the source and from wherever it is compiled to. */
function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
