// What a node keeps of a place that a peer gives it: the bytes, or a hole with the reason why they are not here.

import { HoleReason } from '../../proto/gen/icse/v1/exchange_pb.js';
import { holeBecause, holeFor, isForOthers, isHole, type LogItem } from './item.js';
import type { LogRules } from './log-rules.js';

/** `onRefused` is told of an entry that breaks a rule. */
export function examined(
  rules: LogRules,
  index: number,
  item: LogItem,
  onRefused: (index: number, rule: string) => void,
): LogItem {
  if (isHole(item)) {
    // It came from somebody for whom it was not: others have the bytes that are due here.
    const isDue = rules.isAllDue === true && isForOthers(item);
    return isDue ? holeBecause(item, HoleReason.MISSING) : item;
  }
  const objection = rules.examine(index, item);
  if (objection === undefined) return item;
  if (objection.reason === HoleReason.REFUSED) onRefused(index, objection.rule);
  return holeFor(index, item, objection.reason);
}
