// Adaptive group commit: an idle writer commits at once; while it syncs, the next batch gathers. So a single
// caller waits for one sync, and many callers share one signature and one sync.

import type { NoteSigner } from '../tlog/note.js';
import type { Log } from './log.js';

/** One batch, and with it one commit, holds at most this many entries: some 3 MB of media records. */
const BATCH_ENTRIES = 16_384;

interface Waiting {
  readonly entry: Uint8Array;
  resolve(index: number): void;
  reject(error: unknown): void;
}

export interface Appender {
  /** Resolves with the entry's index once it is on disk under a signed checkpoint; rejects as Log.append throws. */
  append(entry: Uint8Array): Promise<number>;
  /** Resolves when nothing waits. */
  drained(): Promise<void>;
}

/** The one writer of a member's own log. */
export function createAppender(log: Log, signer: NoteSigner): Appender {
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function commitBatches(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_ENTRIES);
      try {
        const head = await log.append(
          batch.map((item) => item.entry),
          signer,
        );
        const first = head.size - batch.length;
        for (const [offset, item] of batch.entries()) item.resolve(first + offset);
      } catch (error) {
        for (const item of batch) item.reject(error);
      }
    }
    running = undefined;
  }

  return {
    append(entry) {
      return new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        // Started in a microtask, so that what one caller says in one turn goes into one batch.
        running ??= Promise.resolve().then(commitBatches);
      });
    },
    async drained() {
      await running;
    },
  };
}
