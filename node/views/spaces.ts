// The key spaces of the views' database, by the first byte of the key. They stand together so that no two
// views ever share one.

import { after, type Binary } from './binary.js';

export const SPACE = {
  /** one key: versions of driver and views, and the UTC day that the state is for */
  meta: '!',
  /** member code -> member number */
  member: 'm',
  /** log name -> cursor, six bytes */
  log: 'l',
  /** position -> nothing: below the cursor, but the bytes were not there */
  hole: 'g',
  /** position -> live record (live-records.ts) */
  live: 'e',
  /** log number, index / 16 -> live records that came in bulk (packs.ts) */
  pack: 'p',
  /** run -> what it has (runs.ts) */
  runHead: 'R',
  /** run, block -> index keys and positions */
  runBlock: 'r',
  /** day, position -> nothing: live until the end of that day */
  expiry: 'd',
  /** position -> live statement that is no media record (live-statements.ts) */
  statement: 's',
  /** position -> what was sealed there and could be opened here (leads.ts) */
  lead: 'L',
  /** hash key -> positions of the sealed records that bear it; member number, nothing -> counts (lead-things.ts) */
  leadHash: 'H',
  /** thing -> positions of the other leads about it; member number, nothing -> counts (lead-things.ts) */
  leadThing: 'T',
  /** case -> its openings and closings in leads (sealed-cases.ts) */
  sealedCase: 'J',
  /** case, opening or closing -> nothing: before those that count */
  earlierSealedCase: 'j',
  /** thing -> positions of the leads that opened an investigation about it */
  sealedOpening: 'W',
  /** thing, position -> nothing: beyond what counts for one member */
  furtherSealedOpening: 'X',
  /** position -> positions of the retractions that name it (retractions.ts) */
  retractedEntry: 't',
  /** member number, record id -> positions of the retractions that name it */
  retractedRecord: 'i',
  /** position of a retraction -> positions of what it took back */
  takenBack: 'q',
  /** position -> nothing: no longer live, and its bytes may still be here (dead-entries.ts) */
  dead: 'z',
  /** member number, record id -> position of the current record */
  version: 'c',
  /** member number, record id, position -> nothing: live, but replaced by a later one */
  olderVersion: 'v',
  /** short key -> postings (postings.ts) */
  posting: 'h',
  /** short key, posting -> nothing: beyond what counts for one member */
  furtherPosting: 'x',
  /** hash key -> member numbers */
  overlap: 'o',
  /** member number, or nothing for all -> records, overlaps */
  figure: 'f',
  /** kind of event, subject, member number -> live events of that kind by the member (tallies.ts) */
  eventsAbout: 'I',
  /** kind of event, subject -> members that have such events */
  subjectMembers: 'u',
  /** kind of event, member number, or nothing for all -> subjects */
  subjectCount: 'y',
  /** position -> nothing: a live link with the relation same-as (same-subjects.ts) */
  sameAs: 'S',
  /** month, kind of event, member number -> live events */
  eventsInMonth: 'M',
  /** thing -> positions of the statements that name it (links.ts) */
  thing: 'k',
  /** thing, position -> nothing: beyond what counts for one member */
  furtherThing: 'K',
  /** entry -> the last assessment by each member (assessments.ts) */
  assessment: 'a',
  /** entry, assessment -> nothing: replaced by a later one */
  earlierAssessment: 'A',
  /** case -> its openings and closings (events.ts) */
  caseEvent: 'n',
  /** case, opening or closing -> nothing: before those that count */
  earlierCaseEvent: 'N',
  /** member code -> how many cases it has open, four bytes */
  openCases: 'w',
  /** entry -> positions of the events that answer it */
  answer: 'b',
  /** entry, position -> nothing: beyond what counts for one member */
  furtherAnswer: 'B',
} as const;

/** The range of all keys of a space that begin with the prefix. */
export function rangeOf(space: string, prefix: Binary = ''): [from: Binary, to: Binary] {
  return [space + prefix, after(space + prefix)];
}
