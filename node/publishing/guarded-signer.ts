// A signer for one's own logs that asks before each signature whether it may still sign: what was waiting behind
// a write when publishing stopped is refused, and never forks the log.

import type { NoteSigner } from '../tlog/note.js';

/** The signer, unless `check` throws. */
export function guardedSigner(signer: NoteSigner, check: () => void): NoteSigner {
  return {
    name: signer.name,
    keyId: signer.keyId,
    sign(text) {
      check();
      return signer.sign(text);
    },
  };
}
