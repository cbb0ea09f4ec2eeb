// The giving half of a session: what the peer has asked for, how far it has got, and what goes next. A peer is
// a cursor: nothing is queued for it, and it costs the same whether it is far behind or up to date. Sans-I/O.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Head,
  HeadSchema,
  HeadsSchema,
  type Ranges,
  type Segment,
  type Want,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { safeSize } from '../log/item.js';
import { type LogName, parseLogName } from '../names.js';
import {
  ANNOUNCE_MS,
  type Content,
  HEADS_BYTES,
  headsDigest,
  LIVE_ENTRIES,
  type LocalHead,
  MAX_SEGMENT_WEIGHT,
  segmentWeight,
  WINDOW_BYTES,
} from './messages.js';
import { Refusal } from './refusal.js';

export interface ProviderSurroundings {
  /** Logs that the peer can get from this node, ascending by name. */
  offered(): readonly LogName[];
  head(log: LogName): LocalHead;
  send(content: Content): void;
  /** Reads a segment at `from` and hands it to `segmentRead`. */
  read(log: LogName, from: number): void;
  /** Reads a range that fills holes and hands it to `rangeRead`. */
  readRange(log: LogName, from: number, to: number): void;
  /** Compares a tree head of the peer with ours, answers with a Divergence if they differ, calls `compared`. */
  compare(log: LogName, size: number, root: Uint8Array): void;
}

interface TreeSize {
  readonly size: number;
  readonly root: Uint8Array;
}

/** One log that the peer follows. */
interface Cursor {
  next: number;
  /** A read or a comparison is under way. */
  busy: boolean;
  /** Heads of the peer that have not been compared with ours yet, the smaller first. */
  heads: readonly TreeSize[];
  /** The log's size when it was last read, and when a read gave nothing to send: asked again when it differs. */
  readAt: number;
  nothingAt: number;
}

/** More logs than a federation has; bounds what a peer can make us remember. */
const MAX_FOLLOWED = 16_384;
/** Ranges that wait to be read for one peer, and the longest one. */
const MAX_RANGES = 64;
const MAX_RANGE = 256;
/** Reads under way at once for one peer: one is sent while the next is read. */
const MAX_READS = 2;

export interface Provider {
  /** Says the digest of all heads that the peer can get here. */
  sayDigest(): void;
  want(want: Want): void;
  acknowledged(bytes: bigint): void;
  /** A log grew on disk, or the registry changed what is offered. */
  grew(log?: LogName): void;
  segmentRead(log: LogName, segment: Segment | undefined): void;
  rangeRead(segment: Segment | undefined): void;
  compared(log: LogName, same: boolean): void;
  /** The peer itself gave us this log up to `size`: it needs nothing below. */
  peerHas(log: LogName, size: number): void;
  tick(nowMs: number): void;
  /** Follows of the peer: log → next index that it will be sent. */
  cursors(): ReadonlyMap<LogName, number>;
  /** Segment bytes that the peer has not acknowledged. */
  unacknowledged(): number;
}

/** The giving half of one session. */
export function createProvider(around: ProviderSurroundings): Provider {
  const cursors = new Map<LogName, Cursor>();
  /** Followed logs that may have something to send, in the order of their turns; all others surely have nothing. */
  const candidates = new Set<LogName>();
  const unannounced = new Set<LogName>();
  const ranges: { log: LogName; from: number; to: number }[] = [];
  let said: { digest: Uint8Array; sizes: Map<LogName, number> } | undefined;
  let unacked = 0;
  let reads = 0;
  let announcedAt = 0;
  /** The digest was said, and nobody has asked for what is under it. */
  let owesHeads = false;

  function snapshot(): [LogName, LocalHead][] {
    return around.offered().map((log) => [log, around.head(log)]);
  }

  function sayHeads(complete: boolean): void {
    const heads = snapshot();
    const digest = headsDigest(heads);
    said = { digest, sizes: new Map(heads.map(([log, head]) => [log, head.size])) };
    const parts = complete ? inParts(heads.map(([log, head]) => headOf(log, head))) : [];
    const last = parts.pop() ?? [];
    for (const part of parts) send({ heads: part });
    send({ digest, complete, heads: last });
  }

  function send(heads: MessageInitShape<typeof HeadsSchema>): void {
    around.send({ case: 'heads', value: create(HeadsSchema, heads) });
  }

  function follow(log: LogName, next: number, heads: readonly TreeSize[] = []): void {
    if (cursors.size >= MAX_FOLLOWED && !cursors.has(log))
      throw new Refusal(ByeCode.PROTOCOL, `more than ${MAX_FOLLOWED} logs are asked for`);
    cursors.set(log, { next, busy: false, heads, readAt: -1, nothingAt: -1 });
    candidates.add(log);
    unannounced.delete(log);
  }

  function queueRanges(asked: Ranges): void {
    for (const range of asked.ranges) {
      const from = safeSize(range.from);
      const to = Math.min(safeSize(range.to), from + MAX_RANGE);
      if (ranges.length >= MAX_RANGES || to <= from) return;
      ranges.push({ log: asked.log as LogName, from, to });
    }
  }

  /** True when there is something to send of the log, or a head to compare. */
  function isDue(log: LogName, cursor: Cursor | undefined, size: number): cursor is Cursor {
    if (cursor === undefined || cursor.busy || !around.offered().includes(log)) return false;
    // A head to compare is due also when there is nothing to send.
    if (headToCompare(cursor, size) !== undefined) return true;
    return size > cursor.next && size !== cursor.nothingAt;
  }

  /** The next log to send from: live traffic first, the others in turn. */
  function nextLog(): [LogName, Cursor] | undefined {
    let first: [LogName, Cursor] | undefined;
    for (const log of candidates) {
      const cursor = cursors.get(log);
      const { size } = around.head(log);
      if (!isDue(log, cursor, size)) {
        // What makes it due puts it back.
        candidates.delete(log);
        continue;
      }
      if (size - cursor.next <= LIVE_ENTRIES) return [log, cursor];
      first ??= [log, cursor];
    }
    return first;
  }

  function pump(): void {
    // What is being read counts as sent, so that the window is never overrun.
    while (unacked + (reads + 1) * MAX_SEGMENT_WEIGHT <= WINDOW_BYTES && reads < MAX_READS) {
      const range = ranges.shift();
      if (range !== undefined) {
        if (!around.offered().includes(range.log)) continue;
        reads++;
        around.readRange(range.log, range.from, range.to);
        continue;
      }
      const next = nextLog();
      if (next === undefined) return;
      const [log, cursor] = next;
      cursor.busy = true;
      candidates.delete(log);
      const head = headToCompare(cursor, around.head(log).size);
      if (head !== undefined) {
        around.compare(log, head.size, head.root);
        continue;
      }
      reads++;
      cursor.readAt = around.head(log).size;
      around.read(log, cursor.next);
    }
  }

  function sendSegment(segment: Segment): void {
    unacked += segmentWeight(segment);
    around.send({ case: 'segment', value: segment });
  }

  return {
    sayDigest() {
      owesHeads = true;
      sayHeads(false);
    },
    want(want) {
      const { scope } = want;
      switch (scope.case) {
        case 'allHeads':
          // A few bytes ask for all heads of a federation: no peer needs them twice.
          if (!owesHeads) throw new Refusal(ByeCode.PROTOCOL, 'all heads were said already');
          owesHeads = false;
          sayHeads(true);
          return;
        case 'follow': {
          if (said === undefined || Buffer.compare(scope.value.digest, said.digest) !== 0) {
            throw new Refusal(ByeCode.PROTOCOL, 'Follow names a digest that was not the last one said');
          }
          const except = new Set(scope.value.except);
          for (const [log, size] of said.sizes) if (!except.has(log)) follow(log, size);
          break;
        }
        case 'onward': {
          const { log, from, settledSize, settledRoot, root } = scope.value;
          parseLogName(log);
          const next = safeSize(from);
          const heads: TreeSize[] = [];
          if (settledSize > 0n) heads.push({ size: safeSize(settledSize), root: settledRoot });
          if (root.length > 0) heads.push({ size: next, root });
          follow(log as LogName, next, heads);
          break;
        }
        case 'ranges':
          parseLogName(scope.value.log);
          queueRanges(scope.value);
          break;
        case 'stop':
          cursors.delete(scope.value.log as LogName);
          return;
        default:
          throw new Refusal(ByeCode.PROTOCOL, 'a Want without a scope');
      }
      pump();
    },
    acknowledged(bytes) {
      unacked = Math.max(0, unacked - safeSize(bytes));
      pump();
    },
    grew(log) {
      if (log === undefined) {
        for (const [followed, cursor] of cursors) {
          cursor.nothingAt = -1;
          candidates.add(followed);
        }
      } else if (cursors.has(log)) candidates.add(log);
      else unannounced.add(log);
      pump();
    },
    segmentRead(log, segment) {
      reads--;
      const cursor = cursors.get(log);
      if (cursor !== undefined) {
        cursor.busy = false;
        candidates.add(log);
        // Nothing that could be sent or proven, though the log is longer: asked again when it grows.
        if (segment === undefined) cursor.nothingAt = cursor.readAt;
        else if (safeSize(segment.from) === cursor.next) {
          cursor.next += segment.entries.length;
          sendSegment(segment);
        }
      }
      pump();
    },
    rangeRead(segment) {
      reads--;
      if (segment !== undefined) sendSegment(segment);
      pump();
    },
    compared(log, same) {
      const cursor = cursors.get(log);
      if (cursor === undefined) return;
      cursor.heads = cursor.heads.slice(1);
      cursor.busy = false;
      candidates.add(log);
      if (!same) cursors.delete(log);
      pump();
    },
    peerHas(log, size) {
      const cursor = cursors.get(log);
      if (cursor !== undefined) cursor.next = Math.max(cursor.next, size);
    },
    tick(nowMs) {
      // Also after a clock that was ahead is set right.
      if (unannounced.size === 0 || Math.abs(nowMs - announcedAt) < ANNOUNCE_MS) return;
      announcedAt = nowMs;
      const offered = new Set(around.offered());
      const heads = [...unannounced]
        .filter((log) => offered.has(log))
        .map((log) => headOf(log, around.head(log)));
      unannounced.clear();
      for (const part of inParts(heads)) send({ heads: part });
    },
    cursors: () => new Map([...cursors].map(([log, cursor]) => [log, cursor.next])),
    unacknowledged: () => unacked,
  };
}

/** The next head of the peer that our log of this size can be held against. */
function headToCompare({ heads: [first] }: Cursor, size: number): TreeSize | undefined {
  return first !== undefined && first.size <= size ? first : undefined;
}

/** The heads in order, no part too large for a message. */
function inParts(heads: readonly Head[]): Head[][] {
  const parts: Head[][] = [];
  let bytes = HEADS_BYTES;
  for (const head of heads) {
    const size = head.log.length + head.root.length + head.checkpoint.length + 24;
    if (bytes + size > HEADS_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(head);
    bytes += size;
  }
  return parts;
}

function headOf(log: LogName, head: LocalHead) {
  return create(HeadSchema, {
    log,
    size: BigInt(head.size),
    root: head.root,
    checkpoint: head.checkpoint ?? new Uint8Array(0),
  });
}
