// A home in a temporary folder with a socket that serves a fake node, and ways to talk to it.

import { mkdtemp, rm } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { run } from '../../gateway/cli/run.js';
import type { RunIo } from '../../gateway/cli/terminal.js';
import { placeSocket } from '../../gateway/socket/place.js';
import { type SocketServer, serveSocket } from '../../gateway/socket/server.js';
import { aNode, type FakeNode } from './a-node.js';

/** A folder that is gone after the test. */
export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'icse-gateway-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Logged {
  readonly facts: object;
  readonly sentence: string;
}

export interface ServedNode {
  readonly home: string;
  readonly path: string;
  readonly node: FakeNode;
  readonly logged: Logged[];
  readonly server: SocketServer;
}

/** A node that is served until the test ends. */
export async function aServedNode(
  node = aNode(),
  { home, graceMs = 5000 }: { home?: string; graceMs?: number } = {},
): Promise<ServedNode> {
  const place = home ?? (await aFolder());
  const path = await placeSocket(place, {});
  const logged: Logged[] = [];
  const write = (facts: object, sentence: string): void => {
    logged.push({ facts, sentence });
  };
  const server = await serveSocket(path, node.api, { log: { info: write, error: write }, graceMs });
  onTestFinished(() => server.close());
  return { home: place, path, node, logged, server };
}

/** Begins a call, with the answer as it comes. */
export function begin(
  { path: socketPath }: ServedNode,
  method: string,
  path: string,
): { call: ClientRequest; answer: Promise<IncomingMessage> } {
  const call = request({ socketPath, method, path });
  // An answer that comes before the body is sent: what is still written then meets a closed socket.
  call.on('socket', (socket) => socket.on('error', () => {}));
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve);
    call.on('error', reject);
  });
  return { call, answer };
}

/** A whole call: its status and its text. */
export async function ask(served: ServedNode, method: string, path: string, body?: string | Uint8Array) {
  const { call, answer } = begin(served, method, path);
  call.end(body);
  const response = await answer;
  return { status: response.statusCode, text: await text(response) };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array | Readable;
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly onOutput?: (text: string) => void;
}

/** Runs the command line in this process. */
export async function icse(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { stdin = '', signal, onOutput } = options;
  const out = sink(onOutput);
  const err = sink();
  const io: RunIo = {
    stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]),
    stdout: out.stream,
    stderr: err.stream,
    env: options.env ?? {},
    ...(signal === undefined ? {} : { interrupted: () => signal }),
  };
  return { code: await run(argv, io), out: out.text(), err: err.text() };
}

function sink(onText: (text: string) => void = () => {}) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      onText(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

/** The lines of a text, parsed. */
export function jsonLines(lines: string): unknown[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Resolves when it is true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}
