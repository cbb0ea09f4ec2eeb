// Looks at the state of each connection and each log every second, so that a change is known with its time and
// is said in the log when somebody should know: silence is never success.

import type { ConnectionStatus, LogStatus } from './api.js';
import type { Clock } from './clock.js';

/** Remembers since when each thing has been in its state. */
export interface StateMemory {
  since(what: string, state: string): string;
}

export interface StateChange {
  /** A member code for a connection, `log NL` for a log. */
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** How often it is looked at. */
const LOOK_MS = 1000;

/** The memory alone, for whoever asks. */
export function rememberStates(clock: Clock): StateMemory {
  const states = new Map<string, { state: string; since: string }>();
  return {
    since(what, state) {
      const known = states.get(what);
      if (known?.state === state) return known.since;
      const since = new Date(clock.now()).toISOString();
      states.set(what, { state, since });
      return since;
    },
  };
}

/** Tells each change of state from now on; returns how to stop. */
export function watchStates(
  clock: Clock,
  look: () => readonly (ConnectionStatus | LogStatus)[],
  onChange: (change: StateChange) => void,
): () => void {
  const states = new Map<string, string>();
  return clock.every(LOOK_MS, () => {
    for (const status of look()) {
      const what = 'log' in status ? `log ${status.log}` : status.member;
      const from = states.get(what) ?? 'off';
      states.set(what, status.state);
      if (from !== status.state) onChange({ what, from, to: status.state, why: status.why });
    }
  });
}
