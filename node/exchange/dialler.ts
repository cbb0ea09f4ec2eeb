// Keeps a stream to one member: dials, waits with back-off and jitter when it fails, dials again.

import { ByeCode } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Clock, pause } from '../clock.js';
import { Refusal } from './refusal.js';

/** First and longest pause between two attempts; each time it doubles, and half of it is left to chance. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** A stream that lived so long was a good one: the pause begins small again. */
const GOOD_STREAM_MS = 10_000;
/** After these answers it makes no sense to ask again soon. */
const LASTING: ReadonlySet<ByeCode> = new Set([
  ByeCode.SUSPENDED,
  ByeCode.NOT_A_MEMBER,
  ByeCode.DENIED,
  ByeCode.FEDERATION,
  ByeCode.VERSION,
  ByeCode.SECOND_INSTANCE,
]);

export interface DiallerSurroundings {
  readonly clock: Clock;
  /** A number in [0, 1). */
  chance(): number;
  /** True while no stream with the member lives. */
  wanted(): boolean;
  /** Dials and runs the stream to its end; resolves with why it ended, and rejects when none came about. */
  attempt(): Promise<Refusal>;
  failed(error: unknown): void;
}

/** Dials until the signal aborts. `wake` cuts a pause short. */
export async function keepDialling(
  around: DiallerSurroundings,
  signal: AbortSignal,
  onPause: (wake: () => void) => void,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const startedAt = around.clock.now();
    if (around.wanted()) {
      try {
        const reason = await around.attempt();
        pauseMs = LASTING.has(reason.bye) ? LONGEST_PAUSE_MS : pauseMs;
      } catch (error) {
        if (error instanceof Refusal && LASTING.has(error.bye)) pauseMs = LONGEST_PAUSE_MS;
        around.failed(error);
      }
    }
    if (around.clock.now() - startedAt >= GOOD_STREAM_MS) pauseMs = FIRST_PAUSE_MS;
    const woken = new AbortController();
    onPause(() => woken.abort());
    await pause(around.clock, pauseMs * (0.5 + around.chance() / 2), signal, woken.signal);
    pauseMs = woken.signal.aborted ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
