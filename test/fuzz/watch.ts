// Fuzzes one parser in a thread of its own, watched from here: code that never comes back can only be noticed, and
// ended, from outside. What hung or died is a finding, and the thread begins again behind that input.

import type { Worker } from 'node:worker_threads';
import { type FuzzFailure, type FuzzResult, shown } from './fuzz.js';
import type { Material } from './material.js';

/** The largest input that any target lets through. */
const MAX_INPUT_BYTES = 2 * 1024 * 1024;
/** Far more than what waits is given (fuzz.ts), so that only code that never comes back gets here. */
const HUNG_MS = 120_000;
const LOOK_MS = 250;
/** Threads that hung or died; more of them tell nothing new, and each takes its time. */
const MAX_ENDED = 5;
/** Places in the head of the shared memory. */
const AT = 0;
const LENGTH = 1;
const HEAD_BYTES = 8;

/** What the thread is told. */
export interface WorkerTask {
  readonly name: string;
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
  readonly material: Material;
  /** The number and the bytes of the input that the parser has now; the number is -1 until the first one. */
  readonly current: SharedArrayBuffer;
}

export interface WatchOptions extends Omit<WorkerTask, 'current'> {
  readonly begin: (task: WorkerTask) => Worker;
  readonly hungMs?: number;
  readonly onProgress?: (done: number) => void;
}

/** Fuzzes the parser until all inputs are done. */
export async function watch(options: WatchOptions): Promise<FuzzResult> {
  const failures: FuzzFailure[] = [];
  const end = options.from + options.inputs;
  let next = options.from;
  let taken = 0;
  while (next < end && failures.length < MAX_ENDED) {
    const current = new SharedArrayBuffer(HEAD_BYTES + MAX_INPUT_BYTES);
    new Int32Array(current)[AT] = -1;
    const outcome = await watchOne({ ...options, from: next, inputs: end - next }, current);
    if ('result' in outcome) {
      failures.push(...outcome.result.failures);
      taken += outcome.result.taken;
      // Less than was asked for: there were enough failures.
      return { inputs: next - options.from + outcome.result.inputs, taken, failures };
    }
    const { at, input } = readCurrent(current);
    failures.push({ at, input: shown(input), what: outcome.what });
    if (at < next) break;
    next = at + 1;
  }
  return { inputs: next - options.from, taken, failures };
}

type Outcome = { readonly result: FuzzResult } | { readonly what: string };

async function watchOne(options: WatchOptions, current: SharedArrayBuffer): Promise<Outcome> {
  const { begin, hungMs = HUNG_MS, onProgress, name, seed, from, inputs, material } = options;
  const worker = begin({ name, seed, from, inputs, material, current });
  const at = new Int32Array(current);
  let lastAt = -1;
  /** Looks at the same input. Not the time: whoever stops and continues the process stops the thread as well. */
  let looks = 0;
  let looking: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Outcome>((resolve) => {
      worker.once('message', (result: FuzzResult) => resolve({ result }));
      worker.once('error', (error) => resolve({ what: `the thread died: ${error.stack ?? error}` }));
      worker.once('exit', (code) => resolve({ what: `the thread ended with code ${code}` }));
      looking = setInterval(() => {
        const now = Atomics.load(at, AT);
        if (now !== lastAt) {
          lastAt = now;
          looks = 0;
          onProgress?.(now - options.from);
        } else if (now >= 0 && ++looks * LOOK_MS > hungMs) {
          resolve({ what: `did not come back within ${hungMs} ms` });
        }
      }, LOOK_MS);
    });
  } finally {
    clearInterval(looking);
    await worker.terminate();
  }
}

/** Puts down which input the parser has now. */
export function writeCurrent(current: SharedArrayBuffer, at: number, input: Uint8Array): void {
  const head = new Int32Array(current, 0, HEAD_BYTES / 4);
  const bytes = input.subarray(0, MAX_INPUT_BYTES);
  new Uint8Array(current, HEAD_BYTES).set(bytes);
  Atomics.store(head, LENGTH, bytes.length);
  Atomics.store(head, AT, at);
}

function readCurrent(current: SharedArrayBuffer): { at: number; input: Uint8Array } {
  const head = new Int32Array(current, 0, HEAD_BYTES / 4);
  const length = Atomics.load(head, LENGTH);
  return { at: Atomics.load(head, AT), input: Uint8Array.from(new Uint8Array(current, HEAD_BYTES, length)) };
}

/** A heap beyond which a parser could stop a node, and the stack of a program's main thread: others have four times that. */
export const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, stackSizeMb: 1 };
