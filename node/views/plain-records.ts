// Records that came in bulk and stand alone: no other record has their id or one of their hashes, so that
// becoming current they change no list, no overlap and no notice of records.

import type { LiveRecord } from './live-records.js';
import type { MemberNumber } from './position.js';

export interface PlainRecords {
  readonly member: MemberNumber;
  readonly count: number;
  /** Made when asked for: only holdings want to see each. */
  records(): LiveRecord[];
}

export const NO_PLAIN_RECORDS: PlainRecords = { member: '', count: 0, records: () => [] };
