// publish.single: many callers, each with a stream of its own on the local socket and one record under way,
// which it follows with the next once the node has said that it is on disk under a signed checkpoint.

import { Agent, type ClientRequest, request } from 'node:http';
import { findSocket } from '../gateway/socket/place.js';
import { type Figure, MEMBERS } from './figure.js';
import type { NodeProcess } from './icse.js';
import { recordJson } from './media-records.js';
import { withPublisher } from './publisher.js';
import { percentile, resultOf } from './result.js';

/** The first second is for connections and for the compiler. */
const WARM_UP_MS = 1500;

/** Something else than 'taken' was answered. */
export class NotTaken extends Error {}

interface Rate {
  readonly perSecond: number;
  /** Of each record, from its sending to its answer; sorted. */
  readonly latenciesMs: readonly number[];
}

export const publishSingle: Figure = {
  names: ['publish.single', 'publish.single.p50', 'publish.single.p99'],
  members: [MEMBERS.publisher],
  async measure(bench) {
    const { callers, seconds } = bench.sizes.publishing;
    const rates: Rate[] = [];
    for (let run = 0; run < bench.sizes.runs; run++) {
      rates.push(
        await withPublisher(bench, (node) => publishFor(node, callers, seconds * 1000, `single ${run}`)),
      );
    }
    return [
      resultOf(
        'publish.single',
        '/s',
        rates.map(({ perSecond }) => perSecond),
      ),
      ...[50, 99].map((percent) =>
        resultOf(
          `publish.single.p${percent}`,
          'ms',
          rates.map(({ latenciesMs }) => percentile(latenciesMs, percent)),
        ),
      ),
    ];
  },
};

async function publishFor(
  node: NodeProcess,
  callers: number,
  lastsMs: number,
  series: string,
): Promise<Rate> {
  const socketPath = await findSocket(node.home);
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const from = performance.now() + WARM_UP_MS;
  const to = from + lastsMs;
  const latenciesMs: number[] = [];
  let next = 0;

  async function call(): Promise<void> {
    const caller = await aCaller(socketPath, agent);
    while (performance.now() < to) {
      const line = `${JSON.stringify(recordJson(series, next++))}\n`;
      const before = performance.now();
      const answer = await caller.ask(line);
      const now = performance.now();
      if (!answer.startsWith('{"outcome":"taken"')) throw new NotTaken(answer);
      if (now >= from && now < to) latenciesMs.push(now - before);
    }
    await caller.end();
  }

  await Promise.all(Array.from({ length: callers }, call));
  agent.destroy();
  latenciesMs.sort((a, b) => a - b);
  return { perSecond: (latenciesMs.length * 1000) / lastsMs, latenciesMs };
}

/** One stream to POST /publish. */
export interface Caller {
  /** Sends a line; resolves with its answer line. One at a time. */
  ask(line: string): Promise<string>;
  end(): Promise<void>;
}

/** Opens the stream. */
export function aCaller(socketPath: string, agent: Agent): Promise<Caller> {
  return new Promise((resolve, reject) => {
    const stream: ClientRequest = request({ socketPath, agent, method: 'POST', path: '/publish' });
    let answered: ((line: string) => void) | undefined;
    let failed: (error: Error) => void = reject;
    let rest = '';
    stream.on('error', (error) => failed(error));
    stream.once('response', (response) => {
      const ended = new Promise<void>((done) => response.once('close', done));
      response.setEncoding('utf8');
      response.on('error', (error) => failed(error));
      response.on('data', (text: string) => {
        rest += text;
        if (!rest.endsWith('\n')) return;
        const line = rest;
        rest = '';
        answered?.(line);
      });
      resolve({
        ask: (line) =>
          new Promise((told, refused) => {
            answered = told;
            failed = refused;
            stream.write(line);
          }),
        async end() {
          stream.end();
          await ended;
        },
      });
    });
    stream.setNoDelay(true);
    stream.flushHeaders();
  });
}
