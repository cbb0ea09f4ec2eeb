// What a retraction takes back: an earlier entry of its author, or all earlier media records with an id. Of an entry
// whose bytes are gone nobody can tell the record id any more, so there the retraction's word is enough.

import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';

/** A place in the logs of one member. */
export interface Place {
  readonly generation: number;
  readonly index: number;
}

/** True when the entry that stands at `at` is a retraction that may take back the one at `place`, whose bytes are gone. */
export function mayTakeBack(retraction: Entry, at: Place, place: Place): boolean {
  const isLater =
    at.generation > place.generation || (at.generation === place.generation && at.index > place.index);
  if (!isLater || retraction.statement.case !== 'retraction') return false;
  const { target } = retraction.statement.value;
  if (target.case === 'recordId') return true;
  if (target.case !== 'entry') return false;
  const { generation, index } = target.value;
  return generation === place.generation && Number(index) === place.index;
}
