// A notice on one line for people: its number, its time, and what it says.
//
//   #12  2026-01-31T12:00:00.000Z  hit  our AU:3 and NL:5 have the same sha256 9f86…0a08
//   #13  2026-01-31T12:00:00.000Z  dispute  NL disputes our AU:3: wrong-hash (NL:7)
//   #14  2026-01-31T12:00:00.000Z  deconfliction  AU (AU:9, case 0b8e…) and NL (NL:8, case 7c11…) investigate …
//   #15  2026-01-31T12:00:01.000Z  lead  NL:6, for AU, FR: {"assess":"AU:3","verdict":"dispute"}

import type { Notice, WatchedEntry } from '../../node/api.js';
import { type LogName, shortLogName } from '../../node/names.js';
import type {
  DeconflictionNotice,
  DisputeNotice,
  LeadNotice,
  MatchNotice,
} from '../../node/notices/notice.js';
import { oneLine, type Terminal } from './terminal.js';

/** What stands for that of which nothing is kept any more. */
const PURGED = ', which is purged since';

/** Longer facts belong to programs. */
const MAX_FACT = 200;

/** The line of a notice. */
export function noticeText(terminal: Terminal, notice: Notice): string {
  const { sequence, kind, at } = notice;
  const said = saidIn(notice);
  return `#${sequence}  ${at}  ${terminal.paint(colourOf(kind), kind)}  ${said}`;
}

/** The line of an entry, as `watch --entries` shows it. */
export function entryText(terminal: Terminal, entry: WatchedEntry): string {
  const { log, index, member, record, statement } = entry;
  const shown = record ?? statement ?? null;
  const absent = member === 'registry' ? 'an act of the registry, told as a notice' : 'not here';
  const said = shown === null ? absent : oneLine(JSON.stringify(shown));
  return `${terminal.paint('dim', 'entry')}  ${shortLogName(log as LogName)}:${index}  ${said}`;
}

function saidIn(notice: Notice): string {
  if (isMatch(notice)) return matchText(notice);
  if (isLead(notice)) return leadText(notice);
  switch (notice.kind) {
    case 'dispute':
      return disputeText(notice as DisputeNotice);
    case 'deconfliction':
      return deconflictionText(notice as DeconflictionNotice);
    default:
      return factsText(notice);
  }
}

function disputeText({ entry, member, reason, assessment, purged }: DisputeNotice): string {
  const why = reason === null ? '' : `: ${reason}`;
  return oneLine(`${member} disputes our ${entry}${why} (${assessment}${purged === true ? PURGED : ''})`);
}

function deconflictionText({ cases, thing }: DeconflictionNotice): string {
  const [one, other] = cases.map(
    ({ member, entry, case: id, sealed }) =>
      `${member} (${entry}, case ${id}${sealed === true ? ', sealed' : ''})`,
  );
  return oneLine(
    `${one} and ${other} investigate what belongs together${thing === null ? '' : `: ${thing}`}`,
  );
}

function isMatch(notice: Notice): notice is Extract<Notice, MatchNotice> {
  return notice.kind === 'hit' || notice.kind === 'conflict';
}

function isLead(notice: Notice): notice is Extract<Notice, LeadNotice> {
  return notice.kind === 'lead';
}

function leadText({ from, log, index, statement }: LeadNotice): string {
  const place = `${log ?? from}:${index}`;
  if (statement === undefined) return oneLine(`${place}${PURGED}`);
  const { readers, ...said } = statement;
  return oneLine(`${place}, for ${(readers as readonly string[]).join(', ')}: ${JSON.stringify(said)}`);
}

function matchText({ kind, hash, algorithm, mine, other }: MatchNotice): string {
  const but = kind === 'conflict' ? ', but by a stronger hash they are different files' : '';
  const log = other.log ?? other.member;
  const theirs = `${shortLogName(log as LogName)}:${other.index}`;
  const what = hash === undefined ? `${algorithm}${PURGED}` : `${algorithm} ${hash}`;
  return oneLine(`${ownText(mine)} and ${theirs} have the same ${what}${but}`);
}

function ownText(mine: MatchNotice['mine']): string {
  if ('record' in mine) return `our ${mine.record}`;
  return mine.holding === null ? 'our holding' : `our holding ${JSON.stringify(mine.holding)}`;
}

function factsText({ sequence: _sequence, kind: _kind, at: _at, ...facts }: Notice): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .map((fact) => oneLine(fact.length > MAX_FACT ? `${fact.slice(0, MAX_FACT)}...` : fact))
    .join(', ');
}

function colourOf(kind: string): 'green' | 'red' | 'cyan' | 'yellow' {
  if (kind === 'hit' || kind === 'lead') return 'green';
  if (kind === 'dispute' || kind === 'deconfliction') return 'yellow';
  return kind === 'conflict' || kind === 'fault' ? 'red' : 'cyan';
}
