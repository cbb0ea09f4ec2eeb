// All logs that a node keeps: the registry and one or more a member. A member's log is opened when the registry
// names it; what is said here of growth comes after the disk has it.

import type { LogName } from '../names.js';
import type { Registry } from '../registry/registry.js';
import { registryLog } from '../registry/state.js';
import type { LogStore } from '../store/log-store.js';
import { Log } from './log.js';

/** Told of each log that grew, was filled or frozen, or was opened. */
export type LogsListener = (log: Log) => void;

/** Told of a log that could not be opened. */
export type FailureListener = (log: LogName, error: unknown) => void;

export class Logs {
  readonly #store: LogStore;
  readonly #registry: Registry;
  readonly #onRefused: (log: LogName, index: number, rule: string) => void;
  readonly #open = new Map<LogName, Log>();
  #sorted: readonly Log[] = [];
  readonly #listeners = new Set<LogsListener>();
  readonly #failureListeners = new Set<FailureListener>();
  #opening: Promise<void> = Promise.resolve();

  private constructor(
    store: LogStore,
    registry: Registry,
    onRefused: (log: LogName, index: number, rule: string) => void,
  ) {
    this.#store = store;
    this.#registry = registry;
    this.#onRefused = onRefused;
  }

  /** Opens every log that the registry names, and those that it comes to name. Rejects when one does not open. */
  static async open(
    store: LogStore,
    registry: Registry,
    onRefused: (log: LogName, index: number, rule: string) => void = () => {},
  ): Promise<Logs> {
    const logs = new Logs(store, registry, onRefused);
    await logs.#openNamed();
    registry.onChange(() => {
      logs.#opening = logs.#opening.catch(() => {}).then(() => logs.#openNamed());
      // Whoever waits for `opened` hears of it, and the listeners have been told.
      logs.#opening.catch(() => {});
    });
    return logs;
  }

  get registry(): Registry {
    return this.#registry;
  }

  /** The log, once it has been opened. */
  get(name: LogName): Log | undefined {
    return this.#open.get(name);
  }

  /** All open logs, ascending by name. */
  all(): readonly Log[] {
    return this.#sorted;
  }

  /** Calls back on each change of any log; returns how to stop. */
  onChange(listener: LogsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back when a log that the registry has come to name does not open; returns how to stop. */
  onFailure(listener: FailureListener): () => void {
    this.#failureListeners.add(listener);
    return () => this.#failureListeners.delete(listener);
  }

  /**
   * Resolves when all logs that the registry names are open. Rejects with why one is not; it is tried again when
   * the registry next changes.
   */
  async opened(): Promise<void> {
    await this.#opening;
  }

  /** Resolves when no log is being written. */
  async idle(): Promise<void> {
    await this.#opening.catch(() => {});
    await Promise.all(this.all().map((log) => log.idle()));
  }

  async #openNamed(): Promise<void> {
    const { state } = this.#registry;
    const registry = registryLog(state);
    const failures: unknown[] = [];
    if (!this.#open.has(registry)) this.#add(this.#registry.log);
    for (const name of state.logs.keys()) {
      if (this.#open.has(name)) continue;
      try {
        this.#add(await Log.open(name, this.#store, this.#registry.rulesFor(name), this.#onRefused));
      } catch (error) {
        // One damaged log keeps none of the others from being opened.
        failures.push(error);
        for (const listener of this.#failureListeners) listener(name, error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #add(log: Log): void {
    this.#open.set(log.name, log);
    this.#sorted = [...this.#open.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    log.onChange((changed) => this.#tell(changed));
    this.#tell(log);
  }

  #tell(log: Log): void {
    for (const listener of this.#listeners) listener(log);
  }
}
