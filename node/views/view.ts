// What a view is: a module that is told which records became current and which no longer are, writes its part
// into the same batch, and can say in one hash what it holds. Views are told in a fixed order, and a later
// one may build on what an earlier one found in the same step.

import type { Hash } from 'node:crypto';
import type { BufferedDb, Snapshot, ViewsDatabase } from './buffered-db.js';
import type { CurrentChange } from './current-records.js';
import type { HashKey } from './hash-key.js';
import type { FreshLead, Lead } from './lead-rows.js';
import type { LogTable } from './log-table.js';
import type { PlainRecords } from './plain-records.js';
import type { MemberNumber } from './position.js';
import type { ListChange } from './ranked-lists.js';
import type { ShortIndex } from './short-index.js';
import type { ThingKey } from './thing-key.js';

/** One step of the driver: what changed, and what the views made of it so far. */
export interface Step extends CurrentChange {
  readonly db: BufferedDb;
  readonly logs: LogTable;
  readonly index: ShortIndex;
  /** Records that became current without touching any other: nobody had their ids or hashes. */
  readonly plain: PlainRecords;
  /** By the hashes view: under which hashes the positions that count changed. */
  postings: ReadonlyMap<HashKey, ListChange>;
  /** By the overlaps view: whose members changed. */
  overlaps: ReadonlyMap<HashKey, OverlapChange>;
  /** By the views of links, assessments and events: where parts may have been joined, or a case opened. */
  readonly joined: Joined[];
  /** By the leads view: what was sealed and could be opened here, and those of them that died. */
  leads: { readonly born: readonly FreshLead[]; readonly died: readonly Lead[] };
}

/** A thing at which more is connected than before. */
export interface Joined {
  /** Whose statement or record it is. */
  readonly by: MemberNumber;
  readonly thing: ThingKey;
}

export interface OverlapChange {
  readonly before: readonly MemberNumber[];
  readonly now: readonly MemberNumber[];
}

/** A view of what not every node can know. */
export interface LocalView {
  readonly name: string;
  /** Raised with each change of what is kept or how; another number than on disk means: follow the logs anew. */
  readonly version: number;
  follow(step: Step): Promise<void>;
}

/** A view that is equal on all nodes that have followed the same logs as far. */
export interface View extends LocalView {
  /** Feeds the content, in an order and with names that are the same on every node, into the hash. */
  digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void>;
}
