// Gives one parser many inputs, good and damaged, and keeps what broke a promise: a crash, a valid input refused,
// another value than the bytes said, too long a time, too much memory. Each input comes from the seed and its own
// number, so any of them can be made again alone.

import { Failure } from '../../node/failure.js';
import { chanceOf } from '../chaos/chance.js';
import { makeInput } from './mutate/mutate.js';
import { Finding, type Subject } from './target.js';

/** An input takes microseconds; a whole second is a way to stop a node. */
const SLOW_MS = 1000;
/** Times that, what waits for disks and sockets counts as never coming back. */
const MOST_WAITING = 10;
const WAITING_TURNS = 10;
/**
 * What the process may grow by, at its largest, while one parser is at work: the largest input has 1.3 MB. Measured over
 * 3,000 inputs: up to 45 MiB, and up to 4 MiB once garbage is swept.
 */
const MAX_GROWTH_KB = 128 * 1024;
/** Inputs between two looks at the memory. */
const BATCH = 64;
/** Asynchronous parsers never go back to the event loop by themselves, which pipes and timers need. */
const BREATH_MS = 50;
/** More findings of one parser tell nothing new. */
const MAX_FAILURES = 50;
const SHOWN_BYTES = 600;

export interface FuzzFailure {
  /** The number of the input, which makes it again: --seed S --only NAME --from AT --inputs 1. */
  readonly at: number;
  /** Base64, shortened. */
  readonly input: string;
  readonly what: string;
}

export interface FuzzOptions {
  readonly name: string;
  readonly seed: number;
  readonly inputs: number;
  /** The number of the first input. */
  readonly from?: number;
  /** Told of each input before the parser has it, for whoever watches from outside. */
  readonly onInput?: (at: number, input: Uint8Array) => void;
  readonly slowMs?: number;
}

export interface FuzzResult {
  readonly inputs: number;
  /** How many of them the parser took; it refused the others. */
  readonly taken: number;
  readonly failures: readonly FuzzFailure[];
}

/** Gives a parser so many inputs. */
export async function fuzz(subject: Subject, options: FuzzOptions): Promise<FuzzResult> {
  const { name, seed, inputs, from = 0, onInput, slowMs = subject.slowMs ?? SLOW_MS } = options;
  const failures: FuzzFailure[] = [];
  const largestKbBefore = process.resourceUsage().maxRSS;
  let breathedAt = performance.now();
  let done = 0;
  let taken = 0;
  while (done < inputs && failures.length < MAX_FAILURES) {
    const at = from + done;
    const { bytes, isValid } = makeInput(subject, chanceOf(`${seed}/${name}/${at}`));
    onInput?.(at, bytes);
    const verdict = await verdictOn(subject, bytes, isValid, slowMs);
    if (verdict === 'taken') taken++;
    else if (verdict !== 'refused') failures.push({ at, input: shown(bytes), what: verdict.what });
    done++;
    if (done % BATCH !== 0) continue;
    const grownKb = process.resourceUsage().maxRSS - largestKbBefore;
    if (grownKb > MAX_GROWTH_KB) {
      const what = `memory grew by ${Math.round(grownKb / 1024)} MiB (inputs ${at - BATCH + 1} to ${at})`;
      failures.push({ at, input: shown(bytes), what });
      break;
    }
    if (performance.now() - breathedAt < BREATH_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    breathedAt = performance.now();
  }
  return { inputs: done, taken, failures };
}

type Verdict = 'taken' | 'refused' | { readonly what: string };

/** What is slow by the clock is tried again and timed by the processor, since the machine may have been busy. */
async function verdictOn(
  subject: Subject,
  bytes: Uint8Array,
  isValid: boolean,
  slowMs: number,
): Promise<Verdict> {
  const startedAt = performance.now();
  const verdict = await take(subject, bytes, isValid, slowMs * MOST_WAITING);
  if (performance.now() - startedAt <= slowMs || typeof verdict !== 'string') return verdict;
  const before = process.cpuUsage();
  const again = await take(subject, bytes, isValid, slowMs * MOST_WAITING);
  const { user, system } = process.cpuUsage(before);
  const usedMs = (user + system) / 1000;
  return usedMs > slowMs && typeof again === 'string' ? { what: `took ${Math.round(usedMs)} ms` } : again;
}

async function take(subject: Subject, bytes: Uint8Array, isValid: boolean, waitMs: number): Promise<Verdict> {
  try {
    const taking = subject.take(bytes);
    if (taking !== undefined) await within(waitMs, taking);
    return 'taken';
  } catch (error) {
    if (error instanceof Finding) return { what: error.message };
    if (!(error instanceof Failure)) {
      return { what: `crashed: ${error instanceof Error ? error.stack : error}` };
    }
    return isValid ? { what: `a valid input was refused: ${error.message}` } : 'refused';
  }
}

/** Counts a few turns of a timer instead of the time, which goes on for a process that somebody has stopped. */
async function within(ms: number, taking: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    let turns = 0;
    timer = setInterval(() => {
      if (++turns === WAITING_TURNS) reject(new Finding(`did not end within ${ms} ms`));
    }, ms / WAITING_TURNS);
  });
  try {
    await Promise.race([taking, late]);
  } finally {
    clearInterval(timer);
  }
}

export function shown(input: Uint8Array): string {
  const start = Buffer.from(input.subarray(0, SHOWN_BYTES)).toString('base64');
  return input.length > SHOWN_BYTES ? `${start}... (${input.length} bytes)` : start;
}
