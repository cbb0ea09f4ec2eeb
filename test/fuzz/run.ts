// npm run -s fuzz: gives every parser of bytes from outside good and damaged inputs, and says what broke a promise.
// A failing input is made again with `--seed S --only NAME --from AT --inputs 1`, but for the keys in it.

import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { FuzzFailure } from './fuzz.js';
import { makeMaterial } from './material.js';
import { TARGETS } from './targets.js';
import { RESOURCE_LIMITS, type WorkerTask, watch } from './watch.js';

const { values } = parseArgs({
  options: {
    /** For each target. */
    inputs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    /** The number of the first input. */
    from: { type: 'string', default: '0' },
    /** Of the targets, the one of this name. */
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [inputs, seed, from] = [values.inputs, values.seed, values.from].map(wholeNumber) as [
  number,
  number,
  number,
];
const chosen = TARGETS.filter(({ name }) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  throw new Error(`--only ${values.only}: one of ${TARGETS.map(({ name }) => name).join(', ')}`);
}

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
for (const { name } of chosen) {
  const result = await fuzzOne(name);
  targets.push(result);
  if (!values.json) say(result);
}
if (values.json) console.log(JSON.stringify({ seed, targets }));
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

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`${JSON.stringify(text)} is not a whole number of at most nine digits`);
  return Number(text);
}
