// purge.ten, purge.1m: how long what is taken back stays on disks once everybody is told to purge, and what a purge
// of a large home takes, of which every file is written anew.

import { LYON } from '../node/names.js';
import { type Bench, type Figure, MEMBERS } from './figure.js';
import { type NodeProcess, startNodes } from './icse.js';
import { recordJson } from './media-records.js';
import { NotTaken } from './publish-single.js';
import { untilReady } from './publisher.js';
import { resultOf } from './result.js';
import { untilFound, untilVerified } from './until.js';

/** With the hub and the publisher, ten nodes. */
const OTHERS = 8;

export const purgeTen: Figure = {
  names: ['purge.ten'],
  members: [MEMBERS.publisher, ...MEMBERS.subscribers.slice(0, OTHERS)],
  async measure({ scratch, federation, sizes }) {
    const codes = [MEMBERS.publisher, LYON, ...MEMBERS.subscribers.slice(0, OTHERS)];
    const homes = await Promise.all(codes.map((code) => scratch.copied(federation.home(code))));
    const nodes = await startNodes(homes);
    try {
      const publisher = nodes[0] as NodeProcess;
      await untilReady(publisher);
      const times: number[] = [];
      for (let run = 0; run < sizes.runs; run++) times.push(await takenBack(publisher, nodes, run));
      return [resultOf('purge.ten', 'ms', times)];
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all(homes.map((home) => scratch.remove(home)));
    }
  },
};

/** One record that all have is taken back; from the retraction until all have purged. */
async function takenBack(
  publisher: NodeProcess,
  nodes: readonly NodeProcess[],
  run: number,
): Promise<number> {
  const record = recordJson('taken back', run);
  const index = await say(publisher, record);
  await Promise.all(nodes.map((node) => untilFound(node, MEMBERS.publisher, record.sha256)));
  const from = Date.now();
  const place = await say(publisher, {
    retract: `${MEMBERS.publisher}:${index}`,
    reason: 'entered-in-error',
  });
  await Promise.all(
    nodes.map(async (node) => {
      await untilVerified(node, MEMBERS.publisher, place + 1);
      // A node whose connections have just come up purges of itself; then this waits for that.
      await node.client.purge();
      await expectPurged(node, run + 1);
    }),
  );
  return Date.now() - from;
}

/**
 * The author takes back one of so many records; milliseconds that the receiver, whose home has them all, needs to purge
 * it. Both are copies: neither log has it afterwards.
 */
export async function purgeOfLarge({ author, scratch }: Bench, home: string, size: number): Promise<number> {
  const homes = [await scratch.copied(await author.stopped(size)), await scratch.copied(home)];
  const nodes = await startNodes(homes);
  try {
    const [owner, receiver] = nodes as [NodeProcess, NodeProcess];
    await untilReady(owner);
    await say(owner, { retract: `${author.code}:${Math.floor(size / 2)}`, reason: 'entered-in-error' });
    await untilVerified(receiver, author.code, size + 1);
    return await purged(receiver);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(homes.map((copy) => scratch.remove(copy)));
  }
}

/** Throws unless so many of the publisher's entries are purged there. */
async function expectPurged({ client, home }: NodeProcess, count: number): Promise<void> {
  const { logs } = await client.status();
  const purged = logs.find(({ member }) => member === MEMBERS.publisher)?.purged;
  if (purged !== count) throw new Error(`${home} has purged ${purged} entries, not ${count}`);
}

/** Milliseconds of a purge of one entry. */
async function purged({ client, home }: NodeProcess): Promise<number> {
  const from = Date.now();
  const { holes } = await client.purge();
  if (holes.retracted !== 1) throw new Error(`${home} purged ${holes.retracted} entries, not 1`);
  return Date.now() - from;
}

/** Publishes one line; resolves with its index. Throws NotTaken. */
async function say({ client }: NodeProcess, statement: object): Promise<number> {
  async function* line(): AsyncGenerator<string> {
    yield `${JSON.stringify(statement)}\n`;
  }
  for await (const [answer = ''] of client.publish(line())) {
    const { outcome, index } = JSON.parse(answer) as { outcome: string; index: number };
    if (outcome !== 'taken') throw new NotTaken(answer);
    return index;
  }
  throw new NotTaken('no answer');
}
