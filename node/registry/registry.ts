// The registry as a running node holds it: the fold over its log on disk, the rules that this log and the
// members' logs obey, and whom to tell when it changes.

import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import { HoleReason } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { MemberKeys } from '../../proto/gen/icse/v1/registry_pb.js';
import { Failure } from '../failure.js';
import { isHole, type LogItem } from '../log/item.js';
import { Log } from '../log/log.js';
import type { LogRules, Objection } from '../log/log-rules.js';
import { type FederationId, type LogName, LYON, logName, type MemberCode, parseLogName } from '../names.js';
import { hasAll, isFor } from '../statements/addressee.js';
import { checkEntryBytes, decodeEntry, entryOrNothing } from '../statements/entry.js';
import { isGoodRecord } from '../statements/quick-check.js';
import type { Author } from '../statements/references.js';
import { brokenRules } from '../statements/rules.js';
import type { LogStore } from '../store/log-store.js';
import { keysAt } from './log-keys.js';
import { isRootSigned } from './root-signature.js';
import { applyRegistryEntry, emptyRegistry, hubKeys, type RegistryState } from './state.js';

export interface RegistryAnchors {
  readonly federation: FederationId;
  /** Ed25519 public key of the federation's root. */
  readonly rootKey: Uint8Array;
  /** The hub's keys that the invitation named: trusted until the registry or the root says otherwise. */
  readonly hubKeys: MemberKeys;
  /** The registry that there is at least, 2 after the first epoch: a hub may have lost what its disk says. */
  readonly generation?: number;
  /** Whose node this is: it keeps what is for this member. Without it, whatever comes. */
  readonly member?: MemberCode;
}

export type RegistryListener = (state: RegistryState, before: RegistryState) => void;

/** The hub's keys by the root's word, from the hub's log of the generation `closes + 1` on. */
interface Turn {
  readonly keys: MemberKeys;
  readonly closes: number;
}

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
  /** The newest such entry that the hub has shown in its hello, while it is news. */
  #shown: Uint8Array | undefined;
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
    const generation = Math.max(anchors.generation ?? 1, ...generations);
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
    return this.#news(rootSigned)?.keys;
  }

  /**
   * The hub's hello, which has been verified, shows this entry of the root: its keys may sign a registry of which
   * we have not seen that entry yet. What is old, or not the root's, is passed over.
   */
  hubShows(rootSigned: Uint8Array): void {
    const news = this.#news(rootSigned);
    if (news === undefined) return;
    const before = this.#shown === undefined ? undefined : this.#news(this.#shown);
    if (before === undefined || news.closes >= before.closes) this.#shown = rootSigned;
  }

  /**
   * Public keys under which a checkpoint of the log counts at that size, keys that it had earlier and those that
   * the hub's hello has shown among them.
   */
  keysAt(log: LogName, size: number): readonly Uint8Array[] {
    const known = keysAt(this.#state, log, size);
    const { member, generation } = parseLogName(log);
    if (member !== undefined) return known;
    const keys = known.length === 0 ? [this.hubKeys.log] : known;
    return generation < this.#state.generation ? keys : [...keys, ...this.#shownKeys()];
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
    const { member, generation } = parseLogName(log);
    const me = this.#anchors.member;
    const refused = (rule: string): Objection => ({ reason: HoleReason.REFUSED, rule });
    const authorAt = (index: number): Author | undefined =>
      member === undefined ? undefined : { member, generation, index };
    return {
      keys: () => {
        const known = this.#state.logs.get(log);
        return known === undefined ? [] : [known.key];
      },
      keysAt: (size) => keysAt(this.#state, log, size),
      cut: () => this.#state.logs.get(log)?.cut,
      examine: (index, bytes) => {
        try {
          if (isGoodRecord(checkEntryBytes(bytes))) return undefined;
          const broken = brokenRules(decodeEntry(bytes), 'member', authorAt(index));
          if (broken.length > 0) return refused(broken.join('; '));
          return me === undefined || isFor(me, member, bytes)
            ? undefined
            : { reason: HoleReason.NOT_ADDRESSED };
        } catch (error) {
          return refused(error instanceof Failure ? error.message : String(error));
        }
      },
      isAllDue: me === undefined || hasAll(me, member),
    };
  }

  async #openLog(): Promise<void> {
    const name = logName(this.#anchors.federation, undefined, this.#state.generation);
    const log = await Log.open(name, this.#store, this.#rules(name));
    let state = this.#state;
    for (let from = 0; from < log.size; from += FOLD_BATCH) {
      for (const item of await log.read(from, from + FOLD_BATCH)) state = this.#applied(state, item);
    }
    this.#state = state;
    this.#staged = state;
    this.#log = log;
  }

  #rules(name: LogName): LogRules {
    return {
      keys: (items) => this.#signers(items),
      keysAt: (size) => this.keysAt(name, size),
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

  /**
   * The keys that may sign a checkpoint over these entries and what follows them. A change of the hub's keys takes
   * effect at once: the ones that it gave up sign nothing that comes after.
   */
  #signers(items: readonly LogItem[]): readonly Uint8Array[] {
    const turn = this.#lastTurn(items);
    const keys = [(turn?.keys ?? this.hubKeys).log];
    // The run may end before the turn that its checkpoint is already signed by.
    const news = this.#shown === undefined ? undefined : this.#news(this.#shown);
    if (news !== undefined && (turn === undefined || news.closes > turn.closes)) keys.push(news.keys.log);
    return keys;
  }

  #shownKeys(): Uint8Array[] {
    const news = this.#shown === undefined ? undefined : this.#news(this.#shown);
    return news === undefined ? [] : [news.keys.log];
  }

  /** The last change of the hub's keys among the entries. */
  #lastTurn(items: readonly LogItem[]): Turn | undefined {
    for (const item of items.toReversed()) {
      const entry = isHole(item) ? undefined : entryOrNothing(item);
      const turn = entry === undefined ? undefined : this.#turnOf(entry);
      if (turn !== undefined) return turn;
    }
    return undefined;
  }

  /** The change that the root signed, unless this registry has it already. Throws when the bytes are no entry. */
  #news(rootSigned: Uint8Array): Turn | undefined {
    const entry = decodeEntry(rootSigned);
    const turn = this.#turnOf(entry);
    if (turn === undefined) return undefined;
    const { generation, size, members } = this.#state;
    if (entry.statement.case === 'epoch') {
      const previous = parseLogName(entry.statement.value.previous?.log ?? '').generation;
      // A registry that has begun and holds nothing yet waits for its own epoch.
      return previous >= (size === 0 ? generation - 1 : generation) ? turn : undefined;
    }
    const own = members.get(LYON)?.log;
    return turn.closes >= (own === undefined ? 0 : parseLogName(own).generation) ? turn : undefined;
  }

  /** A Rotate of the hub or an Epoch, when the root signed it. */
  #turnOf({ statement }: Entry): Turn | undefined {
    if (statement.case !== 'rotate' && statement.case !== 'epoch') return undefined;
    const { keys } = statement.value;
    if (keys === undefined) return undefined;
    if (!isRootSigned(this.#anchors.federation, statement.value, this.#anchors.rootKey)) return undefined;
    if (statement.case === 'epoch') return { keys, closes: statement.value.past.length };
    return { keys, closes: parseLogName(statement.value.cut?.log ?? '').generation };
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
