// What the members publish: media records, some of which several members have, and identifications, each of another
// child; all of it in one random order, in the portions in which members import and report.

import { create } from '@bufbuild/protobuf';
import type { MemberCode } from '../../node/names.js';
import { buildEntry } from '../../node/statements/build.js';
import { EventKind, IdentificationEventSchema, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import type { Chance } from '../chaos/chance.js';

/** One in so many records is of a file that other members may have as well. */
const COMMON_ONE_IN = 5;
/** Portions are as long as a morning's work. */
const LONGEST_PORTION = 120;

/** Entries that one member publishes at once. */
export interface Portion {
  readonly member: MemberCode;
  /** Makes the entries, as late as they are published. */
  entries(nowSeconds: number): Uint8Array[];
}

export interface WorkSize {
  readonly records: number;
  readonly identifications: number;
}

/** All portions, in their order. */
export function drawWork(chance: Chance, members: readonly MemberCode[], size: WorkSize): Portion[] {
  const total = size.records + size.identifications;
  const order = Uint32Array.from({ length: total }, (_, n) => n);
  for (let last = total - 1; last > 0; last--) {
    const other = chance.int(0, last);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  const commonFiles = Math.max(1, Math.floor(size.records / COMMON_ONE_IN / 2));
  const portions: Portion[] = [];
  for (let from = 0; from < total; ) {
    const to = Math.min(total, from + chance.int(1, LONGEST_PORTION));
    const numbers = order.subarray(from, to);
    const member = chance.pick(members);
    const draw = chance.fork(`portion ${from}`);
    const entries = (now: number): Uint8Array[] =>
      Array.from(numbers, (n) =>
        n < size.identifications
          ? identification(draw, member, now)
          : record(draw, draw.int(1, COMMON_ONE_IN) === 1 ? draw.int(0, commonFiles - 1) : undefined, now),
      );
    portions.push({ member, entries });
    from = to;
  }
  return portions;
}

function identification(chance: Chance, member: MemberCode, now: number): Uint8Array {
  const value = create(IdentificationEventSchema, {
    kind: EventKind.VICTIM_IDENTIFIED,
    subject: { member, id: chance.bytes(16) },
    media: [{ hash: { case: 'sha256', value: chance.bytes(32) } }],
  });
  const random = (sizeBytes: number): Uint8Array => chance.bytes(sizeBytes);
  return buildEntry({ statement: { case: 'event', value }, author: { member, generation: 1 }, now, random });
}

/** A record of a file of its own, or of one of those that many have. */
function record(chance: Chance, common: number | undefined, now: number): Uint8Array {
  const value = create(MediaRecordSchema, {
    recordId: chance.bytes(16),
    sha256: common === undefined ? chance.bytes(32) : fileHash(common),
    kind: 1,
  });
  const random = (sizeBytes: number): Uint8Array => chance.bytes(sizeBytes);
  return buildEntry({ statement: { case: 'mediaRecord', value }, now, random });
}

function fileHash(number: number): Uint8Array<ArrayBuffer> {
  const hash = Buffer.alloc(32, 0xc0);
  hash.writeUInt32BE(number);
  return new Uint8Array(hash);
}
