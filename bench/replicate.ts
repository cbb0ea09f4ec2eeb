// replicate.*, growth.* and relay.indexed: an author's log on its way to a node that has none of it. The
// author's home is made once and its node runs and has indexed it; the receiver is a fresh copy of a home each
// time. The clock starts when the receiver's own log says that its link to the author is up.

import { LYON } from '../node/names.js';
import type { Author } from './author.js';
import { type Bench, type Figure, MEMBERS } from './figure.js';
import { type NodeProcess, startNode, startNodes } from './icse.js';
import { resultOf } from './result.js';
import { untilFound, untilVerified } from './until.js';

/** Milliseconds from the link to each. */
export interface Replication {
  readonly verifiedMs: number;
  readonly indexedMs: number;
}

export const replicate: Figure = {
  names: ['replicate.verified', 'replicate.indexed'],
  members: [MEMBERS.author, MEMBERS.receiver],
  async measure(bench) {
    const size = bench.sizes.replicated;
    const runs = await replications(bench, size, bench.sizes.runs);
    return [
      resultOf(
        'replicate.verified',
        '/s',
        runs.map(({ verifiedMs }) => (size * 1000) / verifiedMs),
      ),
      resultOf(
        'replicate.indexed',
        '/s',
        runs.map(({ indexedMs }) => (size * 1000) / indexedMs),
      ),
    ];
  },
};

/** growth.NAME: replicate.indexed at another size. */
export function growth(name: string, sizeOf: (bench: Bench) => number): Figure {
  return {
    names: [name],
    members: [MEMBERS.author, MEMBERS.receiver],
    async measure(bench) {
      const size = sizeOf(bench);
      const runs = await replications(bench, size, bench.sizes.runs);
      return [
        resultOf(
          name,
          '/s',
          runs.map(({ indexedMs }) => (size * 1000) / indexedMs),
        ),
      ];
    },
  };
}

export const relay: Figure = {
  names: ['relay.indexed'],
  members: [MEMBERS.author, MEMBERS.relayed],
  async measure(bench) {
    const { author, sizes, scratch, federation } = bench;
    const size = sizes.replicated;
    const rates: number[] = [];
    for (let run = 0; run < sizes.runs; run++) {
      // The author last: hub and receiver are linked by then, and the hub has nothing of the log.
      const authorsHome = await author.stopped(size);
      const codes = [LYON, MEMBERS.relayed];
      const homes = await Promise.all(codes.map((code) => scratch.copied(federation.home(code))));
      const nodes = await startNodes(homes);
      const [hub, receiver] = nodes as [NodeProcess, NodeProcess];
      try {
        await receiver.linked(LYON);
        nodes.push(await startNode(authorsHome));
        const from = await hub.linked(author.code);
        const { indexedMs } = await followed(receiver, author, size, from);
        rates.push((size * 1000) / indexedMs);
      } finally {
        await Promise.all(nodes.map((node) => node.stop()));
        await Promise.all(homes.map((home) => scratch.remove(home)));
      }
    }
    return [resultOf('relay.indexed', '/s', rates)];
  },
};

async function replications(bench: Bench, size: number, runs: number): Promise<Replication[]> {
  const done: Replication[] = [];
  for (let run = 0; run < runs; run++) {
    const { replication, node } = await replicateTo(bench, size);
    done.push(replication);
    await node.stop();
    await bench.scratch.remove(node.home);
  }
  return done;
}

/** One replication straight from the author; the receiver runs on when it is done. */
export async function replicateTo(
  { author, scratch, federation }: Bench,
  size: number,
): Promise<{ replication: Replication; node: NodeProcess }> {
  await author.running(size);
  const node = await startNode(await scratch.copied(federation.home(MEMBERS.receiver)));
  try {
    const from = await node.linked(author.code);
    return { replication: await followed(node, author, size, from), node };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

/** Waits until the node has the author's log and finds its last record. */
async function followed(node: NodeProcess, author: Author, size: number, from: number): Promise<Replication> {
  const verified = await untilVerified(node, author.code, size);
  const indexed = await untilFound(node, author.code, author.hashesAt(size - 1).sha256);
  return { verifiedMs: verified - from, indexedMs: indexed - from };
}
