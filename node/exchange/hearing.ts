// Hearing what members sign about logs: receipts, and words on purges. They may come before the registry that names
// their signer, and are told once: what cannot be checked yet is heard again when the registry has changed.

import type { PurgedUpTo, Receipt } from '../../proto/gen/icse/v1/exchange_pb.js';
import { messageOf } from '../failure.js';
import type { MemberCode } from '../names.js';
import type { Link } from './link.js';

export type SignedWord =
  | { readonly case: 'receipt'; readonly value: Receipt }
  | { readonly case: 'purgedUpTo'; readonly value: PurgedUpTo };

export interface Hearing {
  /** A peer said it. Never rejects. */
  heard(link: Link, word: SignedWord): Promise<void>;
  /** The registry has changed. */
  again(): Promise<void>;
}

/** Words of one peer that wait; of one signer on one log the last. */
const MAX_EARLY = 64;

/** `hear` rejects when the word is not good by the registry as it is; `warn` is told of that at first. */
export function createHearing(
  hear: (link: Link, word: SignedWord) => Promise<void>,
  warn: (link: Link, what: string) => void,
): Hearing {
  const early = new Map<MemberCode, Map<string, { readonly link: Link; readonly word: SignedWord }>>();

  function keep(link: Link, word: SignedWord): void {
    const waiting = early.get(link.member) ?? new Map();
    early.set(link.member, waiting);
    const key = `${word.case} ${word.value.log} ${word.value.by}`;
    if (waiting.size < MAX_EARLY || waiting.has(key)) waiting.set(key, { link, word });
  }

  return {
    async heard(link, word) {
      try {
        await hear(link, word);
      } catch (error) {
        keep(link, word);
        const what =
          word.case === 'receipt' ? `a receipt by ${link.member}` : `what ${link.member} says of a purge`;
        warn(link, `${what} was passed over: ${messageOf(error)}`);
      }
    },
    async again() {
      for (const waiting of early.values()) {
        for (const [key, kept] of waiting) {
          try {
            await hear(kept.link, kept.word);
          } catch {
            continue;
          }
          if (waiting.get(key) === kept) waiting.delete(key);
        }
      }
    },
  };
}
