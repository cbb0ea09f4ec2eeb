// One place in a log as a node holds it: the entry's bytes, or a hole that has the leaf hash and the reason
// why the bytes are not here.

import { create } from '@bufbuild/protobuf';
import { type Hole, HoleReason, HoleSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import { leafHash } from '../tlog/hash.js';

export type LogItem = Uint8Array | Hole;

/** True for a place whose bytes are not here. */
export function isHole(item: LogItem): item is Hole {
  return !(item instanceof Uint8Array);
}

/** RFC 6962 leaf hash of the place, whether its bytes are here or not. */
export function leafHashOf(item: LogItem): Uint8Array {
  return isHole(item) ? item.leafHash : leafHash(item);
}

/** A hole in place of bytes that are not kept, or not given away. */
export function holeFor(index: number, bytes: Uint8Array, reason: HoleReason): Hole {
  return create(HoleSchema, { index: BigInt(index), leafHash: leafHash(bytes), reason });
}

/** The hole with another reason. */
export function holeBecause({ index, leafHash: hash }: Hole, reason: HoleReason): Hole {
  return create(HoleSchema, { index, leafHash: hash, reason });
}

/** True for a hole whose bytes are for others. */
export function isForOthers(item: LogItem): boolean {
  return isHole(item) && item.reason === HoleReason.NOT_ADDRESSED;
}

/** A size or index that came from outside as a number of ours; throws Failure 'size-out-of-range' past 2^53 - 1. */
export function safeSize(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Failure('size-out-of-range', `the size ${value} is past 2^53 - 1, which no log reaches`);
  }
  return Number(value);
}
