// What is known of a thing, for people: first a tree of what is connected with it, then the records, the events as
// threads, what members think of them, and what was sealed about it.
//
//   victim:NL/0b8e9a3e-…
//   ├─ depicts  9f86…0a08 (sha256)  probable, NL:5, 2026-01-31
//   │  └─ same-file  9001…7f72 (md5)  AU:3, 2026-01-30, AU agrees
//   └─ same-as  victim:AU/7c11…  possible, US:9, 2026-02-01, does not count

import type { ShowAnswer, ShownEdge, ShownEvent } from '../../node/api.js';
import { tableText } from './table.js';
import { tallyText } from './tally-text.js';
import type { Terminal } from './terminal.js';

/** The text, with its end. */
export function showText(terminal: Terminal, answer: ShowAnswer): string {
  const { thing, nodes, leads, truncated = false } = answer;
  const of = (words: string): string => `${thing}  ${terminal.paint('dim', words)}\n`;
  if (nodes.length === 0 && leads.length === 0) return of('nobody has said anything of it');
  const parts = [
    nodes.length === 0 ? of('nobody has said anything of it openly') : treeText(terminal, answer),
    recordsText(terminal, answer),
    eventsText(terminal, answer),
    assessmentsText(terminal, answer),
    leadsText(terminal, answer),
    truncated ? `${terminal.paint('yellow', 'there is more than is shown: ask from another thing')}\n` : '',
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function treeText(terminal: Terminal, { thing, nodes, edges }: ShowAnswer): string {
  const algorithms = new Map(nodes.map(({ thing, algorithm }) => [thing, algorithm]));
  const edgesAt = new Map<string, ShownEdge[]>();
  for (const edge of edges) {
    for (const end of [edge.from, edge.to]) edgesAt.set(end, [...(edgesAt.get(end) ?? []), edge]);
  }
  const shown = new Set<ShownEdge>();
  const placed = placedIn(thing, edgesAt);
  const named = (text: string): string => {
    const algorithm = algorithms.get(text);
    return `${terminal.paint('bold', text)}${algorithm === undefined ? '' : ` (${algorithm})`}`;
  };
  const lines = [named(thing)];
  grow(thing, '');
  return `${lines.join('\n')}\n`;

  /** Below a thing all edges that no line shows yet; what stands elsewhere in the tree is named and not gone into. */
  function grow(at: string, indent: string): void {
    const below = (edgesAt.get(at) ?? []).filter((edge) => !shown.has(edge));
    for (const edge of below) shown.add(edge);
    for (const [i, edge] of below.entries()) {
      const isLast = i === below.length - 1;
      const other = edge.from === at ? edge.to : edge.from;
      const words = `${edge.relation}  ${named(other)}  ${edgeFacts(edge)}`;
      lines.push(`${indent}${isLast ? '└─' : '├─'} ${edge.counts ? words : terminal.paint('dim', words)}`);
      if (placed.get(other) === edge) grow(other, `${indent}${isLast ? '   ' : '│  '}`);
    }
  }
}

/** By thing the edge under which it is gone into: the first of those nearest to the beginning. */
function placedIn(start: string, edgesAt: ReadonlyMap<string, readonly ShownEdge[]>) {
  const placed = new Map<string, ShownEdge | undefined>([[start, undefined]]);
  for (const at of placed.keys()) {
    for (const edge of edgesAt.get(at) ?? []) {
      const other = edge.from === at ? edge.to : edge.from;
      if (edge.counts && !placed.has(other)) placed.set(other, edge);
    }
  }
  return placed;
}

function edgeFacts({ confidence, entry, madeAt, counts, assessments }: ShownEdge): string {
  const facts = [confidence, entry, dayOf(madeAt), tallyText(assessments), counts ? null : 'does not count'];
  return facts.filter((fact) => fact !== null && fact !== '').join(', ');
}

function recordsText(terminal: Terminal, { records }: ShowAnswer): string {
  if (records.length === 0) return '';
  return tableText(
    terminal,
    [{ title: 'record' }, { title: 'made at' }, { title: 'hashes' }, { title: 'class' }, { title: 'others' }],
    records.map(({ member, log = member, index, madeAt, hashes, classification, assessments }) => [
      `${log}:${index}`,
      madeAt,
      Object.keys(hashes).join(' '),
      classification === null ? null : `${classification.scheme} ${classification.code}`,
      tallyText(assessments),
    ]),
  );
}

/** Each event below the one that it answers, with a mark for each step. */
function eventsText(terminal: Terminal, { events }: ShowAnswer): string {
  if (events.length === 0) return '';
  const entries = new Set(events.map(({ entry }) => entry));
  const answering = new Map<string, ShownEvent[]>();
  const beginnings: ShownEvent[] = [];
  for (const event of events) {
    const { answers } = event;
    if (answers === undefined || !entries.has(answers)) beginnings.push(event);
    else answering.set(answers, [...(answering.get(answers) ?? []), event]);
  }
  const rows: string[][] = [];
  const add = (event: ShownEvent, depth: number): void => {
    rows.push([
      `${'> '.repeat(depth)}${event.kind}`,
      event.entry,
      event.madeAt ?? '',
      aboutText(event),
      tallyText(event.assessments),
    ]);
    for (const answer of answering.get(event.entry) ?? []) add(answer, depth + 1);
  };
  for (const event of beginnings) add(event, 0);
  return tableText(
    terminal,
    [{ title: 'event' }, { title: 'entry' }, { title: 'made at' }, { title: 'about' }, { title: 'others' }],
    rows,
  );
}

function aboutText({ subject, series, media = [], case: caseId, answers }: ShownEvent): string {
  return [
    subject,
    series === undefined ? undefined : `series ${series}`,
    media.length === 0 ? undefined : `${media.length} media`,
    caseId === undefined ? undefined : `case ${caseId}`,
    answers === undefined ? undefined : `answers ${answers}`,
  ]
    .filter((fact) => fact !== undefined)
    .join(', ');
}

function assessmentsText(terminal: Terminal, { assessments }: ShowAnswer): string {
  if (assessments.length === 0) return '';
  return tableText(
    terminal,
    [{ title: 'assessed' }, { title: 'by' }, { title: 'verdict' }, { title: 'reason' }, { title: 'made at' }],
    assessments.map(({ entry, by, verdict, reason, madeAt }) => [entry, by, verdict, reason, madeAt]),
  );
}

function leadsText(terminal: Terminal, { leads }: ShowAnswer): string {
  if (leads.length === 0) return '';
  return tableText(
    terminal,
    [{ title: 'sealed' }, { title: 'entry' }, { title: 'made at' }, { title: 'for' }],
    leads.map(({ entry, madeAt, statement: { readers, ...said } }) => [
      JSON.stringify(said),
      entry,
      madeAt,
      (readers as readonly string[]).join(', '),
    ]),
  );
}

function dayOf(madeAt: string | null): string {
  return madeAt?.slice(0, 10) ?? '';
}
