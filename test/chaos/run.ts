// npm run -s chaos: lives through histories and says what broke; a failing seed replays exactly with
// `--histories 1 --seed S`. With `--planted` it looks for bugs that were planted on purpose.

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { oneOf, seedNumber, tool, wholeNumber } from '../tool.js';
import { type HistoryResult, liveThrough } from './history.js';
import { type Found, findPlanted, PLANTS } from './planted.js';

/** The root of this program as it is compiled. */
const COMPILED = fileURLToPath(new URL('../../', import.meta.url));
const COUNT = wholeNumber(1, 1_000_000);

interface Options {
  readonly histories?: number;
  readonly seed: number;
  readonly json: boolean;
  readonly planted: boolean;
  readonly only?: string;
  readonly untilFailure: boolean;
}

const { histories, seed, json, planted, only, untilFailure } = tool(
  'chaos',
  'Lives through histories of whole federations, faults and lies, and says which promises broke.',
)
  .option('--histories <N>', 'how many (default: 100; with --planted for each bug at most 500)', COUNT)
  .option('--seed <N>', 'of the first; each next one has the next', seedNumber, 1)
  .option('--until-failure', 'end with the first that fails', false)
  .option('--planted', 'look for bugs that are planted on purpose', false)
  .option('--only <NAME>', 'of the planted bugs, this one', oneOf(PLANTS.map(({ name }) => name)))
  .option('--json', 'print JSON', false)
  .parse()
  .opts<Options>();
if (planted) await findAllPlanted(histories ?? 500);
else await liveThroughAll(histories ?? 100);

async function liveThroughAll(count: number): Promise<void> {
  const startedAt = performance.now();
  const results: HistoryResult[] = [];
  for (let n = 0; n < count; n++) {
    const result = await liveThrough(seed + n);
    results.push(result);
    if (!json)
      for (const { promise, what } of result.failures)
        console.log(`seed ${result.seed}: ${promise}: ${what}`);
    if (untilFailure && result.failures.length > 0) break;
  }
  const summary = {
    histories: results.length,
    seed,
    events: results.reduce((sum, { events }) => sum + events, 0),
    faults: results.reduce<Record<string, number>>((sum, { faults }) => added(sum, faults), {}),
    lies: results.reduce<Lies>((sum, { lies }) => withLies(sum, lies), {}),
    failures: results.flatMap((result) =>
      result.failures.map((failure) => ({ seed: result.seed, ...failure })),
    ),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
  };
  console.log(json ? JSON.stringify(summary) : summary);
  process.exitCode = summary.failures.length > 0 ? 1 : 0;
}

async function findAllPlanted(most: number): Promise<void> {
  const wanted = PLANTS.filter(({ name }) => only === undefined || only === name);
  const found: Found[] = [];
  const next = wanted.values();
  // One process a plant, as many at once as there are processors.
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (const plant of next) {
      const one = await findPlanted(COMPILED, plant, most, seed);
      found.push(one);
      if (!json)
        console.log(
          `${plant.name}: ${one.foundAfter === null ? 'not found' : `history ${one.foundAfter}, ${one.by}`}`,
        );
    }
  });
  await Promise.all(lanes);
  if (json) console.log(JSON.stringify({ planted: found }));
  process.exitCode = found.some(({ foundAfter }) => foundAfter === null) ? 1 : 0;
}

type Lies = Record<string, { told: number; caught: number }>;

function withLies(sum: Lies, more: Readonly<Lies>): Lies {
  for (const [kind, { told, caught }] of Object.entries(more)) {
    const before = sum[kind] ?? { told: 0, caught: 0 };
    sum[kind] = { told: before.told + told, caught: before.caught + caught };
  }
  return sum;
}

function added(sum: Record<string, number>, more: Readonly<Record<string, number>>): Record<string, number> {
  for (const [kind, count] of Object.entries(more)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}
