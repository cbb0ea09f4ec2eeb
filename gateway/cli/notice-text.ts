// A notice on one line for people: its number, its time, and what it says.
//
//   #12  2026-01-31T12:00:00.000Z  hit  our AU:3 and NL:5 have the same sha256 9f86…0a08

import type { Notice, WatchedEntry } from '../../node/api.js';
import { type LogName, shortLogName } from '../../node/names.js';
import type { MatchNotice } from '../../node/notices/notice.js';
import { oneLine, type Terminal } from './terminal.js';

/** Longer facts belong to programs. */
const MAX_FACT = 200;

/** The line of a notice. */
export function noticeText(terminal: Terminal, notice: Notice): string {
  const { sequence, kind, at } = notice;
  const said = isMatch(notice) ? matchText(notice) : factsText(notice);
  return `#${sequence}  ${at}  ${terminal.paint(colourOf(kind), kind)}  ${said}`;
}

/** The line of an entry, as `watch --entries` shows it. */
export function entryText(terminal: Terminal, { log, index, record }: WatchedEntry): string {
  const said = record === null ? 'not here' : oneLine(JSON.stringify(record));
  return `${terminal.paint('dim', 'entry')}  ${shortLogName(log as LogName)}:${index}  ${said}`;
}

function isMatch(notice: Notice): notice is Extract<Notice, MatchNotice> {
  return notice.kind === 'hit' || notice.kind === 'conflict';
}

function matchText({ kind, hash, algorithm, mine, other }: MatchNotice): string {
  const but = kind === 'conflict' ? ', but by a stronger hash they are different files' : '';
  const log = other.log ?? other.member;
  const theirs = `${shortLogName(log as LogName)}:${other.index}`;
  const what = hash === undefined ? `${algorithm}, which is purged since` : `${algorithm} ${hash}`;
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

function colourOf(kind: string): 'green' | 'red' | 'cyan' {
  if (kind === 'hit') return 'green';
  return kind === 'conflict' || kind === 'fault' ? 'red' : 'cyan';
}
