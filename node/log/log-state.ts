// A log at one size, and its head as the store keeps it: size, compact range, the author's checkpoint and what
// leads to it.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { StoredHeadSchema } from '../../proto/gen/icse/store/v1/store_pb.js';
import type { Fault } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { parseTreeHead, type TreeHead } from '../tlog/checkpoint.js';
import { rootOf } from '../tlog/compact-range.js';
import { parseNote } from '../tlog/note.js';
import { EMPTY_TAIL, loadTail, type Tail } from './tail.js';

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
  /** Those of the holes whose bytes are for others. */
  readonly forOthers: number;
  /** Of the holes, those whose bytes are gone for good. */
  readonly purged: number;
  readonly fault: Fault | undefined;
}

export const EMPTY_STATE: LogState = {
  tail: EMPTY_TAIL,
  root: rootOf(EMPTY_TAIL.range),
  checkpoint: undefined,
  ahead: [],
  settled: undefined,
  holes: 0,
  forOthers: 0,
  purged: 0,
  fault: undefined,
};

/** The stored head of a state. */
export function encodeState(state: LogState): Uint8Array {
  const { tail, checkpoint, settled, ahead, holes, forOthers, purged, fault } = state;
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
      holesForOthers: BigInt(forOthers),
      purged: BigInt(purged),
      ...(fault === undefined ? {} : { fault }),
    }),
  );
}

/** The state of a log from its stored head; `read` gives the objects beside it. */
export async function loadState(
  log: LogName,
  bytes: Uint8Array,
  read: (keys: readonly string[]) => Promise<(Uint8Array | undefined)[]>,
): Promise<LogState> {
  const head = fromBinary(StoredHeadSchema, bytes);
  const tail = await loadTail(head, read);
  return {
    tail,
    root: rootOf(tail.range),
    checkpoint: storedCheckpoint(log, head.checkpoint),
    ahead: head.aheadKnown ? head.ahead : undefined,
    settled: storedCheckpoint(log, head.settled),
    holes: Number(head.holes),
    forOthers: Number(head.holesForOthers),
    purged: Number(head.purged),
    fault: head.fault,
  };
}

/** Our own copy of a checkpoint, verified before it was stored. */
function storedCheckpoint(log: LogName, note: Uint8Array): SignedHead | undefined {
  if (note.length === 0) return undefined;
  const head = parseTreeHead(parseNote(note).text);
  if (head.log !== log)
    throw new Failure('store-damaged', `the checkpoint of ${log} on disk is of ${head.log}`);
  return { log, size: head.size, root: head.root, note };
}
