// All that the federation knows of one thing: what is connected with it, by whose word, since when and how sure; the
// records, the events as threads, and what members think of each of these. As plain values.

import type {
  RecordAnswer,
  ShowAnswer,
  ShownAssessment,
  ShownEdge,
  ShownEvent,
  ShownLead,
  ShownRecord,
  ShownThing,
} from './api.js';
import { recordAnswer, tallied } from './record-answers.js';
import type { ThingKind } from './statements/link.js';
import { eventFields } from './statements/statement-json.js';
import { ASSESSMENT_REASONS, EVENT_KINDS } from './statements/vocabulary.js';
import type { CountedAssessment } from './views/assessments.js';
import type { Connections } from './views/connections.js';
import { type EntryKey, entryKeyAt } from './views/entry-key.js';
import { algorithmOf } from './views/hash-key.js';
import { leadJson } from './views/lead-json.js';
import type { LiveStatement } from './views/live-statements.js';
import { placeText } from './views/log-table.js';
import { recordAnswer as foundRecord } from './views/lookup.js';
import type { Part } from './views/part.js';
import type { Position } from './views/position.js';
import { isMedia, type ThingKey, thingKeyText, UNKNOWN_KIND } from './views/thing-key.js';

/** What anybody reads of one thing; each record's time is read from its log. */
export const MAX_SHOWN_RECORDS = 500;
export const MAX_SHOWN_EVENTS = 500;
export const MAX_SHOWN_LEADS = 500;

/** What the views know of the thing; no nodes where they know nothing. */
export async function showThing(connections: Connections, thing: ThingKey): Promise<ShowAnswer> {
  const part = await connections.part(thing);
  const { logs } = connections;
  const records = part.records.slice(0, MAX_SHOWN_RECORDS);
  const told = part.statements.filter(({ said }) => said.case === 'event').slice(0, MAX_SHOWN_EVENTS);
  const events = await connections.threads(told, MAX_SHOWN_EVENTS);
  const leads = await connections.leads(part.things.keys());
  const positions = [...new Set([...part.edges, ...records, ...events].map(({ position }) => position))];
  const [madeAt, assessments] = await Promise.all([
    timesOf(
      connections,
      part,
      [...events, ...part.statements],
      records.map(({ position }) => position),
    ),
    connections.assessments(positions.map((position) => entryKeyAt(logs, position))),
  ]);
  const assessedAt = (position: Position): readonly CountedAssessment[] | undefined =>
    assessments.get(entryKeyAt(logs, position));
  const textOf = (key: ThingKey): string => thingKeyText(key, part.kinds.get(key));
  const isKnown = part.statements.length > 0 || part.records.length > 0;
  return {
    thing: textOf(thing),
    nodes: isKnown ? [...part.things].map((key) => shownThing(key, part.kinds.get(key), textOf)) : [],
    edges: part.edges.map(
      ({ from, to, relation, confidence, position, counts }): ShownEdge => ({
        from: textOf(from),
        to: textOf(to),
        relation,
        confidence: confidence ?? null,
        by: logs.logAt(position).member,
        entry: placeText(logs, position),
        madeAt: madeAt(position),
        counts,
        ...tallied(assessedAt(position)),
      }),
    ),
    records: records.map((record): ShownRecord => {
      const { position } = record;
      const answer: RecordAnswer = recordAnswer(foundRecord(record, logs), assessedAt(position));
      return { ...answer, madeAt: madeAt(position) };
    }),
    events: events
      .map((event): ShownEvent => {
        const { position } = event;
        return {
          ...eventOf(event),
          by: logs.logAt(position).member,
          entry: placeText(logs, position),
          madeAt: madeAt(position),
          ...tallied(assessedAt(position)),
        };
      })
      .sort((a, b) => ((a.madeAt ?? '') < (b.madeAt ?? '') ? -1 : Number(a.madeAt !== b.madeAt))),
    assessments: await shownAssessments(connections, assessments, positions),
    leads: leads.slice(0, MAX_SHOWN_LEADS).map(
      (lead): ShownLead => ({
        by: logs.logAt(lead.position).member,
        entry: placeText(logs, lead.position),
        madeAt: isoTime(lead.sealed.madeAt),
        statement: leadJson(lead),
      }),
    ),
    ...(part.truncated ||
    leads.length > MAX_SHOWN_LEADS ||
    records.length < part.records.length ||
    events.length >= MAX_SHOWN_EVENTS
      ? { truncated: true }
      : {}),
  };
}

function shownThing(
  key: ThingKey,
  kind: ThingKind | undefined,
  textOf: (key: ThingKey) => string,
): ShownThing {
  return isMedia(key)
    ? { thing: textOf(key), kind: 'media', algorithm: algorithmOf(key) }
    : { thing: textOf(key), kind: kind ?? UNKNOWN_KIND };
}

/** Everything of an event but its envelope. */
function eventOf({ said }: LiveStatement): Omit<ShownEvent, 'by' | 'entry' | 'madeAt'> {
  if (said.case !== 'event') throw new TypeError('only events are shown as events');
  return { kind: EVENT_KINDS.wordOf.get(said.value.kind) ?? '', ...eventFields(said.value) };
}

/** When each entry was made: of records as their logs say, which are read, of others as the views have them. */
async function timesOf(
  connections: Connections,
  { edges }: Part,
  statements: readonly LiveStatement[],
  records: readonly Position[],
): Promise<(position: Position) => string | null> {
  const seconds = new Map(statements.map(({ position, madeAt }) => [position, madeAt]));
  const others = edges.flatMap(({ position }) => (seconds.has(position) ? [] : [position]));
  const ofRecords = new Set([...records, ...others].slice(0, MAX_SHOWN_RECORDS));
  for (const [position, at] of await connections.madeAt([...ofRecords])) seconds.set(position, at);
  return (position) => {
    const at = seconds.get(position);
    return at === undefined ? null : isoTime(at);
  };
}

async function shownAssessments(
  connections: Connections,
  counted: ReadonlyMap<EntryKey, readonly CountedAssessment[]>,
  positions: readonly Position[],
): Promise<ShownAssessment[]> {
  const { logs } = connections;
  const said = await connections.statements([...counted.values()].flat().map(({ position }) => position));
  return positions.flatMap((position) =>
    (counted.get(entryKeyAt(logs, position)) ?? []).flatMap((assessment): ShownAssessment[] => {
      const statement = said.get(assessment.position);
      if (statement?.said.case !== 'assessment') return [];
      return [
        {
          entry: placeText(logs, position),
          by: assessment.by,
          verdict: assessment.verdict,
          reason: ASSESSMENT_REASONS.wordOf.get(statement.said.value.reason) ?? null,
          assessment: placeText(logs, assessment.position),
          madeAt: isoTime(statement.madeAt),
        },
      ];
    }),
  );
}

/** UTC seconds as ISO 8601. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
