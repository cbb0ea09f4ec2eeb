// npm run -s crash-test -- --kills N [--seed S] [--json]: real node processes, killed at random moments and
// started again. Ends by itself; 1 when something acknowledged was lost or something broke, 2 when used wrongly.

import { randomInt } from 'node:crypto';
import { seedNumber, tool, wholeNumber } from '../tool.js';
import { crash, type Outcome } from './crashes.js';
import { diceOf } from './dice.js';
import { aSmallFederation } from './small-federation.js';

/** A run takes at most so long, whatever hangs: to begin with, and for each kill. */
const SETUP_MS = 180_000;
const KILL_MS = 20_000;
/** Each is printed in full up to so many. */
const MAX_TOLD = 20;

interface Report {
  readonly seed: number;
  readonly kills: number;
  readonly killedPublishing: number;
  readonly killedReplicating: number;
  readonly killedRecovering: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly broken: number;
  readonly restartMs: { readonly median: number; readonly max: number };
}

const options = tool(
  'crash-test',
  'Kills real node processes at random moments and starts them again; says what was lost or broke.',
)
  .option('--kills <N>', 'how many', wholeNumber(1, 100_000), 20)
  .option('--seed <N>', 'moments and victims follow from it (default: a random one)', seedNumber)
  .option('--json', 'print JSON', false)
  .parse()
  .opts<{ kills: number; seed?: number; json: boolean }>();
const { kills, json, seed = randomInt(2 ** 32) } = options;

async function run(say: (line: string) => void): Promise<Report> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error('interrupted')));
  const timer = setTimeout(
    () => {
      say('the run takes too long: something hangs');
      // The nodes end with this process.
      process.exit(1);
    },
    SETUP_MS + kills * KILL_MS,
  );
  const federation = await aSmallFederation();
  let outcome: Outcome;
  try {
    outcome = await crash(federation, kills, diceOf(seed), interrupted.signal, say);
    for (const what of [...outcome.verdict.lost, ...outcome.verdict.broken].slice(0, MAX_TOLD)) say(what);
  } finally {
    await federation.close();
    clearTimeout(timer);
  }
  const { verdict, restartMs, ...counts } = outcome;
  const { lost, broken } = verdict;
  const sorted = restartMs.map(Math.round).sort((a, b) => a - b);
  return {
    seed,
    ...counts,
    lost: lost.length,
    broken: broken.length,
    restartMs: { median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 },
  };
}

async function main(): Promise<number> {
  const say = (line: string): void => {
    process.stderr.write(`crash-test: ${line}\n`);
  };
  say(`seed ${seed}`);
  let report: Report;
  try {
    report = await run(say);
  } catch (error) {
    say((error as Error).message);
    return 1;
  }
  process.stdout.write(
    json
      ? `${JSON.stringify(report)}\n`
      : `${report.kills} kills (${report.killedPublishing} of them in publishing, ${report.killedReplicating} in replication; ${report.killedRecovering} more in recovery), ${report.acknowledged} records acknowledged, ${report.lost} lost, ${report.broken} broken; restarts ${report.restartMs.median} ms (median), ${report.restartMs.max} ms (longest)\n`,
  );
  return report.lost + report.broken === 0 ? 0 : 1;
}

process.exitCode = await main();
