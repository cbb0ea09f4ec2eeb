// What a sealed statement has in it, as its reader finds it once it is open (node/statements/sealed-content.ts).

import type { MemberCode } from '../../../node/names.js';
import { MAX_CONTENT_BYTES } from '../../../node/statements/sealed.js';
import { decodeContent, encodeContent } from '../../../node/statements/sealed-content.js';
import { statementToJson } from '../../../node/statements/statement-json.js';
import type { Chance } from '../../chaos/chance.js';
import { isSame, promise, type Target } from '../target.js';
import { aRecord } from './entry.js';

const NL = { member: 'NL' as MemberCode, generation: 1, index: 5 };

export const sealedContentTarget: Target = {
  name: 'sealed-content',
  open: () => ({
    form: 'protobuf',
    maxBytes: MAX_CONTENT_BYTES + 16,
    sample: (chance: Chance) => encodeContent({ case: 'mediaRecord', value: aRecord(chance) }, NL),
    take(input: Uint8Array): void {
      const statement = decodeContent(input, NL);
      promise(isSame(encodeContent(statement, NL), input), 'the content encodes to other bytes');
      promise(statementToJson({ statement }) !== null, 'what was opened cannot be shown');
    },
  }),
};
