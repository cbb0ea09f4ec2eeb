// What the views' driver reads: the members' logs as this node has them. The node implements it.
// It is all that views depend on, so that nothing but the logs, the cuts and the day can shape them.

import type { LogName, MemberCode } from '../names.js';

export interface ViewSource {
  /**
   * Every member log that this node has (not the registry), with how far views may count: the smaller of its
   * size and its cut. A log that is not listed counts for nothing, so the list is complete from the first call.
   */
  logs(): readonly SourceLog[];
  /** The bytes of the entries at [from, to) in order; undefined = a hole. `to` is at most the log's size. */
  read(log: LogName, from: number, to: number): Promise<(Uint8Array | undefined)[]>;
}

export interface SourceLog {
  readonly log: LogName;
  readonly member: MemberCode;
  readonly countedTo: number;
}
