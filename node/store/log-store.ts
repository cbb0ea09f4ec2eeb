// The log store: where logs lie, behind one small interface, so that nothing above knows which engine is below.
// A log is a head (one small value that moves) and objects by key (bundles, tiles, pieces). Heads move by
// compare-and-swap, after C2SP tlog-tiles' advice on concurrent writers: who lost a race learns it and writes
// nothing. The store knows no log's content; which keys must exist is for the layer above to know and check.

import { Failure } from '../failure.js';
import type { LogName } from '../names.js';

/** What one commit writes to one log. */
export interface Commit {
  readonly log: LogName;
  /** The head that must be there now, byte for byte; undefined: the log must not exist yet. */
  readonly expected: Uint8Array | undefined;
  readonly head: Uint8Array;
  readonly puts: readonly (readonly [key: string, value: Uint8Array])[];
  readonly deletes: readonly string[];
}

/** Every method throws StoreClosed after `close`. */
export interface LogStore {
  /** The logs that have a head, ascending. */
  logs(): Promise<LogName[]>;
  /** The head as it is on disk; what is still being written does not show. */
  head(log: LogName): Promise<Uint8Array | undefined>;
  object(log: LogName, key: string): Promise<Uint8Array | undefined>;
  /** All keys as of one moment, in the order asked for. */
  objects(log: LogName, keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  /** The keys that start with the prefix, ascending. */
  keys(log: LogName, prefix: string): Promise<string[]>;
  /**
   * Writes all of the commits or none, and resolves when they are on disk; until then the bytes handed in
   * must not change. In each commit deletes come before puts.
   * A commit may expect the head of one that is still being written: it is then written after that one.
   * Throws HeadMoved, or StoreUnwritable: after that the store takes no further commit until it is opened
   * again, which also settles whether the commit that failed is wholly there or wholly absent.
   */
  commit(commits: readonly Commit[]): Promise<void>;
  /**
   * Takes what was overwritten or deleted off the disk; reads and commits go on, but for a moment.
   * Throws StoreUnwritable or another of the store's errors; the store may then have to be opened again.
   */
  scrub(): Promise<void>;
  /** Waits for what is being written, then releases the directory. */
  close(): Promise<void>;
}

/** Somebody else moved the head first; nothing was written. */
export class HeadMoved extends Failure {
  readonly log: LogName;

  constructor(log: LogName) {
    super('head-moved', `the head of ${log} is not the one expected: read it again and build anew`);
    this.log = log;
  }
}

/** The disk is full or read-only, or fails; reading goes on. */
export class StoreUnwritable extends Failure {
  constructor(directory: string, cause: unknown) {
    super(
      'store-unwritable',
      `cannot write to ${directory}: check that its disk has room and is writable, then start the node again`,
      cause,
    );
  }
}

/** What lies in the store is not what was written. */
export class StoreDamaged extends Failure {
  constructor(directory: string, cause?: unknown) {
    super(
      'store-damaged',
      `the store in ${directory} is damaged: move it away and start again; the node gets its logs back from the federation`,
      cause,
    );
  }
}

/** The files of the store cannot be read, which need not be damage. */
export class StoreUnreadable extends Failure {
  constructor(directory: string, cause: unknown) {
    super(
      'store-unreadable',
      `cannot read ${directory}: check its disk, its owner and the limit on open files`,
      cause,
    );
  }
}

/** The store is open elsewhere. */
export class StoreLocked extends Failure {
  constructor(directory: string, cause: unknown) {
    super('store-locked', `another process uses ${directory}: stop that one first`, cause);
  }
}

/** The store was closed before, or while, it was asked. */
export class StoreClosed extends Failure {
  constructor() {
    super('store-closed', 'the log store is closed');
  }
}

/** A key that no engine takes: a mistake of the caller. */
export class BadObjectKey extends Failure {
  constructor(key: string) {
    super(
      'bad-object-key',
      `${JSON.stringify(key.slice(0, 80))} is not an object key: 1 to 200 ASCII characters`,
    );
  }
}

/** One byte a character, so that all engines order keys alike; 200 is several times the longest tile path. */
const OBJECT_KEY = /^[\x20-\x7e]{1,200}$/;

/** Throws BadObjectKey. */
export function checkObjectKey(key: string): void {
  if (!OBJECT_KEY.test(key)) throw new BadObjectKey(key);
}
