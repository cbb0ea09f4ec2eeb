// The kills. In every other round two countries publish, and at a moment drawn from the seed somebody is killed with
// SIGKILL, often somebody else as well. In the others a country was away, and a victim dies while that one takes what
// the other one goes on publishing. All are started again on the same homes; one in five of them dies once more while
// it recovers, which is not counted: nobody publishes then.

import { createHash } from 'node:crypto';
import type { NodeStatus } from '../../node/api.js';
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
/** The kill comes within so long of the first answer, or of the first entries that come to who was away. */
const MAX_MOMENT_MS = 400;
/** The kill of who recovers comes within so long of its start. */
const MAX_RECOVERING_MS = 1600;
/** Until a node that was started again may publish. */
const READY_MS = 60_000;

type Country = 'NL' | 'AU';
const COUNTRIES: readonly Country[] = ['NL', 'AU'];

export interface Outcome {
  /** Those while countries published, and those while one caught up. */
  readonly kills: number;
  readonly killedPublishing: number;
  readonly killedReplicating: number;
  /** Beside those: while a node recovered. */
  readonly killedRecovering: number;
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
  const killed = { publishing: 0, replicating: 0, recovering: 0 };
  let verdict: Verdict = { lost: [], broken: [] };
  let serial = 0;

  const fresh = (count: number): string[] =>
    Array.from({ length: count }, () =>
      createHash('sha256').update(`${dice.seed} ${serial++}`).digest('hex'),
    );
  const publish = (code: Country, count: number): Promise<void> =>
    (published.get(code) as Publishing).publish(nodes[code], fresh(count));

  const kills = (): number => killed.publishing + killed.replicating;

  async function kill(place: Place, when: keyof typeof killed): Promise<void> {
    if (!nodes[place].isRunning() || kills() >= wanted) return;
    killed[when] += 1;
    await nodes[place].kill();
  }

  /** Starts a node that is down; `againMs` after that it is killed once more. */
  async function revive(place: Place, againMs: number | undefined): Promise<void> {
    if (nodes[place].isRunning()) return;
    if (againMs !== undefined) {
      const starting = nodes[place].start().catch(() => {});
      await pause(againMs);
      await kill(place, 'recovering');
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
    const answered = COUNTRIES.map((code) => (published.get(code) as Publishing).nextAnswer());
    const publishing = COUNTRIES.map((code) => keepPublishing(code, over.signal));
    await Promise.all(answered);
    for (const victim of victims) {
      await pause(dice.below(MAX_MOMENT_MS));
      await kill(victim, 'publishing');
    }
    over.abort();
    await Promise.all(publishing);
  }

  /** A country was away while the other published; a victim dies while it takes what it has missed. */
  async function whileCatchingUp(): Promise<void> {
    const receiver = dice.of(COUNTRIES);
    const author: Country = receiver === 'NL' ? 'AU' : 'NL';
    const victim = dice.of(PLACES);
    const sizeOf = ({ logs }: NodeStatus): number => logs.find(({ log }) => log === author)?.size ?? 0;
    const before = sizeOf(await nodes[receiver].call((client) => client.status()));
    await nodes[receiver].stop();
    await publish(author, dice.below(MAX_BEHIND));
    await nodes[receiver].start();
    const over = new AbortController();
    const publishing = keepPublishing(author, over.signal);
    await federation.until(receiver, (status) => sizeOf(status) > before, `taking from ${author}`);
    await pause(dice.below(MAX_MOMENT_MS));
    await kill(victim, 'replicating');
    over.abort();
    await publishing;
  }

  /** All that are down are started again; one in five dies once more on its way. */
  async function reviveAll(): Promise<void> {
    // Drawn before anything runs side by side, so that the same seed draws the same.
    const again = PLACES.map(() => {
      const [isKilled, ms] = [dice.chance(0.2), dice.below(MAX_RECOVERING_MS)];
      return isKilled ? ms : undefined;
    });
    await Promise.all(PLACES.map((place, i) => revive(place, again[i])));
  }

  let checkedAt = 0;
  try {
    for (let round = 0; kills() < wanted; round++) {
      signal.throwIfAborted();
      await (round % 2 === 0 ? whilePublishing() : whileCatchingUp());
      await reviveAll();
      if (kills() - checkedAt < CHECK_EVERY && kills() < wanted) continue;
      checkedAt = kills();
      await answerAll(published, publish);
      verdict = await checkPromises(federation, published);
      const { lost, broken } = verdict;
      say(
        `${kills()} kills, ${countOf(published)} acknowledged, ${lost.length} lost, ${broken.length} broken`,
      );
      if (lost.length + broken.length > 0) break;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    // A node that does not come back, or does not answer, is broken, too.
    verdict = { ...verdict, broken: [...accusations(federation), (error as Error).message] };
  }
  return {
    kills: kills(),
    killedPublishing: killed.publishing,
    killedReplicating: killed.replicating,
    killedRecovering: killed.recovering,
    acknowledged: countOf(published),
    verdict,
    restartMs,
  };
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
