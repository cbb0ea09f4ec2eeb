// npm run -s chaos: lives through histories and says what broke; a failing seed replays exactly with
// `--histories 1 --seed S`. With `--planted` it looks for bugs that were planted on purpose.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type HistoryResult, liveThrough } from './history.js';
import { type Found, findPlanted, PLANTS } from './planted.js';

const { values } = parseArgs({
  options: {
    histories: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    /** Of the planted bugs, the one of this name. */
    only: { type: 'string' },
    'until-failure': { type: 'boolean', default: false },
  },
});
const seed = wholeNumber(values.seed);
if (values.planted) await findAllPlanted(wholeNumber(values.histories ?? '500'));
else await liveThroughAll(wholeNumber(values.histories ?? '100'));

async function liveThroughAll(histories: number): Promise<void> {
  const startedAt = performance.now();
  const results: HistoryResult[] = [];
  for (let n = 0; n < histories; n++) {
    const result = await liveThrough(seed + n);
    results.push(result);
    if (!values.json)
      for (const { promise, what } of result.failures)
        console.log(`seed ${result.seed}: ${promise}: ${what}`);
    if (values['until-failure'] && result.failures.length > 0) break;
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
  console.log(values.json ? JSON.stringify(summary) : summary);
  process.exitCode = summary.failures.length > 0 ? 1 : 0;
}

async function findAllPlanted(histories: number): Promise<void> {
  const wanted = PLANTS.filter(({ name }) => values.only === undefined || values.only === name);
  const planted: Found[] = [];
  const next = wanted.values();
  // One process a plant, as many at once as there are processors.
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (const plant of next) {
      const found = await findPlanted(plant, histories, seed);
      planted.push(found);
      if (!values.json)
        console.log(
          `${plant.name}: ${found.foundAfter === null ? 'not found' : `history ${found.foundAfter}, ${found.by}`}`,
        );
    }
  });
  await Promise.all(lanes);
  if (values.json) console.log(JSON.stringify({ planted }));
  process.exitCode = planted.some(({ foundAfter }) => foundAfter === null) ? 1 : 0;
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

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`${JSON.stringify(text)} is not a whole number of at most nine digits`);
  return Number(text);
}
