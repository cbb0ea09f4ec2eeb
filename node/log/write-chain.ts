// The writes of one log, one after the other, in two states: `accepted` (verified, perhaps still being written)
// and `durable` (on disk). Verification of the next segment goes on while the last is written; everything that
// others see comes from `durable`.

import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { LogStore } from '../store/log-store.js';
import { encodeState, type LogState } from './log-state.js';

/** A write whose predecessor failed: 'write-abandoned'. What it built on is not there; nothing was added. */
export class WriteAbandoned extends Failure {
  constructor(log: LogName) {
    super('write-abandoned', `a write to ${log} before this one failed`);
  }
}

export interface Write {
  readonly after: LogState;
  readonly puts: [string, Uint8Array][];
  readonly deletes: string[];
  /** The write is on disk. */
  onDurable?(): void;
}

export interface WriteChain {
  /** Verified, perhaps still being written: what the next write builds on. */
  readonly accepted: LogState;
  /** On disk. */
  readonly durable: LogState;
  /** Accepts the state at once and resolves when it is on disk. Rejects with WriteAbandoned, or with why it failed. */
  write(write: Write): Promise<void>;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
}

/** `check` is asked right before each write and throws to refuse it; `written` hears of each that is on disk. */
export function createWriteChain(
  log: LogName,
  store: LogStore,
  start: { readonly state: LogState; readonly storedHead: Uint8Array | undefined },
  check: (after: LogState, durable: LogState) => void,
  written: () => void,
): WriteChain {
  let { storedHead } = start;
  let durable = start.state;
  let accepted = start.state;
  /** Settles with the last write, whether it failed or not; each write waits for the one before. */
  let lastWrite: Promise<void> = Promise.resolve();
  /** Counts failed writes: a write queued before a failure must not follow it. */
  let epoch = 0;

  return {
    get accepted() {
      return accepted;
    },
    get durable() {
      return durable;
    },
    write({ after, puts, deletes, onDurable }) {
      const head = encodeState(after);
      const epochThen = epoch;
      accepted = after;
      const write = lastWrite.then(async () => {
        if (epochThen !== epoch) {
          throw new WriteAbandoned(log);
        }
        try {
          check(after, durable);
          await store.commit([{ log, expected: storedHead, head, puts, deletes }]);
        } catch (error) {
          // The log stands where the disk stands, and what was queued behind goes with this write.
          epoch++;
          accepted = durable;
          throw error;
        }
        storedHead = head;
        durable = after;
        onDurable?.();
        written();
      });
      lastWrite = write.catch(() => {});
      return write;
    },
    idle: () => lastWrite,
  };
}
