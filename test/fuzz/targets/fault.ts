// Proofs of forks, which `icse verify` reads from anybody: a document proves what happened, or is refused.

import { verifyFaultDocument } from '../../../node/evidence/fault-document.js';
import { bytesOf, promise, refusedBy, type Target } from '../target.js';

/** Far below the command's bound of 16 MiB, which here only costs time. */
const MAX_BYTES = 65_536;

export const faultTarget: Target = {
  name: 'fault',
  open({ federation, faultDocuments }) {
    const words = [...new Set(faultDocuments.join().match(/"[^"]*"/g))].map((word) => word.slice(1, -1));
    return {
      form: 'json',
      maxBytes: MAX_BYTES,
      words,
      sample: (chance) => bytesOf(chance.pick(faultDocuments)),
      take(input) {
        const document: unknown = refusedBy('JSON', () => JSON.parse(Buffer.from(input).toString('utf8')));
        const { log, member } = verifyFaultDocument(document, federation);
        promise(member === 'NL' && log === `icse/${federation}/NL`, 'somebody innocent was found guilty');
      },
    };
  },
};
