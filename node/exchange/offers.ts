// Who gets which logs from whom: one's own log from oneself, every log from Lyon; the registry, and an author's
// own log back to its author, from anyone.

import type { Logs } from '../log/logs.js';
import { type LogName, LYON, type MemberCode } from '../names.js';
import { registryLog } from '../registry/state.js';

export interface Offers {
  /** Logs that `to` can get from `from`, ascending by name. */
  exchanged(from: MemberCode, to: MemberCode): readonly LogName[];
  /** The registry changed, or a log was opened. */
  changed(): void;
}

/** The offers by the registry as it is. */
export function createOffers(logs: Logs): Offers {
  /** Lists of logs by pair of members, for the registry as it is now. */
  const lists = new Map<string, readonly LogName[]>();
  return {
    exchanged(from, to) {
      const key = `${from}>${to}`;
      const known = lists.get(key);
      if (known !== undefined) return known;
      const { state } = logs.registry;
      const names = [registryLog(state)];
      for (const { name, member } of state.logs.values()) {
        if (from === LYON || member === from || member === to) names.push(name);
      }
      const open = names.filter((name) => logs.get(name) !== undefined).sort();
      lists.set(key, open);
      return open;
    },
    changed: () => lists.clear(),
  };
}
