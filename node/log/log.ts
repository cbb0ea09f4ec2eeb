// One member's log on the store: append-only, RFC 6962 hashed, under its author's checkpoints. It is extended
// by verified segments or, at its author, by signed appends; both write first and are seen afterwards.

import { type Fault, type Hole, HoleReason, type Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import type { LogStore } from '../store/log-store.js';
import { BadCheckpoint, signCheckpoint } from '../tlog/checkpoint.js';
import { type CompactRange, rootOf } from '../tlog/compact-range.js';
import type { NoteSigner } from '../tlog/note.js';
import { consistencyProof, inclusionProof, rangeAt, rootAt } from '../tlog/proof.js';
import { openAuthorNote } from './author-note.js';
import { createNoteComparison, type NoteComparison } from './comparing-notes.js';
import { examined } from './examining.js';
import { fillingFrom } from './filling.js';
import { hashRun } from './hashed-run.js';
import { isForOthers, isHole, type LogItem, leafHashOf, safeSize } from './item.js';
import { createLogReader, type LogReader } from './log-reader.js';
import { checkCut, LogClosed, type LogRules } from './log-rules.js';
import { EMPTY_STATE, type LogState, loadState, type SignedHead } from './log-state.js';
import { doubtedHole, type Fate, isPurged, purgedHole } from './purged-hole.js';
import { type Replace, rewritePlaces } from './rewriting.js';
import { growTail } from './tail.js';
import { hasNoHoles, SegmentRefused, verifySegment } from './verify-segment.js';
import { createWriteChain, WriteAbandoned, type WriteChain } from './write-chain.js';

/** Told when a log has grown on disk, lost a hole, or was frozen. */
export type LogListener = (log: Log) => void;

/** An append that would fork one's own log: 'behind-own-checkpoint'. */
export class AppendRefused extends Failure {}

type OnRefused = (log: LogName, index: number, rule: string) => void;

export class Log {
  readonly name: LogName;
  readonly #rules: LogRules;
  readonly #refused: (index: number, rule: string) => void;
  readonly #listeners = new Set<LogListener>();
  readonly #chain: WriteChain;
  readonly #reader: LogReader;
  readonly #notes: NoteComparison;
  #rewriting: Promise<unknown> = Promise.resolve();

  private constructor(
    name: LogName,
    store: LogStore,
    rules: LogRules,
    onRefused: OnRefused,
    start: { readonly state: LogState; readonly storedHead: Uint8Array | undefined },
  ) {
    this.name = name;
    this.#rules = rules;
    this.#refused = (index, rule) => onRefused(name, index, rule);
    this.#chain = createWriteChain(
      name,
      store,
      start,
      (after, durable) => checkCut(name, rules, after, durable.tail.range.size),
      () => this.#tell(),
    );
    this.#reader = createLogReader(name, store, () => this.#chain.durable.tail);
    this.#notes = createNoteComparison({
      name,
      rules,
      durable: () => this.#chain.durable,
      isFrozen: () => this.#chain.accepted.fault !== undefined,
      rootAt: (size) => this.rootAt(size),
      consistency: (from, to) => this.consistency(from, to),
      freeze: (fault) => this.freeze(fault),
    });
  }

  /** Opens the log as it is on the store; a log that is not there yet is empty. */
  static async open(
    name: LogName,
    store: LogStore,
    rules: LogRules,
    onRefused: OnRefused = () => {},
  ): Promise<Log> {
    const storedHead = await store.head(name);
    const state =
      storedHead === undefined
        ? EMPTY_STATE
        : await loadState(name, storedHead, (keys) => store.objects(name, keys));
    return new Log(name, store, rules, onRefused, { state, storedHead });
  }

  /** Entries on disk. */
  get size(): number {
    return this.#chain.durable.tail.range.size;
  }

  /** Root of the entries on disk. */
  get root(): Uint8Array {
    return this.#chain.durable.root;
  }

  get checkpoint(): SignedHead | undefined {
    return this.#chain.durable.checkpoint;
  }

  get settled(): SignedHead | undefined {
    return this.#chain.durable.settled;
  }

  /** Places whose bytes are not here and may come. */
  get holes(): number {
    return this.#chain.durable.holes - this.purged;
  }

  /** Places whose bytes are gone for good: retracted or expired. */
  get purged(): number {
    return this.#chain.durable.purged;
  }

  /** Holes whose bytes are due here: all but those that are sealed for others. */
  get dueHoles(): number {
    const { holes, forOthers, purged } = this.#chain.durable;
    return holes - forOthers - purged;
  }

  get fault(): Fault | undefined {
    return this.#chain.durable.fault;
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
    const grown = growTail(before.tail, entries, hashRun(before.tail.range, entries));
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
    const { puts, deletes } = grown;
    const onDurable = (): void => this.#rules.committed?.(size, entries);
    await this.#chain.write({ after, puts, deletes, onDurable });
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
      await this.#chain.idle();
      // It was passed over for what was on its way to the disk; if that did not get there, it is new after all.
      const end = safeSize(segment.from) + segment.entries.length;
      return this.size < end ? this.extend(segment) : this.size;
    }
    if (this.#rules.isRegistry === true && !hasNoHoles(verified.items)) {
      throw new SegmentRefused('bad-segment', 'a registry has no holes');
    }
    const items = verified.items.map((item, offset) =>
      examined(this.#rules, verified.from + offset, item, this.#refused),
    );
    const grown = growTail(before.tail, items, verified.hashed);
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
      forOthers: before.forOthers + items.filter(isForOthers).length,
      purged: before.purged,
      fault: undefined,
    };
    const passed = before.checkpoint;
    if (passed !== undefined && passed.size > before.tail.range.size) this.#notes.passed(passed);
    const { puts, deletes } = grown;
    const onDurable = (): void => this.#rules.committed?.(verified.from, items);
    await this.#chain.write({ after, puts, deletes, onDurable });
    await this.#notes.reached();
    return size;
  }

  /**
   * Where a run ends that its author has signed on another branch of this log: it does not continue ours, but it
   * does continue what it begins at, in ours or at `end`, the end of such a run before it. Undefined when the
   * author has signed no such thing.
   */
  async otherBranch(segment: Segment, end?: CompactRange): Promise<CompactRange | undefined> {
    await this.#chain.idle();
    const from = safeSize(segment.from);
    const known = end?.size === from ? end : undefined;
    if (known === undefined && from > this.size) return undefined;
    const begins = known ?? (await rangeAt(from, this.#reader.nodes()));
    try {
      return verifySegment(this.name, begins, segment, this.#rules.keys(segment.entries))?.hashed.range;
    } catch (error) {
      if (error instanceof SegmentRefused) return undefined;
      throw error;
    }
  }

  /**
   * Puts bytes into holes that wait for them; bytes that do not hash to the leaf are refused with
   * SegmentRefused. Returns how many holes were filled.
   */
  async fill(segment: Segment): Promise<number> {
    const from = Number(segment.from);
    const fillingOf = fillingFrom(segment, this.#rules, this.#refused);
    const filled = new Set<number>();
    await this.#rewrite(
      segment.entries.map((_entry, offset) => from + offset),
      (index, item) => {
        this.#open();
        const now = fillingOf(index, item);
        if (now !== undefined && !isHole(now)) filled.add(index);
        return now;
      },
    );
    return filled.size;
  }

  /**
   * Drops the bytes at these places, for good: what is left is the leaf hash and why. Also of a log that is frozen.
   * Returns how many places had their bytes. Throws the store's error; then nothing was dropped.
   */
  async purge(fates: ReadonlyMap<number, Fate>): Promise<number> {
    const dropped = new Set<number>();
    await this.#rewrite(fates.keys(), (index, item) => {
      const isMissing = isHole(item) && item.reason === HoleReason.MISSING;
      if (isHole(item) && !isMissing) return undefined;
      if (!isMissing) dropped.add(index);
      return purgedHole(index, leafHashOf(item), fates.get(index) as Fate);
    });
    return dropped.size;
  }

  /** Nothing vouches any more for these holes being gone, or not good: they count as missing again. */
  async doubt(indices: Iterable<number>): Promise<void> {
    await this.#rewrite(indices, (_index, item) => (isHole(item) ? doubtedHole(item) : undefined));
  }

  /** The places at [from, to), to at most the size on disk. */
  read(from: number, to: number): Promise<LogItem[]> {
    return this.#reader.read(from, to);
  }

  /** The holes below the size on disk whose bytes are due here, in order, at most `limit`. */
  async listDueHoles(limit: number): Promise<Hole[]> {
    if (this.dueHoles === 0) return [];
    return (await this.#reader.holes())
      .filter((hole) => !isForOthers(hole) && !isPurged(hole))
      .slice(0, limit);
  }

  /** The holes below the size on disk whose bytes are gone for good, in order. */
  async listPurged(): Promise<Hole[]> {
    if (this.purged === 0) return [];
    return (await this.#reader.holes()).filter(isPurged);
  }

  /** Root of the first `size` entries; size must be at most the size on disk. */
  rootAt(size: number): Promise<Uint8Array> {
    if (size === this.size) return Promise.resolve(this.root);
    return rootAt(size, this.#reader.nodes());
  }

  /** RFC 6962 consistency proof between two sizes, both on disk. */
  consistency(from: number, to: number): Promise<Uint8Array[]> {
    return consistencyProof(from, to, this.#reader.nodes());
  }

  /** RFC 6962 inclusion proof of an entry in the tree of the given size. */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return inclusionProof(index, size, this.#reader.nodes());
  }

  /** What is needed to serve a run that ends at `end`: the checkpoint and the proof that leads to it. */
  async proofFrom(end: number): Promise<
    | (Pick<Segment, 'checkpoint' | 'proof'> & {
        via?: { size: bigint; root: Uint8Array; proof: Uint8Array[] };
      })
    | undefined
  > {
    const { checkpoint, settled, ahead, root, tail } = this.#chain.durable;
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
  consider(note: Uint8Array): Promise<Fault | undefined> {
    return this.#notes.consider(note);
  }

  /**
   * How far the note shows the author to have gone with the log: 0 when it is not the author's; undefined for a
   * registry when it is by no key that is known here (yet). `items` is the run that came with it, if any.
   */
  provenBy(note: Uint8Array, items: readonly LogItem[] = []): number | undefined {
    try {
      const keys = this.#rules.keys(items);
      return openAuthorNote(this.name, note, (size) => [...this.#rules.keysAt(size), ...keys]).size;
    } catch (error) {
      if (!(error instanceof BadCheckpoint)) throw error;
      return this.#rules.isRegistry === true ? undefined : 0;
    }
  }

  /** Keeps the proof of a fork, already verified, and takes nothing more. */
  async freeze(fault: Fault): Promise<void> {
    for (;;) {
      const { accepted } = this.#chain;
      if (accepted.fault !== undefined) return;
      try {
        return await this.#chain.write({ after: { ...accepted, fault }, puts: [], deletes: [] });
      } catch (error) {
        // A write before it failed, and took it along: there is still a fork.
        if (!(error instanceof WriteAbandoned)) throw error;
      }
    }
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#chain.idle();
  }

  /** One rewriting at a time: each starts from what the one before left on disk. */
  async #rewrite(indices: Iterable<number>, replace: Replace): Promise<number> {
    const rewritten = this.#rewriting.then(() =>
      rewritePlaces(indices, replace, { chain: this.#chain, reader: this.#reader }),
    );
    this.#rewriting = rewritten.catch(() => {});
    return await rewritten;
  }

  #open(): LogState {
    if (this.#chain.accepted.fault !== undefined) {
      throw new LogClosed('frozen', `${this.name} was forked by its author and is frozen at ${this.size}`);
    }
    return this.#chain.accepted;
  }

  #tell(): void {
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
  }
}
