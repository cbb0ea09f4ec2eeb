// The registry as a running node holds it: the fold over its log on disk, the rules that this log and the
// members' logs obey, and whom to tell when it changes.

import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import type { MemberKeys } from '../../proto/gen/icse/v1/registry_pb.js';
import { Failure } from '../failure.js';
import { isHole, type LogItem } from '../log/item.js';
import { Log, type LogRules } from '../log/log.js';
import { type FederationId, type LogName, LYON, logName, parseLogName } from '../names.js';
import { decodeEntry } from '../statements/entry.js';
import { brokenRules } from '../statements/rules.js';
import type { LogStore } from '../store/log-store.js';
import { isRootSigned } from './root-signature.js';
import { applyRegistryEntry, emptyRegistry, hubKeys, type RegistryState } from './state.js';

export interface RegistryAnchors {
  readonly federation: FederationId;
  /** Ed25519 public key of the federation's root. */
  readonly rootKey: Uint8Array;
  /** The hub's keys that the invitation named: trusted until the registry or the root says otherwise. */
  readonly hubKeys: MemberKeys;
}

export type RegistryListener = (state: RegistryState, before: RegistryState) => void;

/** Entries read at a time while the registry is folded at a start. */
const FOLD_BATCH = 1024;

export class Registry {
  readonly #anchors: RegistryAnchors;
  readonly #store: LogStore;
  readonly #listeners = new Set<RegistryListener>();
  #state: RegistryState;
  /** Ahead of `state` while entries are being written. */
  #staged: RegistryState;
  #log: Log | undefined;
  #rootSigned: Uint8Array | undefined;
  /** The hub's keys by the registry before this one, until this one names them. */
  #keysBefore: MemberKeys | undefined;

  private constructor(store: LogStore, anchors: RegistryAnchors, generation: number) {
    this.#store = store;
    this.#anchors = anchors;
    this.#state = emptyRegistry(anchors.federation, generation);
    this.#staged = this.#state;
  }

  /** Folds the newest registry that is on disk; an empty one when there is none. */
  static async open(store: LogStore, anchors: RegistryAnchors): Promise<Registry> {
    const generations = (await store.logs())
      .map(parseLogName)
      .filter((log) => log.federation === anchors.federation && log.member === undefined)
      .map((log) => log.generation);
    const generation = Math.max(1, ...generations);
    const registry = new Registry(store, anchors, generation);
    await registry.#openLog();
    return registry;
  }

  get state(): RegistryState {
    return this.#state;
  }

  get anchors(): RegistryAnchors {
    return this.#anchors;
  }

  /** The log that holds the registry. */
  get log(): Log {
    return this.#log as Log;
  }

  /** The hub's keys as they are known here. */
  get hubKeys(): MemberKeys {
    return hubKeys(this.#state) ?? this.#keysBefore ?? this.#anchors.hubKeys;
  }

  /**
   * The hub's keys by an entry that the root signed (Rotate of the hub, or Epoch) and that this registry does
   * not have yet; undefined when it is not the root's, or old: keys that were given up stay given up.
   * Throws when the bytes are no entry.
   */
  newHubKeys(rootSigned: Uint8Array): MemberKeys | undefined {
    const { statement } = decodeEntry(rootSigned);
    if (statement.case !== 'rotate' && statement.case !== 'epoch') return undefined;
    if (!isRootSigned(this.#anchors.federation, statement.value, this.#anchors.rootKey)) return undefined;
    const closing = statement.case === 'rotate' ? statement.value.cut?.log : statement.value.previous?.log;
    const own = this.#state.members.get(LYON)?.log;
    const known =
      statement.case === 'epoch'
        ? this.#state.generation
        : own === undefined
          ? 0
          : parseLogName(own).generation;
    return parseLogName(closing ?? '').generation >= known ? statement.value.keys : undefined;
  }

  /** The last entry that the root signed (Rotate of the hub, or Epoch), serialised; undefined when there is none. */
  get rootSigned(): Uint8Array | undefined {
    return this.#rootSigned;
  }

  /** Calls back after each change is on disk; returns how to stop. */
  onChange(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Leaves the registry that is on disk for a later one, which begins with an Epoch signed by the root. */
  async beginEpoch(generation = this.#state.generation + 1): Promise<Log> {
    const before = this.#state;
    this.#keysBefore = this.hubKeys;
    this.#state = emptyRegistry(this.#anchors.federation, generation);
    this.#staged = this.#state;
    await this.#openLog();
    for (const listener of this.#listeners) listener(this.#state, before);
    return this.log;
  }

  /** The rules of a member's log, by the registry as it is at each call. */
  rulesFor(log: LogName): LogRules {
    return {
      keys: () => {
        const known = this.#state.logs.get(log);
        return known === undefined ? [] : [known.key];
      },
      cut: () => this.#state.logs.get(log)?.cut,
      examine: (_index, bytes) => {
        try {
          const broken = brokenRules(decodeEntry(bytes), 'member');
          return broken.length === 0 ? undefined : broken.join('; ');
        } catch (error) {
          return error instanceof Failure ? error.message : String(error);
        }
      },
    };
  }

  async #openLog(): Promise<void> {
    const name = logName(this.#anchors.federation, undefined, this.#state.generation);
    const log = await Log.open(name, this.#store, this.#rules());
    let state = this.#state;
    for (let from = 0; from < log.size; from += FOLD_BATCH) {
      for (const item of await log.read(from, from + FOLD_BATCH)) state = this.#applied(state, item);
    }
    this.#state = state;
    this.#staged = state;
    this.#log = log;
  }

  #rules(): LogRules {
    return {
      keys: (items) => this.#signers(items),
      cut: () => undefined,
      isRegistry: true,
      examine: (index, bytes) => {
        // After a write that failed, the same indices come again on top of what is on disk.
        if (index === this.#state.size) this.#staged = this.#state;
        this.#staged = this.#applied(this.#staged, bytes);
        return undefined;
      },
      committed: (_from, items) => {
        const before = this.#state;
        this.#state = items.reduce<RegistryState>((state, item) => this.#applied(state, item), before);
        for (const listener of this.#listeners) listener(this.#state, before);
      },
    };
  }

  /** The key that signs a checkpoint over these entries: a change of the hub's keys takes effect at once. */
  #signers(items: readonly LogItem[]): readonly Uint8Array[] {
    const current = this.hubKeys.log;
    for (const item of items.toReversed()) {
      if (isHole(item)) continue;
      const entry = readEntry(item);
      const { statement } = entry ?? { statement: { case: undefined } };
      if (statement.case !== 'rotate' && statement.case !== 'epoch') continue;
      if (statement.value.keys === undefined) continue;
      if (isRootSigned(this.#anchors.federation, statement.value, this.#anchors.rootKey)) {
        return [statement.value.keys.log];
      }
    }
    return [current];
  }

  #applied(state: RegistryState, item: LogItem): RegistryState {
    if (isHole(item)) throw new Failure('bad-registry-entry', 'a registry has no holes');
    const entry = decodeEntry(item);
    const broken = brokenRules(entry, 'registry');
    if (broken.length > 0)
      throw new Failure('bad-registry-entry', `registry entry ${state.size}: ${broken.join('; ')}`);
    const next = applyRegistryEntry(state, entry, this.#anchors.rootKey);
    const { statement } = entry;
    if (
      (statement.case === 'rotate' || statement.case === 'epoch') &&
      statement.value.rootSignature.length > 0
    ) {
      this.#rootSigned = item;
    }
    return next;
  }
}

function readEntry(bytes: Uint8Array): Entry | undefined {
  try {
    return decodeEntry(bytes);
  } catch {
    return undefined;
  }
}
