// The program as its users run it: commands, and nodes that serve until they are stopped.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NodeClient } from '../gateway/socket/client.js';
import { ChildEnded, end, launch } from './children.js';
import { PROJECT } from './project.js';

const ICSE = join(PROJECT, 'dist', 'gateway', 'cli', 'icse.js');
const START_MS = 120_000;

export interface NodeProcess {
  readonly home: string;
  /** From the start of the process to the line that says that its socket serves. */
  readonly startMs: number;
  readonly client: NodeClient;
  /** Resolves with the time (Date.now) at which this node had a link to the member for the first time. */
  linked(member: string): Promise<number>;
  /** Resident now, and the most that it ever was; bytes. */
  memory(): Promise<{ readonly resident: number; readonly peak: number }>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

interface LogLine {
  readonly time: string;
  readonly event?: string;
  readonly member?: string;
}

/** Runs a command to its end; resolves with its standard output. Throws ChildEnded. */
export async function icse(...args: string[]): Promise<string> {
  const child = launch([ICSE, ...args]);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err = `${err}${text}`.slice(-4096);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0) throw new ChildEnded(`icse ${args[0]} ended with ${signal ?? code}: ${err}${out}`.trim());
  return out;
}

/** Starts the node of a home; resolves when its socket serves. Throws ChildEnded. */
export async function startNode(home: string): Promise<NodeProcess> {
  const before = performance.now();
  const child = launch([ICSE, 'start', '--home', home, '--json']);
  const links = readLinks(child);
  try {
    await served(child, home);
  } catch (error) {
    await end(child);
    throw error;
  }
  const startMs = performance.now() - before;
  const client = await NodeClient.of(home);
  return {
    home,
    startMs,
    client,
    linked: (member) => links.to(member),
    memory: () => memoryOf(child.pid as number),
    async stop() {
      client.close();
      await end(child);
    },
  };
}

/** Starts nodes, all at once; when one does not start, none is left running. */
export async function startNodes(homes: readonly string[]): Promise<NodeProcess[]> {
  const outcomes = await Promise.allSettled(homes.map(startNode));
  const nodes = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map((node) => node.stop()));
  throw failed.reason;
}

async function served(child: ChildProcess, home: string): Promise<void> {
  let err = '';
  child.stderr?.on('data', (text: Buffer) => {
    err = `${err}${text}`.slice(-2048);
  });
  const waited = AbortSignal.timeout(START_MS);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  await Promise.race([
    once(lines, 'line', { signal: waited }),
    once(child, 'close').then(([code]) => {
      throw new ChildEnded(`the node on ${home} ended with ${code}: ${err}`);
    }),
  ]);
}

/** The node's own log says when it had a link, to the millisecond: no poll is as exact. */
function readLinks(child: ChildProcess) {
  const times = new Map<string, number>();
  const waiting = new Map<string, (time: number) => void>();
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (text) => {
    if (!text.includes('"linked"')) return;
    const { time, event, member = '' } = JSON.parse(text) as LogLine;
    if (event !== 'linked' || times.has(member)) return;
    times.set(member, Date.parse(time));
    waiting.get(member)?.(Date.parse(time));
  });
  return {
    to(member: string): Promise<number> {
      const time = times.get(member);
      if (time !== undefined) return Promise.resolve(time);
      return new Promise((resolve) => waiting.set(member, resolve));
    },
  };
}

async function memoryOf(pid: number): Promise<{ resident: number; peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]);
  return { resident: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
}
