// The federation of the report, on the simulator: Lyon, 49 countries and Europol publish records and identifications
// in one random order while connections break at random; at the end every node must hold the same and have told the
// same, in whatever order it all came to it. Protocol, logs, registry, views and notices are those of production; each
// node has its own log store in memory, and its own views and notices on disk.

import { createHash, type Hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homePaths } from '../../node/home/layout.js';
import { type Knowledge, openKnowledge } from '../../node/knowledge.js';
import { LYON, type MemberCode } from '../../node/names.js';
import { type Chance, chanceOf } from '../chaos/chance.js';
import { Federation } from '../chaos/federation.js';
import { haveConverged } from '../chaos/promises.js';
import { quickSignatures } from '../chaos/quick-signatures.js';
import type { SimulatedNode } from '../chaos/simulated-node.js';
import { REPORTING } from './countries.js';
import { drawWork, type WorkSize } from './work.js';

export interface SimulationSize extends WorkSize {
  /** With Lyon. */
  readonly members: number;
}

export interface SimulationResult {
  readonly ok: boolean;
  readonly seed: number;
  readonly seconds: number;
  /** The most that was resident. */
  readonly peakMemoryBytes: number;
  /** Envelopes that nodes sent one another. */
  readonly bytesSent: number;
  readonly members: readonly {
    readonly member: string;
    /** Of all members' logs together. */
    readonly entries: number;
    readonly viewsDigest: string;
  }[];
  readonly victimsIdentified: number;
  /** The milestones that every node told, each once. */
  readonly milestones: readonly number[];
  /** In how many different orders the entries came to the nodes. */
  readonly arrivalOrders: number;
  /** Of one node that dropped its views and followed all logs anew. */
  readonly rebuiltDigest: string;
  /** What was not as it should be. */
  readonly faults: readonly string[];
}

/** One node, and what it came to know. */
interface Observed {
  readonly node: SimulatedNode;
  readonly knowledge: Knowledge;
  /** Over the logs in the order in which they grew here. */
  readonly order: Hash;
}

/** Virtual milliseconds between two portions. */
const LONGEST_PAUSE_MS = 400;
/** A connection breaks with this probability at each portion; half of them stay dark for a while. */
const DISCONNECTION = 0.25;
const LONGEST_DARK_MS = 20_000;
/** After the last portion: the longest that dialling again and catching up take, several times over. */
const CALM_MS = 240_000;
const LOOK_MS = 2000;
/** How long a node may take to tell of the last milestone once its views are there. */
const MILESTONES_MS = 10_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs it all. `onProgress` is told how many portions are published. */
export async function simulate(
  seed: number,
  size: SimulationSize,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<SimulationResult> {
  const startedAt = performance.now();
  quickSignatures();
  const chance = chanceOf(`icse simulation ${seed}`);
  const countries = REPORTING.slice(0, size.members - 1);
  const federation = await Federation.begin(chance.fork('federation'), countries, { liveViews: false });
  const { time, network, ledger } = federation;
  await time.advance(10_000);
  const directory = await mkdtemp(join(tmpdir(), 'icse-simulation-'));
  const observed: Observed[] = [];
  try {
    for (const node of federation.running()) observed.push(await observe(node, directory));
    const portions = drawWork(chance.fork('work'), countries, size);
    const trouble = chance.fork('trouble');
    for (const [done, { member, entries }] of portions.entries()) {
      federation.publish(
        federation.nodes.get(member) as SimulatedNode,
        entries(Math.floor(time.now() / 1000)),
      );
      if (trouble.happens(DISCONNECTION)) disconnect(trouble.pick(countries), trouble);
      await time.advance(trouble.int(0, LONGEST_PAUSE_MS));
      onProgress(done + 1, portions.length);
    }
    network.lightAll();
    for (let waited = 0; waited < CALM_MS && !haveConverged(federation); waited += LOOK_MS) {
      await time.advance(LOOK_MS);
    }
    return await judge();
  } finally {
    for (const { knowledge, node } of observed) {
      await knowledge.close();
      node.crash('reset');
    }
    await rm(directory, { recursive: true });
  }

  function disconnect(member: MemberCode, trouble: Chance): void {
    network.cut(member, LYON);
    if (trouble.happens(0.5)) return;
    network.darken(member, LYON);
    time.after(trouble.int(100, LONGEST_DARK_MS), () => network.light(member, LYON));
  }

  async function judge(): Promise<SimulationResult> {
    const faults = ledger.failures.map(({ promise, what }) => `${promise}: ${what}`);
    const total = size.records + size.identifications;
    const expected = expectedMilestones(size.identifications);
    const members = [];
    let victimsIdentified = 0;
    const milestones: number[][] = [];
    for (const { node, knowledge } of observed) {
      await knowledge.views.settled();
      const entries = node.logs
        .all()
        .filter((log) => log !== node.registry.log)
        .reduce((sum, log) => sum + log.size, 0);
      const { viewsDigest } = await knowledge.views.status();
      members.push({ member: node.member, entries, viewsDigest });
      milestones.push(await milestonesOf(knowledge, expected.length));
      if (entries !== total) faults.push(`${node.member} has ${entries} entries, not ${total}`);
      const { all } = await knowledge.views.tallies();
      victimsIdentified = all['victim-identified'] ?? 0;
      if (victimsIdentified !== size.identifications) {
        faults.push(`${node.member} counts ${victimsIdentified} victims, not ${size.identifications}`);
      }
    }
    const last = observed.at(-1) as Observed;
    await last.knowledge.views.rebuild();
    const rebuiltDigest = (await last.knowledge.views.status()).viewsDigest;
    for (const [i, told] of milestones.entries()) {
      if (told.join() !== expected.join()) {
        faults.push(`${observed[i]?.node.member} told the milestones ${told.join() || 'none'}`);
      }
    }
    const digests = new Set([...members.map(({ viewsDigest }) => viewsDigest), rebuiltDigest]);
    if (digests.size !== 1) faults.push(`there are ${digests.size} different views`);
    if (!haveConverged(federation)) faults.push('the logs are not equal');
    const arrivalOrders = new Set(observed.map(({ order }) => order.copy().digest('hex'))).size;
    return {
      ok: faults.length === 0,
      seed,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      bytesSent: network.bytesSent,
      members,
      victimsIdentified,
      milestones: expected,
      arrivalOrders,
      rebuiltDigest,
      faults,
    };
  }
}

async function observe(node: SimulatedNode, directory: string): Promise<Observed> {
  const order = createHash('sha256');
  node.logs.onChange((log) => {
    if (log !== node.registry.log) order.update(`${log.name} ${log.size}\n`);
  });
  const knowledge = await openKnowledge({
    paths: homePaths(join(directory, node.member)),
    me: node.member,
    logs: node.logs,
    clock: node.clock,
    log: SILENT,
    // Nobody seals anything here.
    open: () => undefined,
  });
  return { node, knowledge, order };
}

/** What was told, once it is so many milestones: victims are counted beside the following of the logs. */
async function milestonesOf({ told }: Knowledge, expected: number): Promise<number[]> {
  const numbers: number[] = [];
  let next = 1;
  const deadline = AbortSignal.timeout(MILESTONES_MS);
  for (;;) {
    const more = new Promise<void>((resolve) => {
      const stop = told.subscribe(() => {
        stop();
        resolve();
      });
      deadline.addEventListener('abort', () => {
        stop();
        resolve();
      });
    });
    while (next <= told.last()) {
      const notices = await told.read(next, 1000);
      for (const notice of notices) if (notice.kind === 'milestone') numbers.push(notice.number as number);
      next += notices.length;
    }
    if (numbers.length >= expected || deadline.aborted) return numbers;
    await more;
  }
}

/** 1,000, 10,000 and so on, up to what was identified. */
function expectedMilestones(identifications: number): number[] {
  const numbers: number[] = [];
  for (let number = 1000; number <= identifications; number *= 10) numbers.push(number);
  return numbers;
}
