// Opening sealed statements with this node's key: those that name its member, and its own.

import { NotOpened, open } from '../keys/sealing.js';
import type { SealingKeyPair } from '../keys/seed.js';
import { type FederationId, type LogName, type MemberCode, parseLogName } from '../names.js';
import {
  decodeContent,
  type SealableStatement,
  type SealedEntry,
  sealingContext,
} from '../statements/sealed-content.js';

/**
 * What the sealed entry at the place says; undefined when it is for others. Throws NotOpened (by keys that this node
 * does not have, or altered) and BadContent (it breaks the rules of what it says).
 */
export type Opener = (entry: SealedEntry, log: LogName, index: number) => SealableStatement | undefined;

/** The opener of a member with the sealing key that it has now. */
export function openerOf(federation: FederationId, me: MemberCode, key: SealingKeyPair): Opener {
  return (entry, log, index) => {
    const { member, generation } = parseLogName(log);
    if (member === undefined) throw new NotOpened('nothing is sealed in a registry');
    const audience = entry.handling?.audience ?? [];
    const place = member === me ? audience.length : audience.indexOf(me);
    if (place === -1) return undefined;
    const content = open(entry.statement.value, place, key, sealingContext(federation, member, entry));
    return decodeContent(content, { member, generation, index });
  };
}
