// fanout.*: one publisher of single entries, the hub, and subscribers, each a process of its own. A sample is the
// time from the sending of a record to the publisher's socket until a subscriber's own stream of entries shows
// it. `busy` is the same while one more member takes a long log from the same hub for the first time.

import { setTimeout as pause } from 'node:timers/promises';
import { NodeClient } from '../gateway/socket/client.js';
import { LYON } from '../node/names.js';
import { type Bench, type Figure, MEMBERS } from './figure.js';
import { type NodeProcess, startNode } from './icse.js';
import { recordJson } from './media-records.js';
import { NotTaken } from './publish-single.js';
import { untilReady } from './publisher.js';
import { percentile, type Result, resultOf } from './result.js';
import { until, untilFound, untilVerified } from './until.js';

const EVERY_MS = 20;
/** The subscribers' streams are open by then, and tell of what comes from then on. */
const OPENED_MS = 1000;
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
  // Twelve programs that began a moment ago are still being compiled; nodes run for months.
  await delays(stage, 'warming up', () => pause(sizes.fanOut.warmUpSeconds * 1000));
  const runs: number[][] = [];
  for (let run = 0; run < sizes.fanOut.runs; run++) {
    runs.push(await delays(stage, `idle ${run}`, () => pause(sizes.fanOut.seconds * 1000)));
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
    const home = await scratch.copied(federation.home(MEMBERS.relayed));
    let late: NodeProcess | undefined;
    const link = async (): Promise<void> => {
      late = await startNode(home);
      await late.linked(LYON);
    };
    const catchUp = (): Promise<unknown> => untilFound(late as NodeProcess, author.code, lastHash);
    try {
      runs.push(await delays(stage, `busy ${run}`, catchUp, link));
    } finally {
      await late?.stop();
      await scratch.remove(home);
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

/**
 * Publishes while `during` lasts, which begins when the streams are open and `first` is done. Resolves with the
 * delays at all subscribers, sorted, when all is everywhere.
 */
async function delays(
  { publisher, subscribers }: Stage,
  series: string,
  during: () => Promise<unknown>,
  first: () => Promise<unknown> = async () => {},
): Promise<number[]> {
  const sent = new Map<string, number>();
  const samples: number[] = [];
  const watched = new AbortController();
  const onEntry = (sha256: string): void => {
    const at = sent.get(sha256);
    if (at !== undefined) samples.push(performance.now() - at);
  };
  const watching = Promise.all(subscribers.map(({ home }) => watch(home, watched.signal, onEntry)));
  // Told below; until then it is missed by the samples that do not come.
  watching.catch(() => {});
  try {
    await pause(OPENED_MS);
    await first();
    await publishUntil(publisher, series, during(), sent);
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
