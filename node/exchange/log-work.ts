// A session's wishes carried out on the logs: reading what goes out, verifying and writing what comes in, holding
// heads and proofs of forks against what is here. Each work of its own; it rejects when the peer is to blame.

import { create } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Divergence,
  DivergenceSchema,
  type Fault,
  FaultSchema,
  type Segment,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { isSigned, NotAFork, provenFault } from '../log/fork.js';
import { type LogItem, safeSize } from '../log/item.js';
import type { Log } from '../log/log.js';
import { LogClosed } from '../log/log-rules.js';
import type { Logs } from '../log/logs.js';
import { readFill } from '../log/read-segment.js';
import { SegmentRefused } from '../log/verify-segment.js';
import { WriteAbandoned } from '../log/write-chain.js';
import type { LogName, MemberCode } from '../names.js';
import { BadCheckpoint } from '../tlog/checkpoint.js';
import type { CompactRange } from '../tlog/compact-range.js';
import { SEGMENT_BYTES, segmentWeight } from './messages.js';
import type { Taking } from './quota-pace.js';
import { INTERNAL_ERROR, Refusal } from './refusal.js';
import type { Session } from './session.js';

export interface LogWorkSurroundings {
  readonly logs: Logs;
  /** The peer. */
  readonly member: MemberCode;
  session(): Session;
  isOwn(log: LogName): boolean;
  /** True while our own log may still be extended from outside. */
  recovering(): boolean;
  /** How far the peer has our own logs may have to be looked at anew. */
  headsHeard(): void;
  /** A proven fork. */
  forked(fault: Fault): void;
  /** The peer shows another log of ours than we have. */
  ownLogDiffers(log: LogName, what: string): void;
  /** Holes of the log at [from, to) were filled. */
  filled(log: LogName, from: number, to: number): void;
  /** A segment is being taken. */
  taking(log: LogName, segment: Segment): Taking;
  /** The run of a log from `from` on that the peer is sent, never past `limit`. */
  segment(log: Log, from: number, limit: number | undefined): Promise<Segment | undefined>;
  /** The places of a log at [from, to) as peers may see them. */
  places(log: Log, from: number, to: number): Promise<readonly LogItem[]>;
  warn(what: string): void;
}

/** The works of one session; what each is asked for, and whom it tells, is said in the session's halves. */
export interface LogWork {
  read(log: LogName, from: number): Promise<void>;
  readRange(log: LogName, from: number, to: number): Promise<void>;
  compare(log: LogName, size: number, root: Uint8Array): Promise<void>;
  extend(log: LogName, segment: Segment): Promise<void>;
  fill(log: LogName, segment: Segment): Promise<void>;
  consider(log: LogName, note: Uint8Array): Promise<void>;
  diverged(divergence: Divergence): Promise<void>;
  fault(fault: Fault): Promise<void>;
  /** A log is open here from now on. */
  opened(log: LogName): Promise<void>;
}

/** Segments in a row that do not continue the log, from one peer, before it is sent away. */
const MAX_GAPS = 16;

/** Faults that wait for their logs, a stream. */
const MAX_EARLY = 64;
/** Two notes with their author's line alone have some 600 bytes. */
const MAX_EARLY_NOTES = 2048;

export function createLogWork(around: LogWorkSurroundings): LogWork {
  const { logs } = around;
  /** Faults of logs that are not open here yet: they are told once a stream, maybe before the registry has come. */
  const early = new Map<LogName, Fault>();
  /** Where runs of another branch of a log ended, which the peer was sending when we took ours from somebody else. */
  const branches = new Map<LogName, CompactRange>();
  let gaps = 0;

  async function read(name: LogName, from: number): Promise<void> {
    const cut = logs.registry.state.logs.get(name)?.cut?.size;
    const log = logs.get(name);
    let segment: Segment | undefined;
    try {
      segment = log === undefined ? undefined : await around.segment(log, from, cut);
    } finally {
      around.session().provider.segmentRead(name, segment);
    }
  }

  async function readRange(name: LogName, from: number, to: number): Promise<void> {
    const log = logs.get(name);
    let segment: Segment | undefined;
    try {
      segment =
        log === undefined
          ? undefined
          : await readFill(log, around.member, from, to, SEGMENT_BYTES, (first, end) =>
              around.places(log, first, end),
            );
    } finally {
      around.session().provider.rangeRead(segment);
    }
  }

  async function compare(name: LogName, size: number, root: Uint8Array): Promise<void> {
    const log = logs.get(name);
    const ours = log === undefined || log.size < size ? root : await log.rootAt(size);
    const same = Buffer.compare(ours, root) === 0;
    if (!same && log !== undefined) {
      const proven = await log.proofFrom(size);
      if (proven !== undefined && proven.via === undefined) {
        const { checkpoint, proof } = proven;
        const value = create(DivergenceSchema, {
          log: name,
          size: BigInt(size),
          root: ours,
          checkpoint,
          proof,
        });
        around.session().say({ case: 'divergence', value });
      }
    }
    around.session().provider.compared(name, same);
  }

  async function extend(name: LogName, segment: Segment): Promise<void> {
    const { provider, consumer } = around.session();
    const log = logs.get(name);
    const weight = segmentWeight(segment);
    if (log === undefined) return consumer.taken(name, 0, weight);
    const end = safeSize(segment.from) + segment.entries.length;
    // Before the log grows by it: what a peer sends is never sent back to it.
    provider.peerHas(name, end);
    if (around.isOwn(name) && !around.recovering()) {
      if (end > log.size) {
        // Anybody can send bytes: only our own signature says that there is another node with our keys.
        if ((log.provenBy(segment.checkpoint, segment.entries) ?? 0) <= log.size) {
          throw new Refusal(
            ByeCode.PROOF,
            `a segment of ${name} goes up to ${end}, and we have signed no more than ${log.size}`,
          );
        }
        around.ownLogDiffers(name, `${around.member} has it up to ${end}, here it ends at ${log.size}`);
      }
      return consumer.taken(name, log.size, weight);
    }
    const taking = around.taking(name, segment);
    try {
      const size = await log.extend(segment);
      gaps = 0;
      taking.took(log.checkpoint?.size ?? size);
      consumer.taken(name, size, weight);
      // A checkpoint that was seen before may turn out to be of another tree once we are there.
      if (log.fault !== undefined) around.forked(log.fault);
      if (around.isOwn(name)) around.headsHeard();
    } catch (error) {
      taking.failed();
      if (error instanceof SegmentRefused && (await isOnOtherBranch(log, segment))) {
        return consumer.taken(name, log.size, weight);
      }
      if (isTooEarly(log, error) && ++gaps <= MAX_GAPS) {
        consumer.taken(name, log.size, weight);
        askAgain(name);
        return;
      }
      if (error instanceof SegmentRefused) throw new Refusal(ByeCode.PROOF, error.message, error);
      if (!(error instanceof LogClosed)) throw error;
      around.warn(error.message);
      consumer.taken(name, log.size, weight);
      consumer.leave(name);
    }
  }

  /**
   * True when the author has signed both what we have of the log and this run, which does not go with it: then the
   * fork is the author's and the peer is not to blame. It is asked what it has where we are, which proves the fork.
   */
  async function isOnOtherBranch(log: Log, segment: Segment): Promise<boolean> {
    const known = branches.get(log.name);
    const end = await log.otherBranch(segment, known);
    if (end === undefined) return false;
    branches.set(log.name, end);
    await consider(log.name, segment.checkpoint);
    if (known === undefined && log.fault === undefined) around.session().consumer.ask(log.name);
    return true;
  }

  /** A run whose beginning is missing here, or one that goes on past a cut that we have not reached. */
  function isTooEarly(log: Log, error: unknown): boolean {
    if (error instanceof WriteAbandoned) return true;
    if (error instanceof SegmentRefused) return error.code === 'gap';
    const cut = logs.registry.state.logs.get(log.name)?.cut;
    return error instanceof LogClosed && log.fault === undefined && cut !== undefined && log.size < cut.size;
  }

  /** Asks for the log from where it ends now. */
  function askAgain(name: LogName): void {
    const { consumer } = around.session();
    if (!consumer.takes(name)) return;
    consumer.leave(name);
    consumer.take(name);
  }

  async function fill(name: LogName, segment: Segment): Promise<void> {
    const log = logs.get(name);
    try {
      const filled = (await log?.fill(segment)) ?? 0;
      const from = Number(segment.from);
      if (filled > 0) around.filled(name, from, from + segment.entries.length);
    } catch (error) {
      if (error instanceof SegmentRefused) throw new Refusal(ByeCode.PROOF, error.message, error);
      if (!(error instanceof LogClosed)) throw error;
      around.warn(error.message);
    }
    around.session().consumer.taken(name, log?.size ?? 0, segmentWeight(segment));
  }

  async function consider(name: LogName, note: Uint8Array): Promise<void> {
    const log = logs.get(name);
    if (log === undefined) return;
    try {
      const fault = await log.consider(note);
      if (fault !== undefined) around.forked(fault);
    } catch (error) {
      if (error instanceof BadCheckpoint)
        throw new Refusal(ByeCode.PROOF, `a head of ${name}: ${error.message}`, error);
      // Our own store failed: nothing that the peer is to blame for.
      throw new Refusal(ByeCode.INTERNAL, INTERNAL_ERROR, error);
    }
  }

  async function diverged(divergence: Divergence): Promise<void> {
    const name = divergence.log as LogName;
    const log = logs.get(name);
    if (log === undefined) return;
    const { settled, size } = log;
    if (settled === undefined || BigInt(settled.size) !== divergence.size) {
      if (BigInt(size) === divergence.size) return divergedAhead(log, divergence);
      // We have grown since we asked: asked again with the heads that we have now.
      if (++gaps <= MAX_GAPS) askAgain(name);
      return;
    }
    const proof = create(FaultSchema, {
      log: name,
      first: settled.note,
      second: divergence.checkpoint,
      firstRoot: divergence.root,
      proof: divergence.proof,
    });
    await fault(proof);
  }

  /**
   * The peer has another log where ours ends, beyond its settled head: the author has signed both. The proof comes
   * when somebody has the tree of the smaller of the two checkpoints in full.
   */
  async function divergedAhead(log: Log, divergence: Divergence): Promise<void> {
    const isOurs = Buffer.compare(divergence.root, log.root) === 0;
    if (isOurs || !isSigned(log.name, (size) => logs.registry.keysAt(log.name, size), divergence)) {
      const what = `the divergence of ${log.name} at ${divergence.size} proves nothing`;
      throw new Refusal(ByeCode.PROOF, what);
    }
    around.warn(
      `${around.member} has another ${log.name} from its author, from before ${divergence.size} on`,
    );
    await consider(log.name, divergence.checkpoint);
  }

  async function fault(told: Fault): Promise<void> {
    const name = told.log as LogName;
    const log = logs.get(name);
    if (log === undefined && early.size < MAX_EARLY && isOfUsualSize(told)) early.set(name, told);
    if (log === undefined || log.fault !== undefined) return;
    let proof: Fault;
    try {
      proof = provenFault(name, (size) => logs.registry.keysAt(name, size), told);
    } catch (error) {
      if (!(error instanceof NotAFork)) throw error;
      throw new Refusal(ByeCode.PROOF, `the fault of ${name} proves nothing: ${error.message}`, error);
    }
    await log.freeze(proof);
    around.forked(proof);
  }

  async function opened(name: LogName): Promise<void> {
    const told = early.get(name);
    early.delete(name);
    if (told !== undefined) await fault(told);
  }

  return { read, readRange, compare, extend, fill, consider, diverged, fault, opened };
}

/** A fault with nothing beside its proof; it cannot be checked before its log is known. */
function isOfUsualSize({ first, second, firstRoot, proof }: Fault): boolean {
  const isProof = proof.length <= 64 && [firstRoot, ...proof].every((hash) => hash.length <= 32);
  return isProof && first.length + second.length <= MAX_EARLY_NOTES;
}
