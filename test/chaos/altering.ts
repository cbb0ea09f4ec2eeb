// What a liar makes of a segment that its node would send: nobody but the author of the log can sign what it says.

import { create } from '@bufbuild/protobuf';
import { hashRun } from '../../node/log/hashed-run.js';
import type { Log } from '../../node/log/log.js';
import { segmentItems } from '../../node/log/verify-segment.js';
import { formatTreeHead } from '../../node/tlog/checkpoint.js';
import { EMPTY_RANGE, rootOf } from '../../node/tlog/compact-range.js';
import { formatNote, parseNote } from '../../node/tlog/note.js';
import {
  FaultSchema,
  type Message,
  MessageSchema,
  type Segment,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Chance } from './chance.js';

/** Another last entry than its author's. */
export function alterEntry(segment: Segment, chance: Chance): void {
  const last = segment.entries.length - 1;
  const entry = segment.entries[last] as Uint8Array;
  if (entry.length > 0) segment.entries[last] = flipped(entry, chance);
  // A hole has no bytes.
  else alterProof(segment, chance);
}

/** A proof that does not lead to the checkpoint, or where none is needed another checkpoint. */
export function alterProof(segment: Segment, chance: Chance): void {
  if (segment.proof.length > 0) segment.proof[0] = flipped(segment.proof[0] as Uint8Array, chance);
  else segment.checkpoint = flipped(segment.checkpoint, chance);
}

/** Another last entry, under a checkpoint that goes with it and lacks nothing but its author's signature. */
export async function forgeCheckpoint(segment: Segment, log: Log, chance: Chance): Promise<void> {
  const last = segment.entries.length - 1;
  const entry = segment.entries[last] as Uint8Array;
  if (entry.length > 0) segment.entries[last] = flipped(entry, chance);
  const { range } = hashRun(EMPTY_RANGE, [
    ...(await log.read(0, Number(segment.from))),
    ...segmentItems(segment),
  ]);
  const text = formatTreeHead({ log: segment.log, size: range.size, root: rootOf(range) });
  const lines = parseNote(segment.checkpoint).signatures;
  segment.checkpoint = formatNote(
    text,
    lines.map((line) => ({ ...line, signature: chance.bytes(64) })),
  );
  segment.proof = [];
  delete segment.via;
}

/** Says of the log that it is forked, with two notes that show nothing. */
export function falseFault({ log, checkpoint }: Segment, chance: Chance): Message {
  const value = create(FaultSchema, {
    log,
    first: checkpoint,
    second: checkpoint,
    firstRoot: chance.bytes(32),
  });
  return create(MessageSchema, { content: { case: 'fault', value } });
}

function flipped(bytes: Uint8Array, chance: Chance): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = chance.int(0, copy.length - 1);
  copy[at] = (copy[at] as number) ^ (1 << chance.int(0, 7));
  return copy;
}
