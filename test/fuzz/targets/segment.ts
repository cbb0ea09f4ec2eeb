// Runs of a log from a peer, against the one log that its author signed: whatever is taken must be its entries.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Failure } from '../../../node/failure.js';
import { isHole, leafHashOf } from '../../../node/log/item.js';
import { verifySegment } from '../../../node/log/verify-segment.js';
import { appendLeaves, EMPTY_RANGE } from '../../../node/tlog/compact-range.js';
import { leafHash } from '../../../node/tlog/hash.js';
import { SegmentSchema } from '../../../proto/gen/icse/v1/exchange_pb.js';
import { AUTHOR, aLog, entries, NL, segmentOf } from '../../log/logs.js';
import { isSame, promise, refusedBy, type Target } from '../target.js';
import { MAX_ENVELOPE_BYTES } from './frame.js';

const SIZE = 40;
/** What the reader holds when a segment comes. */
const HELD = 13;

export const segmentTarget: Target = {
  name: 'segment',
  async open() {
    const log = await aLog(SIZE);
    const leaves = entries(SIZE).map(leafHash);
    const range = appendLeaves(EMPTY_RANGE, leaves.slice(0, HELD));
    const valid: Uint8Array[] = [];
    for (let from = 0; from <= HELD; from++) {
      for (const limit of [HELD + 1, 20, 32, 33, SIZE]) {
        valid.push(toBinary(SegmentSchema, await segmentOf(log, from, 1e6, limit)));
      }
    }
    return {
      form: 'protobuf',
      maxBytes: MAX_ENVELOPE_BYTES,
      sample: (chance) => chance.pick(valid),
      take(input) {
        const segment = refusedBy('gRPC', () => fromBinary(SegmentSchema, input));
        const verified = verifySegment(NL, range, segment, [AUTHOR.publicKey]);
        if (verified === undefined) throw new Failure('nothing-new', 'the segment brings nothing new');
        const { items, from, checkpoint } = verified;
        promise(from === HELD && checkpoint.size === SIZE, 'nobody signed this checkpoint');
        for (const [offset, item] of items.entries()) {
          const leaf = leaves[from + offset];
          promise(leaf !== undefined && isSame(leaf, leafHashOf(item)), 'an entry that is not in the log');
          promise(!isHole(item) || Number(item.index) === from + offset, 'a hole of another index');
        }
      },
    };
  },
};
