// What was published a moment ago: the views, which know what stands under an id, may not have it yet.

import type { Retraction } from '../../proto/gen/icse/v1/entry_pb.js';
import { type LogName, parseLogName } from '../names.js';
import type { EntryBytes } from '../statements/entry.js';
import { hexText } from '../statements/hex.js';

/** Entries that are appended together. */
export interface Batch {
  readonly log: LogName;
  /** The index of the first one; set in the turn in which the first one was added. */
  written?: Promise<number>;
  /** The same, once they are on disk. */
  first?: number;
}

export interface RecentRecord {
  readonly bytes: EntryBytes;
  readonly batch: Batch;
  /** Place in the batch. */
  readonly offset: number;
}

export interface RecentSurroundings {
  /** False for what a cut has taken back; without an index, for what is not on disk yet. */
  counts(log: LogName, index: number | undefined): boolean;
  /** Size up to which the views have followed the log. */
  viewedUpTo(log: LogName): number;
}

export class RecentRecords {
  readonly #around: RecentSurroundings;
  /** By record id, in the order of publishing. */
  readonly #records = new Map<string, RecentRecord>();

  constructor(around: RecentSurroundings) {
    this.#around = around;
  }

  /** What was published a moment ago under the id, unless a cut has taken it back since. */
  get(id: string): RecentRecord | undefined {
    const recent = this.#records.get(id);
    return recent !== undefined && this.#around.counts(recent.batch.log, indexOf(recent))
      ? recent
      : undefined;
  }

  /** Notes the record as the last one; returns what it replaces, if anything. */
  add(id: string, recent: RecentRecord): RecentRecord | undefined {
    const before = this.#records.get(id);
    if (before !== undefined) this.#records.delete(id);
    this.#records.set(id, recent);
    return before;
  }

  /** The record could not be written: what it was to replace stands still. */
  takeBack(id: string, recent: RecentRecord, before: RecentRecord | undefined): void {
    if (this.#records.get(id) !== recent) return;
    this.#records.delete(id);
    if (before !== undefined && indexOf(before) !== undefined) this.#records.set(id, before);
  }

  /** Drops what was taken back. */
  forget(target: Retraction['target']): void {
    if (target.case === 'recordId') {
      this.#records.delete(hexText(target.value));
    } else if (target.case === 'entry') {
      const { generation, index } = target.value;
      for (const [id, recent] of this.#records) {
        const isIt =
          indexOf(recent) === Number(index) && parseLogName(recent.batch.log).generation === generation;
        if (isIt) this.#records.delete(id);
      }
    }
  }

  /** Drops what the views have by now, the oldest first. */
  forgetViewed(): void {
    for (const [id, recent] of this.#records) {
      const index = indexOf(recent);
      if (index === undefined) return;
      // The views never follow a log past its cut.
      const { log } = recent.batch;
      if (index >= this.#around.viewedUpTo(log) && this.#around.counts(log, index)) return;
      this.#records.delete(id);
    }
  }
}

/** Its index once it is on disk. */
function indexOf({ batch, offset }: RecentRecord): number | undefined {
  return batch.first === undefined ? undefined : batch.first + offset;
}
