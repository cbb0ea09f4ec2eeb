// The one place at which the hub writes the registry: one act at a time, each checked against the pure fold
// before a byte is written, so that a refusal says why and leaves everything as it was.

import type { Clock } from '../clock.js';
import type { Logs } from '../log/logs.js';
import type { Registry } from '../registry/registry.js';
import { applyRegistryEntry, type RegistryState } from '../registry/state.js';
import { buildEntry, type EntryParts } from '../statements/build.js';
import { decodeEntry } from '../statements/entry.js';

export type Act = EntryParts['statement'];

export interface RegistryDeskAround {
  readonly registry: Registry;
  readonly logs: Logs;
  /** Resolves when the hub may write: it has heard how long its own logs are. Throws NotReady. */
  readonly whenReady: () => Promise<void>;
  /** Puts an entry at the end of the registry; resolves with its index once it is on disk and applied. */
  readonly appendToRegistry: (entry: Uint8Array) => Promise<number>;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
}

export interface RegistryDesk {
  readonly registry: Registry;
  readonly logs: Logs;
  /**
   * Does one act after those before it. `build` gets the state that the act meets. Resolves with the entry's
   * index. Throws what `build` throws, RulesBroken, BadRegistryEntry, or what appending throws.
   */
  act(build: (state: RegistryState) => Act | Promise<Act>): Promise<number>;
}

export function openRegistryDesk(around: RegistryDeskAround): RegistryDesk {
  const { registry, logs, whenReady, appendToRegistry, clock, random } = around;
  let last: Promise<unknown> = Promise.resolve();

  async function perform(build: (state: RegistryState) => Act | Promise<Act>): Promise<number> {
    // First, because until then a restored hub may still be fetching entries of its own registry.
    await whenReady();
    await logs.opened();
    const { state } = registry;
    const statement = await build(state);
    const entry = buildEntry({ statement, now: clock.now() / 1000, random });
    applyRegistryEntry(state, decodeEntry(entry), registry.anchors.rootKey);
    return appendToRegistry(entry);
  }

  return {
    registry,
    logs,
    act(build) {
      const act = last.then(() => perform(build));
      last = act.catch(() => {});
      return act;
    },
  };
}
