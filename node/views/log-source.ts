// The logs as the views read them: every member log, counted up to its cut.

import { isHole } from '../log/item.js';
import type { Logs } from '../log/logs.js';
import type { ViewSource } from './source.js';

/** What the views follow on this node. */
export function viewSourceOf(logs: Logs): ViewSource {
  return {
    logs() {
      const { state } = logs.registry;
      return [...state.logs.values()].map(({ name, member, cut }) => ({
        log: name,
        member,
        countedTo: Math.min(logs.get(name)?.size ?? 0, cut?.size ?? Number.MAX_SAFE_INTEGER),
      }));
    },
    async read(log, from, to) {
      const items = (await logs.get(log)?.read(from, to)) ?? [];
      return items.map((item) => (isHole(item) ? undefined : item));
    },
  };
}
