// The one writer of a store: heads are compared when a commit is handed in, and commits that come in
// while the engine writes go together into its next write (group commit: one sync for many logs).
// One write at a time, because LevelDB may lose a write that follows one that failed: its log file then has
// a torn record in the middle, behind which recovery reads nothing. So the first failure is the last write.

import type { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { type Commit, checkObjectKey, HeadMoved, StoreClosed } from './log-store.js';

/** A group beyond this is cut: larger ones save no more syncs, and make everybody in them wait longer. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly commits: readonly Commit[];
  readonly sizeBytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: Failure) => void;
}

/** Writes the commits in order, all or none, and resolves when they are on disk. Throws a Failure. */
export type WriteCommits = (commits: readonly Commit[]) => Promise<void>;

export class CommitQueue {
  /** Heads on disk. */
  readonly #heads: Map<LogName, Uint8Array>;
  /** Heads of what is queued or being written: where a log has one, it is what `expected` must equal. */
  readonly #coming = new Map<LogName, Uint8Array>();
  readonly #write: WriteCommits;
  /** Bounded by the callers, each of which waits for its commit; a log has few writers. */
  #queue: Waiting[] = [];
  #writing: Waiting[] = [];
  #worker: Promise<void> | undefined;
  #stopped: Failure | undefined;

  constructor(heads: ReadonlyMap<LogName, Uint8Array>, write: WriteCommits) {
    this.#heads = new Map(heads);
    this.#write = write;
  }

  logs(): LogName[] {
    return [...this.#heads.keys()].sort();
  }

  head(log: LogName): Uint8Array | undefined {
    return this.#heads.get(log)?.slice();
  }

  /** Resolves when the commits are on disk. The heads are compared before it returns. */
  async commit(commits: readonly Commit[]): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const own = commits.map((commit) => ({ ...commit, head: commit.head.slice() }));
    this.#claimHeads(own);
    if (own.length === 0) return;
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ commits: own, sizeBytes: sizeOf(own), resolve, reject });
    });
    this.#worker ??= this.#drain();
    await written;
  }

  /** Takes no more commits, and resolves when those taken before are on disk or have failed. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#stopped ??= new StoreClosed();
    await worker;
  }

  /** Fails everything that is not on disk yet, and every later commit. Returns what was under way, in order. */
  abandon(reason: Failure): (readonly Commit[])[] {
    const lost = [...this.#writing, ...this.#queue];
    this.#stopped = reason;
    this.#queue = [];
    this.#writing = [];
    this.#coming.clear();
    for (const { reject } of lost) reject(reason);
    return lost.map(({ commits }) => commits);
  }

  #claimHeads(commits: readonly Commit[]): void {
    const claimed = new Map<LogName, Uint8Array>();
    for (const { log, expected, head, puts, deletes } of commits) {
      for (const [key] of puts) checkObjectKey(key);
      for (const key of deletes) checkObjectKey(key);
      const now = claimed.get(log) ?? this.#coming.get(log) ?? this.#heads.get(log);
      if (!isSame(now, expected)) throw new HeadMoved(log);
      claimed.set(log, head);
    }
    for (const [log, head] of claimed) this.#coming.set(log, head);
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      this.#writing = this.#queue.splice(0, groupLength(this.#queue));
      const commits = this.#writing.flatMap((waiting) => waiting.commits);
      try {
        await this.#write(commits);
      } catch (cause) {
        this.abandon(cause as Failure);
      }
      for (const { log, head } of this.#writing.flatMap((waiting) => waiting.commits)) {
        this.#heads.set(log, head);
        if (this.#coming.get(log) === head) this.#coming.delete(log);
      }
      for (const { resolve } of this.#writing) resolve();
      this.#writing = [];
    }
    this.#worker = undefined;
  }
}

function groupLength(queue: readonly Waiting[]): number {
  let sizeBytes = 0;
  let length = 0;
  for (const waiting of queue) {
    sizeBytes += waiting.sizeBytes;
    if (length > 0 && sizeBytes > MAX_GROUP_BYTES) break;
    length += 1;
  }
  return length;
}

function sizeOf(commits: readonly Commit[]): number {
  return commits
    .flatMap(({ puts }) => puts)
    .reduce((sizeBytes, [key, value]) => sizeBytes + key.length + value.length, 0);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}
