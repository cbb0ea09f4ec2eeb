// fanout.*: one publisher of single entries, the hub, and subscribers, each a process of its own. A sample is the
// time from the sending of a record to the publisher's socket until a subscriber's own stream of entries shows
// it. `busy` is the same while one more member takes a long log from the same hub for the first time.

import { setTimeout as pause } from 'node:timers/promises';
import { NodeClient } from '../gateway/socket/client.js';
import { LYON } from '../node/names.js';
import { type Bench, type Figure, MEMBERS } from './figure.js';
import { type NodeProcess, startNode } from './icse.js';
import { recordJson } from './media-records.js';
import { NotTaken, untilReady } from './publish-single.js';
import { percentile, type Result, resultOf } from './result.js';
import { until, untilFound, untilVerified } from './until.js';

const EVERY_MS = 20;
const PERCENTS = [50, 99] as const;
/** What is published is everywhere by then, or something is wrong. */
const ARRIVAL_MS = 60_000;

interface Stage {
  readonly hub: NodeProcess;
  readonly publisher: NodeProcess;
  readonly subscribers: readonly NodeProcess[];
}

export const fanOut: Figure = {
  names: ['fanout.idle.p50', 'fanout.idle.p99', 'fanout.busy.p50', 'fanout.busy.p99'],
  members: [MEMBERS.author, MEMBERS.relayed, MEMBERS.publisher, ...MEMBERS.subscribers],
  async measure(bench, isWanted) {
    const { scratch, federation, sizes } = bench;
    const codes = [LYON, MEMBERS.publisher, ...MEMBERS.subscribers.slice(0, sizes.fanOut.subscribers)];
    await bench.author.stopped(sizes.replicated);
    const homes = await Promise.all(codes.map((code) => scratch.copied(federation.home(code))));
    const nodes: NodeProcess[] = [];
    try {
      for (const home of homes) nodes.push(await startNode(home));
      const [hub, publisher, ...subscribers] = nodes as [NodeProcess, NodeProcess, ...NodeProcess[]];
      const stage = { hub, publisher, subscribers };
      await untilReady(publisher);
      await Promise.all(subscribers.map((node) => node.linked(LYON)));
      const results =
        isWanted('fanout.idle.p50') || isWanted('fanout.idle.p99') ? await idle(bench, stage) : [];
      if (isWanted('fanout.busy.p50') || isWanted('fanout.busy.p99')) {
        results.push(...(await busy(bench, stage)));
      }
      return results;
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all(homes.map((home) => scratch.remove(home)));
    }
  },
};

async function idle({ sizes }: Bench, stage: Stage): Promise<Result[]> {
  const runs: number[][] = [];
  for (let run = 0; run < sizes.fanOut.runs; run++) {
    runs.push(await delays(stage, `idle ${run}`, pause(sizes.fanOut.seconds * 1000)));
  }
  return resultsOf('fanout.idle', runs);
}

async function busy(bench: Bench, stage: Stage): Promise<Result[]> {
  const { author, scratch, federation, sizes } = bench;
  const size = sizes.replicated;
  const lastHash = author.hashesAt(size - 1).sha256;
  bench.say('hub and subscribers take the long log');
  await author.running(size);
  try {
    for (const node of [stage.hub, stage.publisher, ...stage.subscribers]) {
      await untilVerified(node, author.code, size);
      await untilFound(node, author.code, lastHash);
    }
  } finally {
    await author.stop();
  }
  const runs: number[][] = [];
  for (let run = 0; run < sizes.fanOut.runs; run++) {
    const late = await startNode(await scratch.copied(federation.home(MEMBERS.relayed)));
    try {
      await late.linked(LYON);
      runs.push(await delays(stage, `busy ${run}`, untilFound(late, author.code, lastHash)));
    } finally {
      await late.stop();
      await scratch.remove(late.home);
    }
  }
  return resultsOf('fanout.busy', runs);
}

function resultsOf(name: string, runs: readonly (readonly number[])[]): Result[] {
  return PERCENTS.map((percent) =>
    resultOf(
      `${name}.p${percent}`,
      'ms',
      runs.map((sorted) => percentile(sorted, percent)),
    ),
  );
}

/** Publishes until `over`, and resolves with the delays at all subscribers, sorted, when all is everywhere. */
async function delays(
  { publisher, subscribers }: Stage,
  series: string,
  over: Promise<unknown>,
): Promise<number[]> {
  const sent = new Map<string, number>();
  const samples: number[] = [];
  const watched = new AbortController();
  const watching = Promise.all(
    subscribers.map(({ home }) =>
      watch(home, watched.signal, (sha256) => {
        const at = sent.get(sha256);
        if (at !== undefined) samples.push(performance.now() - at);
      }),
    ),
  );
  try {
    // The streams are open, and tell from now on.
    await pause(500);
    await publishUntil(publisher, series, over, sent);
    const wanted = sent.size * subscribers.length;
    await until('every subscriber shows every record', async () => samples.length >= wanted, ARRIVAL_MS);
  } finally {
    watched.abort();
    await watching;
  }
  return samples.sort((a, b) => a - b);
}

async function publishUntil(
  { client }: NodeProcess,
  series: string,
  over: Promise<unknown>,
  sent: Map<string, number>,
): Promise<void> {
  let isOver = false;
  const ended = over.finally(() => {
    isOver = true;
  });
  ended.catch(() => {});
  /** At its own pace, however long the answers take: a record that is late makes none after it late. */
  async function* records(): AsyncGenerator<string> {
    const start = performance.now();
    for (let number = 0; !isOver; number++) {
      await pause(Math.max(0, start + number * EVERY_MS - performance.now()));
      const record = recordJson(series, number);
      sent.set(record.sha256, performance.now());
      yield `${JSON.stringify(record)}\n`;
    }
  }
  for await (const lines of client.publish(records())) {
    for (const line of lines) if (!line.startsWith('{"outcome":"taken"')) throw new NotTaken(line);
  }
  await ended;
}

/** Tells of each entry that the node's own stream shows, until the signal aborts. */
async function watch(home: string, signal: AbortSignal, onEntry: (sha256: string) => void): Promise<void> {
  const client = await NodeClient.of(home, signal);
  try {
    for await (const lines of client.notices({ follow: true, entries: true })) {
      for (const line of lines) {
        const told = JSON.parse(line) as { kind: string; record: { sha256?: string } | null };
        if (told.kind === 'entry' && told.record?.sha256 !== undefined) onEntry(told.record.sha256);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    client.close();
  }
}
