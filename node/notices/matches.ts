// What is told of one thing of mine (a record or a holding) and another member's records that share a hash
// with it: at most one hit and one conflict, whichever side came first.
//
//   id = SHA-256("icse hit v1" LF | "icse conflict v1" LF, "record" | "holding" LF, key of mine, other member)

import { createHash } from 'node:crypto';
import type { MemberCode } from '../names.js';
import { hashText } from '../statements/hashes.js';
import { type Binary, fromBinary } from '../views/binary.js';
import { algorithmOf, contradicts, type HashKey, namedHash, strongestShared } from '../views/hash-key.js';
import type { MatchNotice } from './notice.js';
import type { Untold } from './told.js';

/** A record or holding of mine. */
export interface Mine {
  readonly kind: 'record' | 'holding';
  /** What it stays the same by: the record id, or the key of the holding. */
  readonly key: Binary;
  /** Strongest first. */
  readonly hashes: readonly HashKey[];
  readonly told: MatchNotice['mine'];
}

/** Another member's record. */
export interface Theirs {
  readonly member: MemberCode;
  /** Strongest first. */
  readonly hashes: readonly HashKey[];
  readonly told: MatchNotice['other'];
}

/** The hit, the conflict or neither that follow from records of one other member. */
export function matchNotices(mine: Mine, theirs: readonly Theirs[], at: string): Untold[] {
  let hit: [HashKey, Theirs] | undefined;
  let conflict: [HashKey, Theirs] | undefined;
  for (const record of theirs) {
    const shared = strongestShared(mine.hashes, record.hashes);
    if (shared === undefined) continue;
    // Binary strings of hash keys begin with the strength, 1 the strongest.
    if (contradicts(mine.hashes, record.hashes, shared)) {
      if (conflict === undefined || shared < conflict[0]) conflict = [shared, record];
    } else if (hit === undefined || shared < hit[0]) {
      hit = [shared, record];
    }
  }
  const untold: Untold[] = [];
  if (hit !== undefined) untold.push(untoldOf('hit', mine, hit, at));
  if (conflict !== undefined) untold.push(untoldOf('conflict', mine, conflict, at));
  return untold;
}

function untoldOf(
  kind: MatchNotice['kind'],
  mine: Mine,
  [key, theirs]: [HashKey, Theirs],
  at: string,
): Untold {
  const id = createHash('sha256')
    .update(`icse ${kind} v1\n${mine.kind}\n`)
    .update(fromBinary(mine.key))
    .update(theirs.member)
    .digest();
  const { algorithm, hash } = namedHash(key);
  return {
    id,
    body: {
      kind,
      hash: hashText(algorithm, hash),
      algorithm: algorithmOf(key),
      mine: mine.told,
      other: theirs.told,
      at,
    },
  };
}
