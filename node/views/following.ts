// What following the logs needs from the node, and the ways in which it fails.

import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { BulkSorter } from './bulk-sorter.js';
import type { Opener } from './opener.js';
import type { BulkOptions } from './short-index.js';
import type { Step } from './view.js';

/** The views could not follow: `code` is 'views-failed', the cause says why. They try again. */
export class ViewsFailed extends Failure {
  constructor(cause: unknown) {
    super('views-failed', `the views cannot follow the logs: ${(cause as Error).message}`, cause);
  }
}

/** Nothing follows any more: `code` is 'views-closed'. */
export class ViewsClosed extends Failure {
  constructor() {
    super('views-closed', 'the views are closed');
  }
}

export interface FollowingOptions {
  /** The UTC day by the node's clock, in days since 1970-01-01. */
  readonly today: () => number;
  readonly log: {
    info(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
  /**
   * Called with each step before it is committed, so that what it writes is never missed; after a crash the
   * same step may come again.
   */
  readonly beforeCommit?: (step: Step) => Promise<void>;
  /** Opens what is sealed for this node's member; without it, nothing is opened. */
  readonly open?: Opener;
  /** When and how entries are followed in bulk. */
  readonly bulk?: BulkOptions;
  /** Where long logs are sorted; without it, on the thread of the node. */
  readonly sorter?: BulkSorter;
}

/** Where holes of a log may have been filled: [from, to). */
export interface FilledRange {
  readonly log: LogName;
  readonly from: number;
  readonly to: number;
}
