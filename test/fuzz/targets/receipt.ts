// Receipts of other members, against a registry that knows two: whatever is taken must be what one of them signed.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { readReceipt, receiptKeyName, receiptMessage } from '../../../node/exchange/receipts.js';
import { LYON, parseMemberCode } from '../../../node/names.js';
import { signCheckpoint } from '../../../node/tlog/checkpoint.js';
import { cosign } from '../../../node/tlog/cosignature.js';
import { ed25519Signer } from '../../../node/tlog/note.js';
import { ReceiptSchema } from '../../../proto/gen/icse/v1/exchange_pb.js';
import { admit, aRegistry, FEDERATION, log, secretsOf } from '../../registry/acts.js';
import { isSame, promise, refusedBy, type Target } from '../target.js';
import { MAX_ENVELOPE_BYTES } from './frame.js';

const SIZES = [1, 7, 70_000, Number.MAX_SAFE_INTEGER];
const TIMES = [1, 1_800_000_000];

export const receiptTarget: Target = {
  name: 'receipt',
  async open() {
    const { state } = await aRegistry([admit('NL')]);
    const signer = ed25519Signer(log('NL'), secretsOf('NL').log);
    const samples = SIZES.flatMap((size) =>
      TIMES.map((time) => {
        const checkpoint = signCheckpoint({ log: log('NL'), size, root: new Uint8Array(32).fill(4) }, signer);
        const cosigner = {
          name: receiptKeyName(FEDERATION, parseMemberCode('NL')),
          keyPair: secretsOf('NL').receipt,
        };
        const other = { name: receiptKeyName(FEDERATION, LYON), keyPair: secretsOf('LYON').receipt };
        const note = cosign(cosign(checkpoint, cosigner, time), other, time);
        const holes = size > 7 ? [0n, 3n, BigInt(size - 1)] : [];
        return toBinary(ReceiptSchema, create(ReceiptSchema, { log: log('NL'), by: 'NL', note, holes }));
      }),
    );
    return {
      form: 'protobuf',
      maxBytes: MAX_ENVELOPE_BYTES,
      sample: (chance) => chance.pick(samples),
      take(input) {
        const receipt = refusedBy('gRPC', () => fromBinary(ReceiptSchema, input));
        const kept = readReceipt(receipt, state);
        promise(SIZES.includes(kept.size) && TIMES.includes(kept.time), 'nobody signed this receipt');
        const again = readReceipt(receiptMessage(kept), state);
        promise(isSame(again.note, kept.note) && again.size === kept.size, 'it is another one when sent on');
      },
    };
  },
};
