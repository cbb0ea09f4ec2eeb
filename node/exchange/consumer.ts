// The taking half of a session: compares heads, asks for what is missing, hands segments on to be verified and
// written, acknowledges what is on disk. Sans-I/O.
//
// With nothing missing it is one digest and one Follow. Otherwise the peer says all its heads, and only the
// logs that differ are asked for by name.

import { create } from '@bufbuild/protobuf';
import {
  AckSchema,
  AllHeadsSchema,
  ByeCode,
  FollowSchema,
  type Head,
  type Heads,
  OnwardSchema,
  RangesSchema,
  type Segment,
  StopSchema,
  type Want,
  WantSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { safeSize } from '../log/item.js';
import { type LogName, parseLogName } from '../names.js';
import { createClaims } from './claims.js';
import {
  ACK_BYTES,
  type Content,
  headsDigest,
  type LocalHead,
  MAX_EXCEPT,
  STALL_MS,
  segmentWeight,
  WINDOW_BYTES,
} from './messages.js';
import { Refusal } from './refusal.js';

export interface ConsumerSurroundings {
  /** Logs that this node can get from the peer, ascending by name. */
  obtainable(): readonly LogName[];
  head(log: LogName): LocalHead;
  send(content: Content): void;
  /** Which of the logs are to be taken from this peer (and not from another one). */
  choose(logs: readonly LogName[]): readonly LogName[];
  /** False while the log is over its quota: it is asked for later, and what comes unasked is passed over. */
  mayTake(log: LogName): boolean;
  /** Verifies and writes a segment; then calls `taken`. */
  extend(log: LogName, segment: Segment): void;
  /** Puts the bytes of a segment into holes; then calls `taken`. */
  fill(log: LogName, segment: Segment): void;
  /** A checkpoint that the peer showed: to be compared with our log. */
  consider(log: LogName, note: Uint8Array): void;
  /** How far the note shows its author to have gone: 0 when it shows nothing, undefined when that cannot be told yet. */
  proven(log: LogName, note: Uint8Array): number | undefined;
  /** The peer says more of a log than it can show: its stream ends. */
  unproven(log: LogName): void;
}

/** More logs than a federation has; bounds what a peer can make us remember. */
const MAX_PEER_HEADS = 16_384;
const NO_NOTE = new Uint8Array(0);

export interface LogProgress {
  readonly log: LogName;
  /** How far the peer has it, by its author's signature. */
  readonly peerSize: number;
  readonly size: number;
}

export type LinkState = 'live' | 'catching up' | 'stalled' | 'waiting';

export interface Consumer {
  heads(heads: Heads): void;
  segment(segment: Segment): void;
  /** A segment of the weight has been dealt with; the log is on disk up to `size`. */
  taken(log: LogName, size: number, weight: number): void;
  /** Takes the log from this peer from now on, or no longer. */
  take(log: LogName): void;
  leave(log: LogName): void;
  /** Asks for the log once more, so that the peer says when it has another one; it is taken only if it is chosen. */
  ask(log: LogName): void;
  /** Asks for bytes that are missing here. */
  askFor(log: LogName, ranges: readonly { from: number; to: number }[]): void;
  /** The registry changed what can be got. */
  offerChanged(): void;
  /** True once the peer's heads have been compared with ours. */
  compared(): boolean;
  /** How far the peer has the log, as far as we heard and it is certain, and as more of it may be taken. */
  peerSize(log: LogName): number;
  /** True while the peer says that it has more of the log than can be told to be so. */
  claimsMore(log: LogName): boolean;
  takes(log: LogName): boolean;
  /** True while the log waits for its quota. */
  isHeldBack(log: LogName): boolean;
  behind(): LogProgress[];
  state(nowMs: number): { state: LinkState; why: string };
  tick(nowMs: number): void;
}

/** The taking half of one session. */
export function createConsumer(around: ConsumerSurroundings, nowMs: number): Consumer {
  const wanted = new Set<LogName>();
  const asked = new Set<LogName>();
  /** Wanted, and not asked for while they are over their quota. */
  const heldBack = new Set<LogName>();
  /** Segment bytes that came of logs that were held back, since one of them was last asked for. */
  let unasked = 0;
  const claims = createClaims(around);
  let compared = false;
  /** What was said of all heads so far, while they come. */
  let allSaid: Map<LogName, Head> | undefined;
  let held = 0;
  /** What was dealt with and not acknowledged yet, by log. */
  const owed = new Map<LogName, { readonly size: number; readonly weight: number }>();
  let owedBytes = 0;
  let progressAt = nowMs;
  let clock = nowMs;

  function want(scope: WantScope): void {
    around.send({ case: 'want', value: create(WantSchema, { scope }) });
  }

  function onward(log: LogName): void {
    asked.add(log);
    if (around.mayTake(log)) ask(log);
    else heldBack.add(log);
  }

  function ask(log: LogName): void {
    const { size, root, settled } = around.head(log);
    want({
      case: 'onward',
      value: create(OnwardSchema, {
        log,
        from: BigInt(size),
        settledSize: BigInt(settled?.size ?? 0),
        settledRoot: settled?.root ?? new Uint8Array(0),
        root: size > (settled?.size ?? 0) ? root : new Uint8Array(0),
      }),
    });
  }

  /** Takes no more of the log for now. */
  function holdBack(log: LogName): void {
    if (!wanted.has(log) || heldBack.has(log)) return;
    heldBack.add(log);
    want({ case: 'stop', value: create(StopSchema, { log }) });
  }

  /** Asks for what was held back and may be taken again. */
  function resume(): void {
    for (const log of heldBack) {
      if (!around.mayTake(log)) continue;
      heldBack.delete(log);
      unasked = 0;
      ask(log);
    }
  }

  /** An acknowledgement opens the window and nothing else: what live traffic uses of it is told once a second. */
  function acknowledge(log: LogName, size: number, weight: number): void {
    owed.set(log, { size, weight: weight + (owed.get(log)?.weight ?? 0) });
    owedBytes += weight;
    if (owedBytes >= ACK_BYTES) sayAcks();
  }

  function sayAcks(): void {
    for (const [log, { size, weight }] of owed) {
      around.send({
        case: 'ack',
        value: create(AckSchema, { log, size: BigInt(size), bytes: BigInt(weight) }),
      });
    }
    owed.clear();
    owedBytes = 0;
  }

  /** What comes of a log over its quota: the window that was on its way, and no more than that. */
  function passOver(log: LogName, segment: Segment): void {
    unasked += segmentWeight(segment);
    if (unasked > 2 * WINDOW_BYTES)
      throw new Refusal(ByeCode.TOO_LARGE, `more of ${log} than its quota allows, and nobody asks for it`);
    holdBack(log);
    acknowledge(log, around.head(log).size, segmentWeight(segment));
  }

  /** Follows what is equal under the digest, asks for `others` by name, leaves logs that are unknown here. */
  function followAllBut(
    digest: Uint8Array,
    logs: readonly LogName[],
    others: ReadonlySet<LogName>,
    unknown: readonly LogName[] = [],
  ): void {
    const chosen = new Set(around.choose(logs));
    const except = [...logs.filter((log) => !chosen.has(log) || others.has(log)), ...unknown];
    const follows = except.length <= MAX_EXCEPT;
    if (follows) want({ case: 'follow', value: create(FollowSchema, { digest, except }) });
    for (const log of chosen) {
      wanted.add(log);
      if (!follows || others.has(log)) onward(log);
      else asked.add(log);
    }
    compared = true;
    for (const log of wanted) if (!asked.has(log)) onward(log);
  }

  /** The last of all heads has come. */
  function allHeads(heads: Heads, logs: readonly LogName[]): void {
    const said = allSaid as Map<LogName, Head>;
    allSaid = undefined;
    // A log that one side alone knows of is asked for by name, if at all.
    const differing = new Set(logs.filter((log) => !isSame(said.get(log), around.head(log))));
    const known = new Set(logs);
    const unknown = [...said.keys()].filter((log) => !known.has(log));
    followAllBut(heads.digest, logs, differing, unknown);
  }

  function heard(heads: readonly Head[], obtainable: ReadonlySet<LogName>): void {
    for (const head of heads) {
      const log = head.log as LogName;
      parseLogName(log);
      // Kept for a log that is not known here yet as well: the registry may still be on its way.
      const isShown = claims.say(log, safeSize(head.size), head.checkpoint);
      if (!isShown && obtainable.has(log)) {
        around.unproven(log);
        throw new Refusal(
          ByeCode.PROOF,
          `a head of ${log} says ${head.size} entries, and no checkpoint of its author covers them`,
        );
      }
      if (allSaid !== undefined && allSaid.size < MAX_PEER_HEADS) allSaid.set(log, head);
      if (head.checkpoint.length > 0 && obtainable.has(log)) around.consider(log, head.checkpoint);
    }
  }

  /**
   * What the peer has at or above a cut is never sent nor taken, and the registry may name the cut long after the
   * peer has shown more: so it is asked for each time, and what was heard is kept as it was.
   */
  function peerSize(log: LogName): number {
    return Math.min(claims.size(log), around.head(log).end ?? Number.MAX_SAFE_INTEGER);
  }

  function behind(): LogProgress[] {
    return [...wanted]
      .map((log) => ({ log, peerSize: peerSize(log), size: around.head(log).size }))
      .filter((progress) => progress.peerSize > progress.size);
  }

  return {
    heads(heads) {
      const logs = around.obtainable();
      if (heads.complete) {
        if (allSaid === undefined)
          throw new Refusal(ByeCode.PROTOCOL, 'all heads were said and nobody asked');
        heard(heads.heads, new Set(logs));
        allHeads(heads, logs);
      } else if (heads.digest.length > 0) {
        const ours = headsDigest(logs.map((log) => [log, around.head(log)] as const));
        if (Buffer.compare(ours, heads.digest) === 0) {
          for (const log of logs) claims.say(log, around.head(log).size, NO_NOTE);
          followAllBut(heads.digest, logs, new Set());
        } else {
          allSaid = new Map();
          want({ case: 'allHeads', value: create(AllHeadsSchema) });
        }
      } else {
        heard(heads.heads, new Set(logs));
      }
    },
    segment(segment) {
      const log = segment.log as LogName;
      if (!around.obtainable().includes(log)) {
        // A new member's log may come before the registry that admits it: asked for again when it is known.
        acknowledge(log, 0, segmentWeight(segment));
        return;
      }
      if (!segment.fill && !around.mayTake(log)) return passOver(log, segment);
      held += segmentWeight(segment);
      if (held > 2 * WINDOW_BYTES)
        throw new Refusal(ByeCode.TOO_LARGE, 'more segment bytes than flow control allows');
      if (segment.fill) return around.fill(log, segment);
      claims.arriving(log, safeSize(segment.from) + segment.entries.length, segment.checkpoint);
      around.extend(log, segment);
    },
    taken(log, size, weight) {
      held -= weight;
      progressAt = clock;
      if (!around.mayTake(log)) holdBack(log);
      acknowledge(log, size, weight);
    },
    take(log) {
      if (wanted.has(log)) return;
      wanted.add(log);
      progressAt = clock;
      if (compared && !asked.has(log)) onward(log);
    },
    leave(log) {
      if (!wanted.delete(log)) return;
      asked.delete(log);
      heldBack.delete(log);
      want({ case: 'stop', value: create(StopSchema, { log }) });
    },
    ask,
    askFor(log, ranges) {
      want({
        case: 'ranges',
        value: create(RangesSchema, {
          log,
          ranges: ranges.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) })),
        }),
      });
    },
    offerChanged() {
      if (!compared) return;
      const fresh = around.obtainable().filter((log) => !wanted.has(log));
      for (const log of around.choose(fresh)) this.take(log);
    },
    compared: () => compared,
    peerSize,
    claimsMore: (log) => claims.isOpen(log),
    takes: (log) => wanted.has(log),
    isHeldBack: (log) => heldBack.has(log),
    behind,
    state(now) {
      if (!compared) return { state: 'catching up', why: 'asking what the peer has' };
      const missing = behind().filter(({ log }) => !heldBack.has(log));
      const first = missing[0];
      const [waits] = heldBack;
      if (first === undefined && waits !== undefined)
        return { state: 'waiting', why: `for the quota of ${waits}` };
      if (first === undefined) return { state: 'live', why: '' };
      const count = missing.reduce((sum, progress) => sum + progress.peerSize - progress.size, 0);
      if (held > 0 && now - progressAt >= STALL_MS) {
        return { state: 'waiting', why: `for this node's disk to take ${held} bytes` };
      }
      if (now - progressAt >= STALL_MS) {
        return { state: 'stalled', why: `waiting for entries of ${first.log} from ${first.size} on` };
      }
      return { state: 'catching up', why: `${count} entries behind` };
    },
    tick(now) {
      clock = now;
      sayAcks();
      resume();
      if (behind().every(({ log }) => heldBack.has(log))) progressAt = now;
    },
  };
}

type WantScope = Want['scope'];

function isSame(head: Head | undefined, ours: LocalHead): boolean {
  return (
    head !== undefined && safeSize(head.size) === ours.size && Buffer.compare(head.root, ours.root) === 0
  );
}
