// What members say of their purges, against a registry that knows two: whatever is taken must be what one of them
// signed. A hostile member can sign what it likes, so each comes under a good signature too.

import { encodeMessage } from '../../../node/exchange/frames.js';
import { purgedMessage, readPurged, signPurged } from '../../../node/exchange/purged-up-to.js';
import { readMessage } from '../../../node/exchange/strict-message.js';
import { Failure } from '../../../node/failure.js';
import { type LogName, LYON, parseMemberCode } from '../../../node/names.js';
import type { PurgedUpTo } from '../../../proto/gen/icse/v1/exchange_pb.js';
import { admit, aRegistry, FEDERATION, log, secretsOf } from '../../registry/acts.js';
import { isSame, promise, type Target } from '../target.js';
import { MAX_ENVELOPE_BYTES } from './frame.js';

const NL = parseMemberCode('NL');
const SIZES = [1, 7, 70_000, Number.MAX_SAFE_INTEGER];
const TIMES = [1, 1_800_000_000];

export const purgedUpToTarget: Target = {
  name: 'purged-up-to',
  async open() {
    const { state } = await aRegistry([admit('NL')]);
    const samples = [NL, LYON].flatMap((by) =>
      SIZES.flatMap((size) =>
        TIMES.map((time) => {
          const key = secretsOf(by).receipt;
          const kept = signPurged(FEDERATION, log('NL'), size, by, key, time * 1000);
          return encodeMessage({ case: 'purgedUpTo', value: purgedMessage(kept) });
        }),
      ),
    );
    return {
      form: 'protobuf',
      maxBytes: MAX_ENVELOPE_BYTES,
      sample: (chance) => chance.pick(samples),
      take(input) {
        const { content } = readMessage(input);
        if (content.case !== 'purgedUpTo') throw new Failure('another-message', `a ${content.case}`);
        promise(isSame(encodeMessage(content), input), 'the message encodes to other bytes');
        const signed = readPurged(signedByNl(content.value), state);
        promise(signed.by === NL && signed.log === log('NL'), 'a log that is not in the registry');
        promise(signed.size >= 1, 'a purge of nothing');
        const kept = readPurged(content.value, state);
        promise(SIZES.includes(kept.size) && TIMES.includes(kept.time), 'nobody signed this');
        promise(
          isSame(encodeMessage({ case: 'purgedUpTo', value: purgedMessage(kept) }), input),
          'it is another one when sent on',
        );
      },
    };
  },
};

/** What it says, as NL's word. */
function signedByNl({ log, size, time }: PurgedUpTo): PurgedUpTo {
  const key = secretsOf('NL').receipt;
  return purgedMessage(signPurged(FEDERATION, log as LogName, Number(size), NL, key, Number(time) * 1000));
}
