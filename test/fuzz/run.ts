// npm run -s fuzz: gives every parser of bytes from outside good and damaged inputs, and says what broke a promise.
// A failing input is made again with `--seed S --only NAME --from AT --inputs 1`, but for the keys in it.

import { Worker } from 'node:worker_threads';
import { oneOf, seedNumber, tool, wholeNumber } from '../tool.js';
import type { FuzzFailure } from './fuzz.js';
import { makeMaterial } from './material.js';
import { TARGETS } from './targets.js';
import { RESOURCE_LIMITS, type WorkerTask, watch } from './watch.js';

interface Options {
  readonly inputs: number;
  readonly seed: number;
  readonly from: number;
  readonly only?: string;
  readonly json: boolean;
}

const NAMES = TARGETS.map(({ name }) => name);
const { inputs, seed, from, only, json } = tool(
  'fuzz',
  'Gives every parser of bytes from outside good and damaged inputs, and says what broke a promise.',
)
  .option('--inputs <N>', 'for each target', wholeNumber(1, 1_000_000_000), 20_000)
  .option('--seed <N>', 'inputs follow from it, but for the keys in them', seedNumber, 1)
  .option('--from <N>', 'the number of the first input', wholeNumber(0, 1_000_000_000), 0)
  .option('--only <NAME>', `one target: ${NAMES.join(', ')}`, oneOf(NAMES))
  .option('--json', 'print JSON', false)
  .parse()
  .opts<Options>();
const chosen = NAMES.filter((name) => only === undefined || only === name);

interface TargetResult {
  readonly name: string;
  readonly inputs: number;
  /** How many the parser took; it refused the others. */
  readonly taken: number;
  readonly failures: readonly FuzzFailure[];
  readonly seconds: number;
  readonly perSecond: number;
}

const material = await makeMaterial();
const targets: TargetResult[] = [];
for (const name of chosen) {
  const result = await fuzzOne(name);
  targets.push(result);
  if (!json) say(result);
}
if (json) console.log(JSON.stringify({ seed, targets }));
process.exitCode = targets.some(({ failures }) => failures.length > 0) ? 1 : 0;

async function fuzzOne(name: string): Promise<TargetResult> {
  const startedAt = performance.now();
  const onProgress = (done: number): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done} of ${inputs}\u001b[K`);
  };
  const result = await watch({ name, seed, from, inputs, material, begin, onProgress });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    name,
    ...result,
    seconds: Math.round(seconds * 10) / 10,
    perSecond: Math.round(result.inputs / seconds),
  };
}

function begin(task: WorkerTask): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    workerData: task,
    resourceLimits: RESOURCE_LIMITS,
  });
}

function say(result: TargetResult): void {
  const { name, failures, seconds, perSecond } = result;
  console.log(
    `${name}: ${result.inputs} inputs, ${result.taken} taken, ${failures.length} failures, ${seconds} s, ${perSecond} a second`,
  );
  for (const { at, input, what } of failures) console.log(`  input ${at}: ${what}\n    ${input}`);
}
