// The local socket of a running node, a hub with real keys and stores: calls with damaged paths and bodies, and
// bytes that need not be HTTP at all. Whatever comes, it answers as docs/API.md says, and goes on.
//
//   POST /lookup HTTP/1.1\r\n...   is written to the socket as it is
//   POST /lookup\n{"hashes":...}   is sent as a call, with the right length, on a connection that is kept

import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { Failure } from '../../../node/failure.js';
import { recordToJson } from '../../../node/statements/record-json.js';
import type { Chance } from '../../chaos/chance.js';
import { bytesOf, promise, type Subject, type Target } from '../target.js';
import { aRetraction, aStatement, hash } from './a-statement.js';
import { aRecord } from './entry.js';
import { aHubHome, serveHub } from './served-hub.js';

/** A body has at most 256 KiB. */
const MAX_BYTES = 300_000;
/** Of 150,000 lines each has an answer of its own; they go out as they are made, and others get their turn. */
const SLOW_MS = 5000;
/** Then another begins: some answers tell all that was ever published or held, and would only take longer. */
const CALLS_OF_A_HUB = 10_000;
const STATUSES: readonly number[] = [200, 400, 404, 409, 503];
const MAX_ANSWER_SHOWN = 300;
const WORDS = [
  ...[
    'hashes',
    'label',
    'member',
    'by',
    'reason',
    'at',
    'accept',
    'appendAlone',
    'confirm',
    'replace',
    'quota',
    'event',
    'link',
    'assess',
    'retract',
    'readers',
  ],
  ...[
    'NL',
    'LYON',
    'follow=1',
    'from=0',
    'content-length: 5\r\n',
    'transfer-encoding: chunked\r\n',
    '\r\n\r\n',
  ],
];

export const socketTarget: Target = { name: 'socket', open: openSocket };

async function openSocket(): Promise<Subject> {
  const home = await aHubHome();
  let hub = await serveHub(home);
  const newAgent = () => new Agent({ keepAlive: true, maxSockets: 1 });
  let agent = newAgent();
  let taken = 0;
  return {
    form: 'text',
    maxBytes: MAX_BYTES,
    slowMs: SLOW_MS,
    words: WORDS,
    sample: (chance) => bytesOf(aCall(chance)),
    async take(input) {
      if (taken++ === CALLS_OF_A_HUB) {
        await end();
        hub = await serveHub(home);
        agent = newAgent();
        taken = 1;
      }
      const call = callOf(input);
      if (call === undefined) await writeRaw(hub.path, input);
      else await send(agent, hub.path, call);
      const error = hub.takeError();
      if (error !== undefined) throw error;
    },
    async close() {
      await end();
      await rm(home, { recursive: true, force: true });
    },
  };

  async function end(): Promise<void> {
    agent.destroy();
    await hub.close();
  }
}

interface RawCall {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
}

/** Undefined for what a client of HTTP would not send. */
function callOf(input: Uint8Array): RawCall | undefined {
  const end = input.indexOf(0x0a);
  if (end < 0 || end > 2000) return undefined;
  const [, method, path] =
    /^(GET|POST) (\/[\x21-\x7e]*)$/.exec(Buffer.from(input.subarray(0, end)).toString('latin1')) ?? [];
  if (method === undefined || path === undefined) return undefined;
  return { method, path, body: input.subarray(end + 1) };
}

function send(agent: Agent, socketPath: string, { method, path, body }: RawCall): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': body.length };
    const call = request({ socketPath, agent, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        try {
          checkAnswer(path, response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'));
          resolve();
        } catch (error) {
          reject(error);
        }
      });
      response.on('error', reject);
      // An answer that follows has no end of its own.
      if (new URLSearchParams(path.split('?', 2)[1]).get('follow') === '1' && response.statusCode === 200) {
        response.removeAllListeners('error').on('error', () => {});
        call.destroy();
        resolve();
      }
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** One of our statuses; and lines of JSON, the error ones with a code that is not the node's own fault. */
function checkAnswer(path: string, status: number, answer: string): void {
  const shown = answer.slice(0, MAX_ANSWER_SHOWN);
  promise(STATUSES.includes(status), `the socket answers with status ${status}: ${shown}`);
  promise(answer === '' || answer.endsWith('\n'), `an answer without its end: ${shown}`);
  for (const line of answer.split('\n').slice(0, -1)) {
    const { error } = (JSON.parse(line) ?? {}) as { error?: { code: string; message: string } };
    promise(error?.code !== 'internal', `an error inside the node: ${line.slice(0, MAX_ANSWER_SHOWN)}`);
    if (status !== 200) {
      promise(error !== undefined && error.message !== '', 'a refusal without a sentence');
      // The hub understands an act and will not do it: there are no members here to act upon.
      if (path.startsWith('/hub/') && error.code !== 'bad-call') return;
      throw new Failure(error.code, error.message);
    }
  }
}

/** What is no HTTP may be answered with anything, or nothing, as long as the connection comes to its end. */
function writeRaw(socketPath: string, input: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
    socket.end(input);
  });
}

/** A call that is right, whether or not the node would do it. */
function aCall(chance: Chance): string {
  const [route, body] = chance.pick(CALLS)(chance);
  if (chance.happens(0.85)) return `${route}\n${body}`;
  const length = Buffer.byteLength(body);
  return `${route} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;
}

type CallMaker = (chance: Chance) => readonly [route: string, body: string];

const CALLS: readonly CallMaker[] = [
  (chance) => ['POST /lookup', JSON.stringify({ hashes: [hash(chance), hash(chance)] })],
  (chance) => ['POST /publish', lines(chance, () => recordToJson(aRecord(chance), 0))],
  (chance) => ['POST /publish', lines(chance, () => aStatement(chance))],
  (chance) => ['POST /publish', lines(chance, () => aRetraction(chance, 'LYON'))],
  (chance) => [
    'POST /holdings',
    lines(chance, () => ({ hashes: [hash(chance)], label: chance.pick(['a', 'b']) })),
  ],
  () => ['GET /holdings?label=a', ''],
  () => ['POST /holdings/remove', JSON.stringify({ label: 'a' })],
  (chance) => ['POST /holdings/remove', JSON.stringify({ hashes: [hash(chance)] })],
  () => ['GET /notices?from=0&follow=0&entries=1', ''],
  (chance) => [`GET /show?thing=${hash(chance)}`, ''],
  () => ['GET /figures', ''],
  () => ['GET /retractions', ''],
  () => ['GET /status', ''],
  () => ['GET /views', ''],
  () => ['GET /faults', ''],
  () => ['GET /hub/members', ''],
  (chance) => ['POST /hub/invite', anAct(chance, { confirm: true, replace: false, name: 'Police' })],
  (chance) => ['POST /hub/confirm', anAct(chance, { fingerprint: 'abcd-ef01' })],
  (chance) => ['POST /hub/amend', anAct(chance, { address: 'nl.example:7001', appendAlone: false })],
  (chance) => ['POST /hub/suspend', anAct(chance, { at: 3, appendAlone: true })],
  (chance) => ['POST /hub/reinstate', anAct(chance, { accept: false, appendAlone: true })],
];

function anAct(chance: Chance, fields: object): string {
  return JSON.stringify({
    member: chance.pick(['NL', 'AU', 'LYON']),
    by: 'a person',
    reason: 'why',
    ...fields,
  });
}

function lines(chance: Chance, line: () => unknown): string {
  return Array.from({ length: chance.int(1, 3) }, () => `${JSON.stringify(line())}\n`).join('');
}
