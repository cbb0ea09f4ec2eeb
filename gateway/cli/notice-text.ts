// A notice on one line for people: its number, its time, and what it says.
//
//   #12  2026-01-31T12:00:00.000Z  hit  our AU:3 and NL:5 have the same sha256 9f86…0a08

import type { Notice, WatchedEntry } from '../../node/api.js';
import { oneLine, type Terminal } from './terminal.js';

/** Longer facts belong to programs. */
const MAX_FACT = 200;

interface HitFacts {
  readonly hash: string;
  readonly algorithm: string;
  readonly mine: { readonly record: string } | { readonly holding: string | null };
  readonly other: { readonly member: string; readonly index: number };
}

/** The line of a notice. */
export function noticeText(terminal: Terminal, notice: Notice): string {
  const { sequence, kind, at, ...facts } = notice;
  const said = isHit(facts) ? hitText(facts) : factsText(facts);
  return `#${sequence}  ${at}  ${terminal.paint(colourOf(kind), kind)}  ${said}`;
}

/** The line of an entry, as `watch --entries` shows it. */
export function entryText(terminal: Terminal, { log, index, record }: WatchedEntry): string {
  const said = record === null ? 'not here' : oneLine(JSON.stringify(record));
  return `${terminal.paint('dim', 'entry')}  ${log.slice(log.lastIndexOf('/') + 1)}:${index}  ${said}`;
}

function isHit(facts: object): facts is HitFacts {
  return 'hash' in facts && 'algorithm' in facts && 'mine' in facts && 'other' in facts;
}

function hitText({ hash, algorithm, mine, other }: HitFacts): string {
  const own =
    'record' in mine
      ? `our ${mine.record}`
      : mine.holding === null
        ? 'our holding'
        : `our holding ${JSON.stringify(mine.holding)}`;
  return oneLine(`${own} and ${other.member}:${other.index} have the same ${algorithm} ${hash}`);
}

function factsText(facts: object): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .map((fact) => oneLine(fact.length > MAX_FACT ? `${fact.slice(0, MAX_FACT)}...` : fact))
    .join(', ');
}

function colourOf(kind: string): 'green' | 'red' | 'cyan' {
  if (kind === 'hit') return 'green';
  return kind === 'conflict' || kind === 'fault' ? 'red' : 'cyan';
}
