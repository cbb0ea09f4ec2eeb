// The kills: in each round two countries publish, and at a moment drawn from the seed somebody is killed with
// SIGKILL, often somebody else as well, or the same one again while it recovers. In every other round a country
// was away, so that the moment falls into its catching up. All are started again on the same homes.

import { createHash } from 'node:crypto';
import type { Dice } from './dice.js';
import { accusations, checkPromises, type Verdict } from './promises.js';
import { aPublishing, type Publishing } from './publishing.js';
import { PLACES, type Place, type SmallFederation } from './small-federation.js';

/** After so many kills everything is looked at, and at the end. */
const CHECK_EVERY = 25;
/** Records that a country publishes at once, again and again until the kill: many share each write. */
const WAVE = 60;
/** What a country that was away has to catch up. */
const MAX_BEHIND = 4000;
/** The kill comes within so long of the publishing, or of the start of who was away. */
const MAX_MOMENT_MS = 400;
const MAX_CATCHING_UP_MS = 1600;
/** Until a node that was started again may publish. */
const READY_MS = 60_000;

type Country = 'NL' | 'AU';
const COUNTRIES: readonly Country[] = ['NL', 'AU'];

export interface Outcome {
  readonly kills: number;
  readonly acknowledged: number;
  readonly verdict: Verdict;
  /** From each start to the moment when the node may publish again. */
  readonly restartMs: readonly number[];
}

/** Kills so often, or until `signal` aborts; `say` is told how far it is. */
export async function crash(
  federation: SmallFederation,
  wanted: number,
  dice: Dice,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Outcome> {
  const { nodes } = federation;
  const published = new Map<Country, Publishing>(COUNTRIES.map((code) => [code, aPublishing()]));
  const restartMs: number[] = [];
  let kills = 0;
  let verdict: Verdict = { lost: [], broken: [] };
  let serial = 0;

  const fresh = (count: number): string[] =>
    Array.from({ length: count }, () =>
      createHash('sha256').update(`${dice.seed} ${serial++}`).digest('hex'),
    );
  const publish = (code: Country, count: number): Promise<void> =>
    (published.get(code) as Publishing).publish(nodes[code], fresh(count));

  async function kill(place: Place): Promise<void> {
    if (!nodes[place].isRunning() || kills >= wanted) return;
    kills += 1;
    await nodes[place].kill();
  }

  /** Starts a node that is down; `againMs` after that it is killed once more. */
  async function revive(place: Place, againMs: number | undefined): Promise<void> {
    if (nodes[place].isRunning()) return;
    if (againMs !== undefined) {
      const starting = nodes[place].start().catch(() => {});
      await pause(againMs);
      await kill(place);
      await starting;
      if (nodes[place].isRunning()) return;
    }
    const startedAt = performance.now();
    await nodes[place].start();
    await federation.until(place, ({ ready }) => ready, 'ready again', READY_MS);
    restartMs.push(performance.now() - startedAt);
  }

  /** Publishes wave after wave until `over`, or until the node is gone. */
  async function keepPublishing(code: Country, over: AbortSignal): Promise<void> {
    while (!over.aborted && nodes[code].isRunning()) await publish(code, WAVE);
  }

  /** Two countries publish, and a victim or two die while they do. */
  async function whilePublishing(): Promise<void> {
    const victims = dice.chance(0.3) ? [dice.of(PLACES), dice.of(PLACES)] : [dice.of(PLACES)];
    const over = new AbortController();
    const publishing = COUNTRIES.map((code) => keepPublishing(code, over.signal));
    for (const victim of victims) {
      await pause(dice.below(MAX_MOMENT_MS));
      await kill(victim);
    }
    over.abort();
    await Promise.all(publishing);
  }

  /** A country was away while the other published; a victim dies while it catches up. */
  async function whileCatchingUp(): Promise<void> {
    const receiver = dice.of(COUNTRIES);
    const author: Country = receiver === 'NL' ? 'AU' : 'NL';
    await kill(receiver);
    await publish(author, dice.below(MAX_BEHIND));
    const starting = nodes[receiver].start();
    starting.catch(() => {});
    const victim = dice.of(PLACES);
    const over = new AbortController();
    const publishing = keepPublishing(author, over.signal);
    await pause(dice.below(MAX_CATCHING_UP_MS));
    await kill(victim);
    over.abort();
    await publishing;
    if (victim !== receiver) await starting;
  }

  /** All that are down are started again; one in five dies once more on its way. */
  async function reviveAll(): Promise<void> {
    // Drawn before anything runs side by side, so that the same seed draws the same.
    const again = PLACES.map(() => {
      const [isKilled, ms] = [dice.chance(0.2), dice.below(MAX_CATCHING_UP_MS)];
      return isKilled ? ms : undefined;
    });
    await Promise.all(PLACES.map((place, i) => revive(place, again[i])));
  }

  let checkedAt = 0;
  try {
    for (let round = 0; kills < wanted; round++) {
      signal.throwIfAborted();
      await (round % 2 === 0 ? whilePublishing() : whileCatchingUp());
      await reviveAll();
      if (kills - checkedAt < CHECK_EVERY && kills < wanted) continue;
      checkedAt = kills;
      await answerAll(published, publish);
      verdict = await checkPromises(federation, published);
      const { lost, broken } = verdict;
      say(`${kills} kills, ${countOf(published)} acknowledged, ${lost.length} lost, ${broken.length} broken`);
      if (lost.length + broken.length > 0) break;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    // A node that does not come back, or does not answer, is broken, too.
    verdict = { ...verdict, broken: [...accusations(federation), (error as Error).message] };
  }
  return { kills, acknowledged: countOf(published), verdict, restartMs };
}

/** Sends again what was not answered, now that all are up. */
async function answerAll(
  published: ReadonlyMap<Country, Publishing>,
  publish: (code: Country, count: number) => Promise<void>,
): Promise<void> {
  for (const [code, { unanswered }] of published) {
    await publish(code, 1);
    if (unanswered() > 0) throw new Error(`${code} answers ${unanswered()} records with a refusal`);
  }
}

function countOf(published: ReadonlyMap<Country, Publishing>): number {
  return [...published.values()].reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
