// One history, from one seed: a federation begins, at least two hundred things happen to it, faults end, and the
// promises are looked at. The same seed gives the same history.

import type { MemberCode } from '../../node/names.js';
import { LYON } from '../../node/names.js';
import { type Chance, chanceOf } from './chance.js';
import { BREAKS_STREAMS, COUNTRIES, EVENTS } from './events.js';
import { Federation } from './federation.js';
import type { BrokenPromise } from './ledger.js';
import { checkRefused } from './newer-statements.js';
import { checkContent, checkPromises, haveConverged, liveMembers } from './promises.js';
import { checkPurging, purgeEverywhere } from './purge-promises.js';
import { quickSignatures } from './quick-signatures.js';
import { checkReceipts } from './receipt-promises.js';
import { aRecordFor } from './sayings.js';
import type { Scene } from './scene.js';
import { type HistorySize, LARGE_SIZE, USUAL_SIZE } from './sizes.js';
import { watchStalls } from './stalls.js';
import { drawTale, type Tale } from './tales.js';

export interface HistoryResult {
  readonly seed: number;
  readonly tale: string;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly lies: Readonly<Record<string, { told: number; caught: number }>>;
  readonly failures: readonly BrokenPromise[];
  /** Virtual milliseconds. */
  readonly lastedMs: number;
}

const MIN_EVENTS = 200;
/** At the end of some histories no stream is broken, and none that begins anew makes good what an old one left undone. */
const QUIET_EVENTS = 50;
/** After the faults: the longest that dialling, own-log checks and holes take, several times over. */
const CALM_MS = 240_000;
const LOOK_MS = 5000;

/** In such a share of the histories bounds are reached that a usual one never comes near. */
const LARGE = 0.25;

/** Lives through the history of the seed. */
export async function liveThrough(seed: number): Promise<HistoryResult> {
  quickSignatures();
  const chance = chanceOf(`icse chaos ${seed}`);
  const plan = chance.fork('plan');
  const countries = COUNTRIES.slice(0, plan.int(3, 5));
  const tale = drawTale(plan, countries);
  const size = plan.happens(LARGE) ? LARGE_SIZE : USUAL_SIZE;
  const federation = await Federation.begin(chance.fork('federation'), countries, {
    liveViews: plan.happens(0.25),
    size,
    ignoring: drawIgnoring(plan.fork('purging'), countries, tale),
  });
  const { ledger, time } = federation;
  const startedAt = time.now();
  await time.advance(10_000);
  const scene: Scene = {
    federation,
    chance: chance.fork('events'),
    backups: new Map(),
    outside: COUNTRIES.slice(countries.length),
    spared: new Set(tale.liar === undefined ? [] : [tale.liar]),
  };
  const unhandled = (error: unknown): void =>
    ledger.broken(
      'no error is unhandled',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  process.on('unhandledRejection', unhandled);
  try {
    watchStalls(federation);
    const weights = weightsOf(plan, tale, size);
    const quietFrom = plan.happens(0.5) ? MIN_EVENTS - QUIET_EVENTS : Number.POSITIVE_INFINITY;
    time.after(plan.int(0, tale.latestMs), () => federation.does(tale.name, () => tale.begin(federation)));
    for (let tries = 0; ledger.events < MIN_EVENTS && tries < 10 * MIN_EVENTS; tries++) {
      const kind = drawn(weights, scene.chance);
      if (ledger.events >= quietFrom && BREAKS_STREAMS.has(kind.name)) continue;
      if (kind.happen(scene)) ledger.happened(kind.name);
      await time.advance(pauseOf(scene.chance));
    }
    await calmDown(federation, tale);
    await time.advance(10_000);
    checkReceipts(federation);
    await probe(federation, scene);
    await checkPromises(federation);
    await purgeEverywhere(federation);
    await checkContent(federation);
    await checkRefused(federation);
    await checkPurging(federation);
  } finally {
    process.off('unhandledRejection', unhandled);
    for (const node of federation.running()) node.crash('reset');
  }
  return {
    seed,
    tale: tale.name,
    events: ledger.events,
    faults: ledger.faults,
    lies: ledger.lies,
    failures: ledger.failures,
    lastedMs: time.now() - startedAt,
  };
}

/** In some histories a member never purges. */
function drawIgnoring(
  chance: Chance,
  countries: readonly MemberCode[],
  { liar }: Tale,
): MemberCode | undefined {
  return chance.happens(0.3) ? chance.pick(countries.filter((country) => country !== liar)) : undefined;
}

/** Not every history has every trouble: some kinds are left out, others come often. */
function weightsOf(
  plan: Chance,
  tale: Tale,
  size: HistorySize,
): [kind: (typeof EVENTS)[number], weight: number][] {
  return EVENTS.map((kind) => {
    const drawn = plan.pick([0, 0.5, 1, 1, 2, 4]);
    const isLeftOut = tale.without.has(kind.name) || (kind.name === 'publish in bulk' && !size.inBulk);
    if (isLeftOut) return [kind, 0];
    return [kind, kind.weight * (kind.name.startsWith('publish') ? 1 : drawn)];
  });
}

function drawn(weights: ReturnType<typeof weightsOf>, chance: Chance): (typeof EVENTS)[number] {
  let left = chance.fraction() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left < 0) return kind;
  }
  return EVENTS[0] as (typeof EVENTS)[number];
}

/** Mostly one thing upon another, now and then time to recover. */
function pauseOf(chance: Chance): number {
  if (chance.happens(0.7)) return chance.int(0, 300);
  return chance.happens(0.8) ? chance.int(300, 3000) : chance.int(3000, 15_000);
}

/** Ends all faults, and waits until everybody has everything. */
async function calmDown(federation: Federation, tale: Tale): Promise<void> {
  const { time, network, homes, nodes, ledger } = federation;
  // What was set in motion (restarts, restores) comes to its end first.
  await time.advance(60_000);
  network.slowDown(0);
  network.lightAll();
  for (const home of homes.values()) {
    home.skewMs = 0;
    home.disk.slowDown(4);
    home.disk.atWrite(Number.MAX_SAFE_INTEGER, () => {});
  }
  for (const member of homes.keys()) {
    if (isMember(federation, member)) federation.does(`start ${member}`, () => federation.start(member));
  }
  await time.advance(20_000);
  await tale.end(federation);
  await time.advance(10_000);
  // An operator reads why publishing has stopped, and starts the node again.
  for (const [member, node] of nodes) {
    if (node.exchange.guard.ready() || node.exchange.guard.recovering() || ledger.dishonest.has(member))
      continue;
    await Promise.all([node.stop(), time.advance(3000)]);
    await federation.start(member);
  }
  await untilConverged(federation);
}

function isMember(federation: Federation, member: MemberCode): boolean {
  return member === LYON || federation.state()?.members.has(member) === true;
}

async function untilConverged(federation: Federation): Promise<void> {
  for (let waited = 0; waited < CALM_MS; waited += LOOK_MS) {
    await federation.time.advance(LOOK_MS);
    if (haveConverged(federation)) return;
  }
}

/** Everybody who may publish can, and it arrives. */
async function probe(federation: Federation, scene: Scene): Promise<void> {
  const { ledger } = federation;
  for (const node of liveMembers(federation)) {
    if (ledger.dishonest.has(node.member)) continue;
    if (!federation.mayAppend(node))
      ledger.broken('1 whoever may publish can', `${node.member} lacks of its own log`);
    const entry = aRecordFor(scene);
    federation.publishNow(node, entry).catch((error: unknown) => {
      ledger.broken('1 whoever may publish can', `${node.member}: ${String(error)}`);
    });
  }
  await federation.time.advance(15_000);
  await untilConverged(federation);
}
