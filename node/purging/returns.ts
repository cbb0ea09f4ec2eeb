// When a node that was away is back: a connection that was not there has caught up. What was taken back meanwhile is
// to be purged then, and not a day later.

import type { StateChange } from '../state-watch.js';

/** True of the change by which a connection has caught up for the first time since it was off. */
export function watchReturns(): (change: StateChange) => boolean {
  const here = new Set<string>();
  return ({ what, to }) => {
    if (to === 'off' || to === 'refused') here.delete(what);
    if (to !== 'live' || what.startsWith('log ') || here.has(what)) return false;
    here.add(what);
    return true;
  };
}
