// What the two halves of a session share: its bounds, the digest over heads, the weight of a segment.

import { createHash } from 'node:crypto';
import type { Message, Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { LogName } from '../names.js';

export type Content = Message['content'];

/** Entry bytes in one segment. With proofs and frame it stays under the 1 MiB that the wire allows. */
export const SEGMENT_BYTES = 768 * 1024;
/** The most that one segment weighs: its last entry may run over, and it weighs something itself. */
export const MAX_SEGMENT_WEIGHT = SEGMENT_BYTES + 16 * 1024;
/** Segment bytes on their way or not yet on the receiver's disk, a stream: enough to keep disk and wire busy. */
export const WINDOW_BYTES = 4 * 1024 * 1024;
/**
 * Acknowledged at once when it comes to so much, as every full segment does; less waits for the next second. A frame
 * for each live entry, signed, verified and written down, would cost both sides more than the entry itself.
 */
export const ACK_BYTES = WINDOW_BYTES / 16;
/** What is left to send of a log that counts as live traffic, in entries: it goes before catch-up. */
export const LIVE_ENTRIES = 256;
/** A link with something to get and no progress for so long is stalled; a source so long behind is left. */
export const STALL_MS = 5000;
/** Heads in one message, so that it fits a frame beside others however many logs there are. */
export const HEADS_BYTES = 512 * 1024;
/** Logs that a Follow names as excepted: some 300 KiB. Beyond these, each log is asked for by name. */
export const MAX_EXCEPT = 4096;
/** A head that the peer does not follow is told at most so often. */
export const ANNOUNCE_MS = 1000;

/** A log as this node holds it on disk. */
export interface LocalHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** The author's latest checkpoint; undefined when there is none. */
  readonly checkpoint: Uint8Array | undefined;
  readonly settled: { readonly size: number; readonly root: Uint8Array } | undefined;
  /** No more than this is ever taken: the log's cut, or where it was frozen; undefined = no end. */
  readonly end: number | undefined;
}

/** SHA-256 over, for each log in the given order: name, 0x0A, size (8 bytes, big-endian), root. */
export function headsDigest(heads: Iterable<readonly [LogName, LocalHead]>): Uint8Array {
  const digest = createHash('sha256');
  const size = Buffer.alloc(8);
  for (const [log, head] of heads) {
    size.writeBigUInt64BE(BigInt(head.size));
    digest.update(`${log}\n`).update(size).update(head.root);
  }
  return digest.digest();
}

/** What a segment counts for in flow control: the same on both sides. */
export function segmentWeight(segment: Segment): number {
  return segment.entries.reduce((sum, entry) => sum + entry.length + 4, 512 + segment.holes.length * 48);
}
