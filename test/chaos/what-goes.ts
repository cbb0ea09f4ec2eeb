// What of all that was published is to be purged in the end, and who may ever hold what was sealed: worked out from the
// statements alone, beside the nodes.

import { fromBinary } from '@bufbuild/protobuf';
import { type LogName, LYON, type MemberCode, parseLogName } from '../../node/names.js';
import type { RegistryState } from '../../node/registry/state.js';
import { NotCanonical } from '../../node/statements/canonical.js';
import { checkEntryBytes } from '../../node/statements/entry.js';
import { leafHash } from '../../node/tlog/hash.js';
import { type Entry, EntrySchema } from '../../proto/gen/icse/v1/entry_pb.js';

/** Bytes are purged so many days after the last on which they may be kept. */
const DAYS_LATE = 1;

/** An entry that somebody published, whether it was acknowledged or not. */
export interface Said {
  readonly by: MemberCode;
  readonly entry: Entry;
  /** False of what only a newer release knows. */
  readonly isKnown: boolean;
  readonly bytes: Uint8Array;
  readonly leaf: string;
  /** Where it was acknowledged. */
  place: { readonly log: LogName; readonly index: number } | undefined;
}

export function saidEntry(by: MemberCode, bytes: Uint8Array): Said {
  const leaf = Buffer.from(leafHash(bytes)).toString('hex');
  return {
    by,
    bytes,
    entry: fromBinary(EntrySchema, bytes),
    isKnown: isOfThisRelease(bytes),
    leaf,
    place: undefined,
  };
}

function isOfThisRelease(bytes: Uint8Array): boolean {
  try {
    checkEntryBytes(bytes);
    return true;
  } catch (error) {
    if (error instanceof NotCanonical) return false;
    throw error;
  }
}

/** Bytes of the entry that no other entry has. */
export function needleOf({ entry }: Pick<Said, 'entry'>): Buffer {
  return Buffer.from(entry.salt);
}

/** True when the member may have the bytes. */
export function isFor({ by, entry, isKnown }: Said, member: MemberCode): boolean {
  if (!isKnown) return member === by;
  const audience = entry.handling?.audience ?? [];
  return audience.length === 0 || member === by || member === LYON || audience.includes(member);
}

export interface Ends {
  /** Its bytes may be gone: somebody may have purged them, be it by a retraction that a cut has undone since. */
  mayBeGone(said: Said): boolean;
  /** Every member that complies has purged its bytes. */
  mustBeGone(said: Said): boolean;
}

/** `isKept` says whether what was acknowledged can still be asked for; `today` is the UTC day. */
export function endsOf(
  all: readonly Said[],
  state: RegistryState,
  today: number,
  isKept: (said: Said) => boolean,
): Ends {
  const retractions = all.filter(({ entry, isKnown }) => isKnown && entry.statement.case === 'retraction');
  const standing = retractions.filter((said) => isKept(said) && counts(said));

  function counts({ place }: Said): boolean {
    const cut = place === undefined ? undefined : state.logs.get(place.log)?.cut;
    return place !== undefined && (cut === undefined || place.index < cut.size);
  }

  function isOver({ entry }: Said, daysLate: number): boolean {
    const keepUntilDay = entry.handling?.keepUntilDay ?? 0;
    return keepUntilDay > 0 && today > keepUntilDay + daysLate;
  }

  return {
    mayBeGone: (said) => isOver(said, 0) || retractions.some((retraction) => names(retraction, said)),
    mustBeGone: (said) =>
      counts(said) &&
      (isOver(said, DAYS_LATE) ||
        standing.some((retraction) => names(retraction, said) && isBehind(retraction, said))),
  };
}

/** True when the retraction names the entry, wherever the two stand. */
function names(retraction: Said, { by, entry, place }: Said): boolean {
  const { statement } = retraction.entry;
  if (retraction.by !== by || statement.case !== 'retraction' || entry.statement.case === 'retraction')
    return false;
  const { target } = statement.value;
  if (target.case === 'recordId') {
    return (
      entry.statement.case === 'mediaRecord' &&
      Buffer.compare(entry.statement.value.recordId, target.value) === 0
    );
  }
  if (target.case !== 'entry' || place === undefined) return false;
  const generation = Math.max(target.value.generation, 1);
  return generation === parseLogName(place.log).generation && Number(target.value.index) === place.index;
}

function isBehind({ place: later }: Said, { place: earlier }: Said): boolean {
  if (later === undefined || earlier === undefined) return false;
  const [a, b] = [parseLogName(earlier.log).generation, parseLogName(later.log).generation];
  return b > a || (a === b && later.index > earlier.index);
}
