// What the registry and the schema say about a log, as the log asks it: whose checkpoints count, up to where
// entries are taken, and which of them are good.

import type { HoleReason } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { LogItem } from './item.js';
import type { LogState } from './log-state.js';

/** Why the bytes of an entry are not kept: it breaks a rule, or it is sealed for others. */
export type Objection =
  | { readonly reason: HoleReason.REFUSED; readonly rule: string }
  | { readonly reason: HoleReason.NOT_ADDRESSED };

/** What the registry and the schema say about a log: asked again at each commit. */
export interface LogRules {
  /** Public keys that may have signed the author's checkpoints, the likeliest first. `items` is the run at hand. */
  keys(items: readonly LogItem[]): readonly Uint8Array[];
  /** Public keys under which a checkpoint of that size counts, whenever it is seen: keys that were given up since too. */
  keysAt(size: number): readonly Uint8Array[];
  /** The place up to which entries are taken; undefined = no end. */
  cut(): { readonly size: number; readonly root: Uint8Array } | undefined;
  /** Why an entry is to become a hole; undefined when it is good. Throws to refuse the run. */
  examine(index: number, entry: Uint8Array): Objection | undefined;
  /** True where every entry's bytes are due, also of those that are sealed: at Lyon and at the author. */
  readonly isAllDue?: boolean;
  /** True for a registry: it takes no hole, and its signer may change to a key that is not known here yet. */
  readonly isRegistry?: boolean;
  /** The run is on disk. */
  committed?(from: number, items: readonly LogItem[]): void;
}

/** A log that takes no more: 'frozen' by a fork, or 'closed' at its cut. */
export class LogClosed extends Failure {}

/**
 * Entries at or above a cut are never taken, and at the cut the tree is the one that the registry names.
 * Throws LogClosed.
 */
export function checkCut(log: LogName, rules: LogRules, after: LogState, sizeNow: number): void {
  const cut = rules.cut();
  if (cut === undefined) return;
  const { size } = after.tail.range;
  if (size === sizeNow) return;
  if (size > cut.size) throw new LogClosed('closed', `${log} is closed at ${cut.size}`);
  if (size === cut.size && Buffer.compare(after.root, cut.root) !== 0) {
    throw new LogClosed('cut-differs', `${log} has another tree at ${cut.size} than the registry names`);
  }
}
