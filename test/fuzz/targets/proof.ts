// Inclusion and consistency proofs as they come over the wire, against a tree of which all is known: whatever is
// taken for its root must be true of it.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Failure } from '../../../node/failure.js';
import { rootOf } from '../../../node/tlog/compact-range.js';
import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from '../../../node/tlog/proof.js';
import { type Divergence, DivergenceSchema } from '../../../proto/gen/icse/v1/exchange_pb.js';
import { aLog } from '../../tlog/a-log.js';
import { isSame, promise, refusedBy, type Target } from '../target.js';

/** Every pair of sizes up to here: with 64 and 65 among them, the full tree and the one that begins anew. */
const SIZES = 66;

export const proofTarget: Target = {
  name: 'proof',
  async open() {
    const { leaves, ranges, read } = aLog({ entries: SIZES });
    const roots = ranges.map(rootOf);
    const valid: Uint8Array[] = [];
    for (let n = 1; n <= SIZES; n++) {
      for (let m = 0; m < n; m++) {
        valid.push(carried('in', m, n, leaves[m], roots[n], await inclusionProof(m, n, read)));
        valid.push(carried('on', m, n, roots[m], roots[n], await consistencyProof(m, n, read)));
      }
    }
    return {
      form: 'protobuf',
      maxBytes: 16_384,
      sample: (chance) => chance.pick(valid),
      take(input) {
        const { kind, m, n, first, root, proof } = partsOf(input);
        const isOurs = n <= SIZES && isSame(root, roots[n] ?? root.subarray(0, 0));
        if (kind === 'in') {
          if (!verifyInclusion(m, n, first, proof, root)) throw new Failure('not-proven', 'no inclusion');
          if (isOurs)
            promise(isSame(first, leaves[m] as Uint8Array), 'a leaf was proven that is not in the tree');
        } else {
          if (!verifyConsistency(m, n, first, root, proof)) throw new Failure('not-proven', 'no consistency');
          if (isOurs) promise(isSame(first, roots[m] as Uint8Array), 'a root was proven that no tree had');
        }
      },
    };
  },
};

/** A message of the exchange carries them: its log says which kind, its checkpoint is the leaf or older root. */
function carried(
  kind: 'in' | 'on',
  m: number,
  n: number,
  first: Uint8Array = new Uint8Array(0),
  root: Uint8Array = new Uint8Array(0),
  proof: Uint8Array[],
): Uint8Array {
  const log = `${kind} ${m}`;
  return toBinary(
    DivergenceSchema,
    create(DivergenceSchema, { log, size: BigInt(n), root, checkpoint: first, proof }),
  );
}

function partsOf(input: Uint8Array) {
  const { log, size, root, checkpoint, proof }: Divergence = refusedBy('gRPC', () =>
    fromBinary(DivergenceSchema, input),
  );
  const [kind, m] = log.split(' ', 2);
  return { kind, m: Number(m), n: Number(size), first: checkpoint, root, proof };
}
