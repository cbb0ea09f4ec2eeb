// Adaptive group commit: an idle writer commits at once; while it syncs, the next batch gathers. So a single
// caller waits for one sync, and many callers share one signature and one sync.

import type { NoteSigner } from '../tlog/note.js';
import type { Log } from './log.js';

/** One commit takes no more callers once it has this many entries: some 3 MB of media records. */
const BATCH_ENTRIES = 16_384;

interface Waiting {
  readonly entries: readonly Uint8Array[];
  resolve(first: number): void;
  reject(error: unknown): void;
}

export interface Appender {
  /**
   * Adds the entries, one after the other and in one commit. Resolves with the index of the first once all are on
   * disk under a signed checkpoint; rejects as Log.append throws.
   */
  append(entries: readonly Uint8Array[]): Promise<number>;
  /** Resolves when nothing waits. */
  drained(): Promise<void>;
}

/** The one writer of a member's own log. */
export function createAppender(log: Log, signer: NoteSigner): Appender {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function commitBatches(): Promise<void> {
    while (waiting.length > 0) {
      const batch = nextBatch();
      const entries = batch.flatMap((caller) => caller.entries);
      try {
        const head = await log.append(entries, signer);
        let first = head.size - entries.length;
        for (const caller of batch) {
          caller.resolve(first);
          first += caller.entries.length;
        }
      } catch (error) {
        for (const caller of batch) caller.reject(error);
      }
    }
    running = undefined;
  }

  function nextBatch(): Waiting[] {
    let callers = 0;
    for (let entries = 0; callers < waiting.length && entries < BATCH_ENTRIES; callers++) {
      entries += (waiting[callers] as Waiting).entries.length;
    }
    const batch = waiting.slice(0, callers);
    waiting = waiting.slice(callers);
    return batch;
  }

  return {
    append(entries) {
      return new Promise((resolve, reject) => {
        waiting.push({ entries, resolve, reject });
        // Started in a microtask, so that what is said in one turn goes into one batch.
        running ??= Promise.resolve().then(commitBatches);
      });
    },
    async drained() {
      await running;
    },
  };
}
