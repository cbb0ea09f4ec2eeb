// One member's log on the store: append-only, RFC 6962 hashed, under its author's checkpoints. It is extended
// by verified segments or, at its author, by signed appends; both write first and are seen afterwards.
//
// Two states: `accepted` (verified, perhaps still being written) and `durable` (on disk). Verification of the
// next segment goes on while the last is written; everything that others see comes from `durable`.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { StoredHeadSchema } from '../../proto/gen/icse/store/v1/store_pb.js';
import { type Fault, FaultSchema, type Hole, type Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { LogStore } from '../store/log-store.js';
import {
  BadCheckpoint,
  openCheckpoint,
  parseTreeHead,
  signCheckpoint,
  type TreeHead,
} from '../tlog/checkpoint.js';
import { rootOf } from '../tlog/compact-range.js';
import { ed25519Verifier, type NoteSigner, parseNote } from '../tlog/note.js';
import { consistencyProof, inclusionProof, type NodeReader, rootAt } from '../tlog/proof.js';
import { bundlePath, TILE_WIDTH, tileNodeReader, tilePath } from '../tlog/tile.js';
import { isHole, type LogItem, leafHashOf, refusedHole } from './item.js';
import { NotesAhead } from './notes-ahead.js';
import {
  decodeHoles,
  decodeItems,
  EMPTY_TAIL,
  fillHoles,
  growingTile,
  growTail,
  holesKey,
  loadTail,
  type Tail,
} from './tail.js';
import { hasNoHoles, SegmentRefused, verifySegment } from './verify-segment.js';

/** A checkpoint with its text. */
export interface SignedHead extends TreeHead {
  readonly note: Uint8Array;
}

/** A log at one size; never changed in place. */
export interface LogState {
  readonly tail: Tail;
  readonly root: Uint8Array;
  /** The author's latest checkpoint, at the size or beyond it. */
  readonly checkpoint: SignedHead | undefined;
  /** Consistency proof from the size to the checkpoint; undefined when it is not known here. */
  readonly ahead: readonly Uint8Array[] | undefined;
  /** The newest checkpoint whose leaves are all here. */
  readonly settled: SignedHead | undefined;
  readonly holes: number;
  readonly fault: Fault | undefined;
}

/** What the registry and the schema say about a log: asked again at each commit. */
export interface LogRules {
  /** Public keys that may have signed the author's checkpoints, the likeliest first. `items` is the run at hand. */
  keys(items: readonly LogItem[]): readonly Uint8Array[];
  /** The place up to which entries are taken; undefined = no end. */
  cut(): { readonly size: number; readonly root: Uint8Array } | undefined;
  /** The broken rule of an entry that is to become a hole; undefined when it is good. Throws to refuse the run. */
  examine(index: number, entry: Uint8Array): string | undefined;
  /** True for a registry: it takes no hole, and its signer may change to a key that is not known here yet. */
  readonly isRegistry?: boolean;
  /** The run is on disk. */
  committed?(from: number, items: readonly LogItem[]): void;
}

/** Told when a log has grown on disk, lost a hole, or was frozen. */
export type LogListener = (log: Log) => void;

/** A log that takes no more: 'frozen' by a fork, or 'closed' at its cut. */
export class LogClosed extends Failure {}

/** An append that would fork one's own log: 'behind-own-checkpoint'. */
export class AppendRefused extends Failure {}

/** A write whose predecessor failed: 'write-abandoned'. What it built on is not there; nothing was added. */
export class WriteAbandoned extends Failure {
  constructor(log: LogName) {
    super('write-abandoned', `a write to ${log} before this one failed`);
  }
}

/** Decoded bundles kept for readers that follow each other: 32 of at most some 60 KiB each. */
const CACHED_BUNDLES = 32;

const EMPTY_STATE: LogState = {
  tail: EMPTY_TAIL,
  root: rootOf(EMPTY_TAIL.range),
  checkpoint: undefined,
  ahead: [],
  settled: undefined,
  holes: 0,
  fault: undefined,
};

export class Log {
  readonly name: LogName;
  readonly #store: LogStore;
  readonly #rules: LogRules;
  readonly #onRefused: (log: LogName, index: number, rule: string) => void;
  readonly #listeners = new Set<LogListener>();
  readonly #bundles = new Map<number, Promise<LogItem[]>>();
  readonly #ahead = new NotesAhead<SignedHead>();
  #storedHead: Uint8Array | undefined;
  #durable: LogState;
  #accepted: LogState;
  /** Settles with the last write, whether it failed or not; each write waits for the one before. */
  #lastWrite: Promise<void> = Promise.resolve();
  /** Counts failed writes: a write queued before a failure must not follow it. */
  #epoch = 0;

  private constructor(
    name: LogName,
    store: LogStore,
    rules: LogRules,
    onRefused: (log: LogName, index: number, rule: string) => void,
    state: LogState,
    storedHead: Uint8Array | undefined,
  ) {
    this.name = name;
    this.#store = store;
    this.#rules = rules;
    this.#onRefused = onRefused;
    this.#durable = state;
    this.#accepted = state;
    this.#storedHead = storedHead;
  }

  /** Opens the log as it is on the store; a log that is not there yet is empty. */
  static async open(
    name: LogName,
    store: LogStore,
    rules: LogRules,
    onRefused: (log: LogName, index: number, rule: string) => void = () => {},
  ): Promise<Log> {
    const bytes = await store.head(name);
    if (bytes === undefined) return new Log(name, store, rules, onRefused, EMPTY_STATE, undefined);
    const head = fromBinary(StoredHeadSchema, bytes);
    const tail = await loadTail(head, (keys) => store.objects(name, keys));
    const state: LogState = {
      tail,
      root: rootOf(tail.range),
      checkpoint: storedCheckpoint(name, head.checkpoint),
      ahead: head.aheadKnown ? head.ahead : undefined,
      settled: storedCheckpoint(name, head.settled),
      holes: Number(head.holes),
      fault: head.fault,
    };
    return new Log(name, store, rules, onRefused, state, bytes);
  }

  /** Entries on disk. */
  get size(): number {
    return this.#durable.tail.range.size;
  }

  /** Root of the entries on disk. */
  get root(): Uint8Array {
    return this.#durable.root;
  }

  get checkpoint(): SignedHead | undefined {
    return this.#durable.checkpoint;
  }

  get settled(): SignedHead | undefined {
    return this.#durable.settled;
  }

  get holes(): number {
    return this.#durable.holes;
  }

  get fault(): Fault | undefined {
    return this.#durable.fault;
  }

  /** Calls back on each growth, filled hole and freeze, after it is on disk; returns how to stop. */
  onChange(listener: LogListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Adds one's own entries under a checkpoint of the new size; resolves when both are on disk.
   * Throws AppendRefused, what a registry's rules throw, LogClosed, or the store's error; then nothing was added.
   */
  async append(entries: readonly Uint8Array[], signer: NoteSigner): Promise<SignedHead> {
    const before = this.#open();
    const { size } = before.tail.range;
    if (before.checkpoint !== undefined && before.checkpoint.size > size) {
      throw new AppendRefused(
        'behind-own-checkpoint',
        `${this.name} is signed up to ${before.checkpoint.size} and is here up to ${size} only`,
      );
    }
    // A member's entry that breaks a rule is a hole at others; a registry's would stop them all.
    if (this.#rules.isRegistry === true) {
      for (const [offset, entry] of entries.entries()) this.#rules.examine(size + offset, entry);
    }
    const grown = growTail(before.tail, entries);
    const head = { log: this.name, size: grown.tail.range.size, root: rootOf(grown.tail.range) };
    const signed = { ...head, note: signCheckpoint(head, signer) };
    const after: LogState = {
      ...before,
      tail: grown.tail,
      root: head.root,
      checkpoint: signed,
      ahead: [],
      settled: signed,
    };
    await this.#write(after, grown.puts, grown.deletes, () => {
      this.#rules.committed?.(size, entries);
    });
    return signed;
  }

  /**
   * Continues the log with a segment from a peer; resolves with the size on disk. What is known already is
   * passed over; entries that break a rule become holes. Throws SegmentRefused (the sender is to blame),
   * LogClosed, or the store's error; then nothing was added.
   */
  async extend(segment: Segment): Promise<number> {
    const before = this.#open();
    const keys = this.#rules.keys(segment.entries);
    const verified = verifySegment(this.name, before.tail.range, segment, keys);
    if (verified === undefined) {
      await this.#lastWrite;
      return this.size;
    }
    if (this.#rules.isRegistry === true && !hasNoHoles(verified.items)) {
      throw new SegmentRefused('bad-segment', 'a registry has no holes');
    }
    const items = verified.items.map((item, offset) => this.#examined(verified.from + offset, item));
    const grown = growTail(before.tail, items);
    const size = grown.tail.range.size;
    const root = rootOf(grown.tail.range);
    const signed = { ...verified.checkpoint, note: verified.note };
    const after: LogState = {
      tail: grown.tail,
      root,
      checkpoint: signed,
      ahead: verified.ahead,
      settled: signed.size === size ? signed : before.settled,
      holes: before.holes + items.filter(isHole).length,
      fault: undefined,
    };
    const passed = before.checkpoint;
    if (passed !== undefined && passed.size > before.tail.range.size) this.#ahead.add(passed);
    await this.#write(after, grown.puts, grown.deletes, () => this.#rules.committed?.(verified.from, items));
    await this.#compareAhead();
    return size;
  }

  /**
   * Puts bytes into holes that wait for them; bytes that do not hash to the leaf are refused with
   * SegmentRefused. Returns how many holes were filled.
   */
  async fill(segment: Segment): Promise<number> {
    const from = Number(segment.from);
    for (;;) {
      await this.#lastWrite;
      const state = this.#open();
      if (state !== this.#durable) continue;
      const fresh = await this.#fitting(from, segment.entries);
      if (fresh.size === 0) return 0;
      const bundles = new Map<number, LogItem[]>();
      const tailStart = state.tail.range.size - state.tail.items.length;
      for (const index of fresh.keys()) {
        const start = Math.floor(index / TILE_WIDTH) * TILE_WIDTH;
        if (start !== tailStart) bundles.set(start, await this.#bundle(start / TILE_WIDTH));
      }
      // The log grew while we read: what is written must follow from what it is now.
      if (this.#accepted !== state) continue;
      const { tail, puts } = fillHoles(state.tail, bundles, fresh);
      const filled = { ...state, tail, holes: state.holes - fresh.size };
      await this.#write(filled, puts, [], () => this.#bundles.clear());
      return fresh.size;
    }
  }

  /** Those of the bytes that fit holes. Throws SegmentRefused when bytes do not hash to their leaf. */
  async #fitting(from: number, entries: readonly Uint8Array[]): Promise<Map<number, Uint8Array>> {
    const fresh = new Map<number, Uint8Array>();
    for (const [offset, item] of (await this.read(from, from + entries.length)).entries()) {
      const bytes = entries[offset];
      if (!isHole(item) || bytes === undefined || bytes.length === 0) continue;
      if (Buffer.compare(leafHashOf(bytes), item.leafHash) !== 0) {
        throw new SegmentRefused(
          'bad-proof',
          `the entry for index ${from + offset} is not the one that the log has`,
        );
      }
      if (this.#rules.examine(from + offset, bytes) === undefined)
        fresh.set(from + offset, new Uint8Array(bytes));
    }
    return fresh;
  }

  /** The places at [from, to), to at most the size on disk. */
  async read(from: number, to: number): Promise<LogItem[]> {
    const { tail } = this.#durable;
    const end = Math.min(to, tail.range.size);
    const tailStart = tail.range.size - tail.items.length;
    const items: LogItem[] = [];
    for (let index = from; index < end; ) {
      const bundle = Math.floor(index / TILE_WIDTH);
      const start = bundle * TILE_WIDTH;
      const places = start === tailStart ? tail.items : await this.#bundle(bundle);
      const slice = places.slice(index - start, end - start);
      items.push(...slice);
      index = start + places.length;
      if (slice.length === 0) break;
    }
    return items;
  }

  /** The holes below the size on disk, in order, at most `limit`. */
  async listHoles(limit: number): Promise<Hole[]> {
    const holes: Hole[] = [];
    if (this.holes === 0) return holes;
    for (const key of await this.#store.keys(this.name, 'holes/')) {
      const bytes = await this.#store.object(this.name, key);
      if (bytes !== undefined) holes.push(...decodeHoles(bytes));
    }
    holes.sort((a, b) => Number(a.index - b.index));
    return holes.slice(0, limit);
  }

  /** Root of the first `size` entries; size must be at most the size on disk. */
  rootAt(size: number): Promise<Uint8Array> {
    if (size === this.size) return Promise.resolve(this.root);
    return rootAt(size, this.#nodes());
  }

  /** RFC 6962 consistency proof between two sizes, both on disk. */
  consistency(from: number, to: number): Promise<Uint8Array[]> {
    return consistencyProof(from, to, this.#nodes());
  }

  /** RFC 6962 inclusion proof of an entry in the tree of the given size. */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return inclusionProof(index, size, this.#nodes());
  }

  /** What is needed to serve a run that ends at `end`: the checkpoint and the proof that leads to it. */
  async proofFrom(end: number): Promise<
    | (Pick<Segment, 'checkpoint' | 'proof'> & {
        via?: { size: bigint; root: Uint8Array; proof: Uint8Array[] };
      })
    | undefined
  > {
    const { checkpoint, settled, ahead, root, tail } = this.#durable;
    const size = tail.range.size;
    if (settled !== undefined && settled.size >= end) {
      return { checkpoint: settled.note, proof: await this.consistency(end, settled.size) };
    }
    if (checkpoint === undefined || ahead === undefined) return undefined;
    if (end === size) return { checkpoint: checkpoint.note, proof: [...ahead] };
    const proof = await this.consistency(end, size);
    return { checkpoint: checkpoint.note, proof: [...ahead], via: { size: BigInt(size), root, proof } };
  }

  /**
   * Compares a checkpoint that was seen anywhere with the log. Returns the proof when it shows a fork, and
   * freezes the log; one beyond our size waits until we are there. Throws BadCheckpoint when it is not the
   * author's.
   */
  async consider(note: Uint8Array): Promise<Fault | undefined> {
    if (this.#accepted.fault !== undefined) return undefined;
    const seen = this.#verifiedNote(note);
    if (seen === undefined) return undefined;
    const { settled, checkpoint } = this.#durable;
    if (settled !== undefined && seen.size <= settled.size) return this.#compare(seen, settled);
    const other =
      checkpoint?.size === seen.size && Buffer.compare(checkpoint.root, seen.root) !== 0
        ? checkpoint
        : this.#ahead.add(seen);
    if (other === undefined) return undefined;
    // Two trees of one size: no proof is needed, and we need not be there to see it.
    const fault = create(FaultSchema, { log: this.name, first: other.note, second: seen.note });
    await this.freeze(fault);
    return fault;
  }

  /** The note as its author's; undefined when a registry's note is signed by a key not known here (any more). */
  #verifiedNote(note: Uint8Array): SignedHead | undefined {
    const key = this.#rules.keys([])[0] ?? new Uint8Array(32);
    try {
      return { ...openCheckpoint(note, ed25519Verifier(this.name, key)), note: new Uint8Array(note) };
    } catch (error) {
      if (this.#rules.isRegistry === true && error instanceof BadCheckpoint) return undefined;
      throw error;
    }
  }

  /** Compares a head of at most the settled size with the log; freezes it when they differ. */
  async #compare(seen: SignedHead, settled: SignedHead): Promise<Fault | undefined> {
    const root = await this.rootAt(seen.size);
    if (Buffer.compare(root, seen.root) === 0) return undefined;
    const fault = create(FaultSchema, {
      log: this.name,
      first: seen.note,
      second: settled.note,
      firstRoot: root,
      proof: await this.consistency(seen.size, settled.size),
    });
    await this.freeze(fault);
    return fault;
  }

  /** Keeps the proof of a fork, already verified, and takes nothing more. */
  async freeze(fault: Fault): Promise<void> {
    if (this.#accepted.fault !== undefined) return;
    await this.#write({ ...this.#accepted, fault }, [], []);
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#lastWrite;
  }

  #open(): LogState {
    if (this.#accepted.fault !== undefined) {
      throw new LogClosed('frozen', `${this.name} was forked by its author and is frozen at ${this.size}`);
    }
    return this.#accepted;
  }

  #examined(index: number, item: LogItem): LogItem {
    if (isHole(item)) return item;
    const rule = this.#rules.examine(index, item);
    if (rule === undefined) return item;
    this.#onRefused(this.name, index, rule);
    return refusedHole(index, item);
  }

  /** Entries at or above a cut are never taken, and at the cut the tree is the one that the registry names. */
  #cutHolds(after: LogState): void {
    const cut = this.#rules.cut();
    if (cut === undefined) return;
    const { size } = after.tail.range;
    if (size === this.size) return;
    if (size > cut.size) throw new LogClosed('closed', `${this.name} is closed at ${cut.size}`);
    if (size === cut.size && Buffer.compare(after.root, cut.root) !== 0) {
      throw new LogClosed(
        'cut-differs',
        `${this.name} has another tree at ${cut.size} than the registry names`,
      );
    }
  }

  #write(
    after: LogState,
    puts: [string, Uint8Array][],
    deletes: string[],
    onDurable?: () => void,
  ): Promise<void> {
    const head = encodeState(after);
    const epoch = this.#epoch;
    this.#accepted = after;
    const write = this.#lastWrite.then(async () => {
      if (epoch !== this.#epoch) {
        throw new WriteAbandoned(this.name);
      }
      try {
        this.#cutHolds(after);
        await this.#store.commit([{ log: this.name, expected: this.#storedHead, head, puts, deletes }]);
      } catch (error) {
        // The log stands where the disk stands, and what was queued behind goes with this write.
        this.#epoch++;
        this.#accepted = this.#durable;
        throw error;
      }
      this.#storedHead = head;
      this.#durable = after;
      onDurable?.();
      for (const listener of this.#listeners) {
        try {
          listener(this);
        } catch (error) {
          // What is on disk is not called failed because somebody cannot hear of it: it is a fault of its own.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    });
    this.#lastWrite = write.catch(() => {});
    return write;
  }

  async #compareAhead(): Promise<void> {
    const { settled } = this;
    if (settled === undefined) return;
    for (const seen of this.#ahead.reached(settled.size)) {
      if (this.#accepted.fault !== undefined) return;
      await this.#compare(seen, settled);
    }
  }

  #bundle(index: number): Promise<LogItem[]> {
    const cached = this.#bundles.get(index);
    if (cached !== undefined) return cached;
    const loading = this.#loadBundle(index);
    this.#bundles.set(index, loading);
    loading.catch(() => this.#bundles.delete(index));
    const oldest = this.#bundles.keys().next().value;
    if (this.#bundles.size > CACHED_BUNDLES && oldest !== undefined) this.#bundles.delete(oldest);
    return loading;
  }

  async #loadBundle(index: number): Promise<LogItem[]> {
    const [bytes, holes] = await this.#store.objects(this.name, [bundlePath(index), holesKey(index)]);
    if (bytes === undefined)
      throw new Failure('store-damaged', `bundle ${index} of ${this.name} is missing on disk`);
    return decodeItems(bytes, index * TILE_WIDTH, holes === undefined ? [] : decodeHoles(holes));
  }

  #nodes(): NodeReader {
    const { tail } = this.#durable;
    return tileNodeReader(async (level, index) => {
      const growing = growingTile(tail, level, index);
      if (growing !== undefined) return Buffer.concat(growing);
      const tile = await this.#store.object(this.name, tilePath(level, index));
      if (tile === undefined)
        throw new Failure('store-damaged', `${tilePath(level, index)} of ${this.name} is missing on disk`);
      return tile;
    });
  }
}

function encodeState(state: LogState): Uint8Array {
  const { tail, checkpoint, settled, ahead, holes, fault } = state;
  return toBinary(
    StoredHeadSchema,
    create(StoredHeadSchema, {
      size: BigInt(tail.range.size),
      range: [...tail.range.hashes],
      checkpoint: checkpoint?.note ?? new Uint8Array(0),
      ahead: ahead === undefined ? [] : [...ahead],
      aheadKnown: ahead !== undefined,
      settled: settled?.note ?? new Uint8Array(0),
      pieces: tail.pieces.map(BigInt),
      holes: BigInt(holes),
      ...(fault === undefined ? {} : { fault }),
    }),
  );
}

/** Our own copy of a checkpoint, verified before it was stored. */
function storedCheckpoint(log: LogName, note: Uint8Array): SignedHead | undefined {
  if (note.length === 0) return undefined;
  const head = parseTreeHead(parseNote(note).text);
  if (head.log !== log)
    throw new Failure('store-damaged', `the checkpoint of ${log} on disk is of ${head.log}`);
  return { log, size: head.size, root: head.root, note };
}
