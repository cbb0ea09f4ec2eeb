// npm run -s crash-test -- --kills N [--seed S] [--json]: real node processes, killed at random moments and
// started again. Ends by itself; 1 when something acknowledged was lost or something broke, 2 when used wrongly.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
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
  readonly acknowledged: number;
  readonly lost: number;
  readonly broken: number;
  readonly restartMs: { readonly median: number; readonly max: number };
}

function wanted(): { kills: number; seed: number; json: boolean } {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(randomInt(2 ** 32)) },
      json: { type: 'boolean', default: false },
    },
  });
  const kills = wholeNumber('--kills', values.kills, 1, 100_000);
  return { kills, seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1), json: values.json };
}

function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < from || value > to)
    throw new Error(`${name} takes a whole number from ${from} to ${to}, not ${text}`);
  return value;
}

async function run(kills: number, seed: number, say: (line: string) => void): Promise<Report> {
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
  const { lost, broken } = outcome.verdict;
  const sorted = outcome.restartMs.map(Math.round).sort((a, b) => a - b);
  return {
    seed,
    kills: outcome.kills,
    acknowledged: outcome.acknowledged,
    lost: lost.length,
    broken: broken.length,
    restartMs: { median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 },
  };
}

async function main(): Promise<number> {
  let given: ReturnType<typeof wanted>;
  try {
    given = wanted();
  } catch (error) {
    process.stderr.write(`crash-test: ${(error as Error).message}\n`);
    return 2;
  }
  const say = (line: string): void => {
    process.stderr.write(`crash-test: ${line}\n`);
  };
  say(`seed ${given.seed}`);
  let report: Report;
  try {
    report = await run(given.kills, given.seed, say);
  } catch (error) {
    say((error as Error).message);
    return 1;
  }
  process.stdout.write(
    given.json
      ? `${JSON.stringify(report)}\n`
      : `${report.kills} kills, ${report.acknowledged} records acknowledged, ${report.lost} lost, ${report.broken} broken; restarts ${report.restartMs.median} ms (median), ${report.restartMs.max} ms (longest)\n`,
  );
  return report.lost + report.broken === 0 ? 0 : 1;
}

process.exitCode = await main();
