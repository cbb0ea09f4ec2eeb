// Our JSON form of every statement, for files, the socket and the feed. The first key tells which it is; a media
// record is told by its hashes (record-json.ts). `readers` makes it a sealed one.
//
//   { "event": "victim-identified", "subject": "NL/<UUID>", "media": ["<hash>"], "series": "NL/<UUID>",
//     "case": "<UUID>", "answers": "NL:5", "keepUntil": "2030-12-31", "readers": ["AU"] }
//   { "link": "depicts", "from": "<hash>", "to": "victim:NL/<UUID>", "confidence": "probable" }
//   { "assess": "NL:5", "verdict": "dispute", "reason": "wrong-hash" }
//   { "retract": "NL:5", "reason": "entered-in-error" }          or the UUID of a record id

import { create } from '@bufbuild/protobuf';
import {
  AssessmentSchema,
  type Entry,
  type IdentificationEvent,
  IdentificationEventSchema,
  LinkSchema,
  RetractionSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import { type MemberCode, parseMemberCode } from '../names.js';
import { dayText, parseDay } from './day.js';
import { MAX_EVENT_MEDIA } from './event.js';
import { checkKeys, isObject, type JsonObject, textField, wordField } from './json-fields.js';
import { kindAtEnd, parseThing, thingText } from './link.js';
import { BadRecord, recordFromJson, recordToJson } from './record-json.js';
import {
  compareMedia,
  mediaText,
  parseMedia,
  parseReference,
  parseSubject,
  referenceText,
  subjectText,
} from './references.js';
import { MAX_READERS } from './sealed.js';
import { parseUuid, uuidText } from './uuid.js';
import {
  ASSESSMENT_REASONS,
  CONFIDENCES,
  EVENT_KINDS,
  RELATIONS,
  RETRACTION_REASONS,
  VERDICTS,
} from './vocabulary.js';

/** What a member can say, but for the form in which it is sealed. */
export type OpenStatement = Extract<
  Entry['statement'],
  { case: 'mediaRecord' | 'event' | 'link' | 'assessment' | 'retraction' }
>;

export interface ReadStatement {
  /** The record id of a media record is empty when the input has none. */
  readonly statement: OpenStatement;
  /** 0 = no end. */
  readonly keepUntilDay: number;
  /** Who may read it, ascending; empty = everybody. */
  readonly readers: readonly MemberCode[];
}

export interface EventFields {
  readonly subject?: string;
  readonly media?: readonly string[];
  readonly series?: string;
  readonly case?: string;
  /** The entry that it answers. */
  readonly answers?: string;
}

/** What is read before it is known who may read it. */
type ReadOpen = Omit<ReadStatement, 'readers'>;

/** Input that is no statement: `code` is 'bad-statement', `reasons` has every fault. */
export class BadStatement extends Failure {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super('bad-statement', `not a statement: ${reasons.join('; ')}`);
    this.reasons = reasons;
  }
}

const SUBJECT_FORM = 'a UUID, or MEMBER/UUID';
const HASH_FORM = 'a hash';
const PLACE_FORM = 'a place such as NL:5';
const DAY_FORM = 'a day after 1970-01-01 as YYYY-MM-DD';

/** True for the JSON form of anything but an open media record. */
export function isStatementJson(value: unknown): boolean {
  return (
    isObject(value) &&
    ('event' in value || 'link' in value || 'assess' in value || 'retract' in value || 'readers' in value)
  );
}

/** Reads the JSON form of a statement by `me`. Throws BadStatement; BadRecord for a media record. */
export function statementFromJson(value: unknown, me: MemberCode): ReadStatement {
  if (!isObject(value)) throw new BadStatement(['a statement is a JSON object']);
  const { readers: given, ...rest } = value;
  const reasons: string[] = [];
  const readers = given === undefined ? [] : readReaders(given, reasons);
  const read = openFromJson(rest, me, reasons);
  if (reasons.length > 0) throw new BadStatement(reasons);
  return { ...read, readers };
}

function openFromJson(value: JsonObject, me: MemberCode, reasons: string[]): ReadOpen {
  if ('event' in value) return eventFromJson(value, me, reasons);
  if ('link' in value) return linkFromJson(value, me, reasons);
  if ('assess' in value) return assessmentFromJson(value, reasons);
  if ('retract' in value) return retractionFromJson(value, reasons);
  try {
    const { record, keepUntilDay } = recordFromJson(value);
    return { statement: { case: 'mediaRecord', value: record }, keepUntilDay };
  } catch (error) {
    // What is wrong with the readers is told with the rest.
    if (error instanceof BadRecord && reasons.length > 0) {
      throw new BadStatement([...reasons, ...error.reasons]);
    }
    throw error;
  }
}

function eventFromJson(value: JsonObject, me: MemberCode, reasons: string[]): ReadOpen {
  const known = ['event', 'subject', 'media', 'series', 'case', 'answers', 'keepUntil'];
  checkKeys('an event', value, known, reasons);
  const subject = optional('subject', value.subject, (text) => parseSubject(text, me), SUBJECT_FORM, reasons);
  const series = optional('series', value.series, (text) => parseSubject(text, me), SUBJECT_FORM, reasons);
  const answers = optional('answers', value.answers, parseReference, PLACE_FORM, reasons);
  const event = create(IdentificationEventSchema, {
    kind: wordField('event', EVENT_KINDS, value.event, reasons),
    media: readMedia(value.media, reasons).sort(compareMedia),
    caseId: optional('case', value.case, parseUuid, 'a UUID', reasons) ?? new Uint8Array(),
    ...(subject === undefined ? {} : { subject }),
    ...(series === undefined ? {} : { series }),
    ...(answers === undefined ? {} : { answers }),
  });
  return { statement: { case: 'event', value: event }, keepUntilDay: readKeepUntil(value, reasons) };
}

function linkFromJson(value: JsonObject, me: MemberCode, reasons: string[]): ReadOpen {
  checkKeys('a link', value, ['link', 'from', 'to', 'confidence', 'keepUntil'], reasons);
  const relation = wordField('link', RELATIONS, value.link, reasons);
  const thingForm = 'a hash, or victim:, suspect:, place: or series: and a UUID or MEMBER/UUID';
  const from = textField(
    'from',
    value.from,
    named((text) => parseThing(text, me)),
    thingForm,
    reasons,
  );
  const kind = kindAtEnd(relation);
  const to = textField(
    'to',
    value.to,
    named((text) => parseThing(text, me, kind)),
    thingForm,
    reasons,
  );
  const link = create(LinkSchema, {
    relation,
    confidence: wordField('confidence', CONFIDENCES, value.confidence, reasons),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  return { statement: { case: 'link', value: link }, keepUntilDay: readKeepUntil(value, reasons) };
}

function assessmentFromJson(value: JsonObject, reasons: string[]): ReadOpen {
  checkKeys('an assessment', value, ['assess', 'verdict', 'reason', 'keepUntil'], reasons);
  const entry = textField('assess', value.assess, named(parseReference), PLACE_FORM, reasons);
  const assessment = create(AssessmentSchema, {
    verdict: wordField('verdict', VERDICTS, value.verdict, reasons),
    reason: value.reason === undefined ? 0 : wordField('reason', ASSESSMENT_REASONS, value.reason, reasons),
    ...(entry === undefined ? {} : { entry }),
  });
  return {
    statement: { case: 'assessment', value: assessment },
    keepUntilDay: readKeepUntil(value, reasons),
  };
}

function retractionFromJson(value: JsonObject, reasons: string[]): ReadOpen {
  checkKeys('a retraction', value, ['retract', 'reason'], reasons);
  const target = textField(
    'retract',
    value.retract,
    retractionTarget,
    `${PLACE_FORM}, or the UUID of a record id`,
    reasons,
  );
  const retraction = create(RetractionSchema, {
    reason: wordField('reason', RETRACTION_REASONS, value.reason, reasons),
    ...(target === undefined ? {} : { target }),
  });
  return { statement: { case: 'retraction', value: retraction }, keepUntilDay: 0 };
}

function retractionTarget(text: string) {
  const recordId = parseUuid(text);
  if (recordId !== undefined) return { case: 'recordId' as const, value: recordId };
  const entry = named(parseReference)(text);
  return entry === undefined ? undefined : { case: 'entry' as const, value: entry };
}

function readKeepUntil({ keepUntil }: JsonObject, reasons: string[]): number {
  return optional('keepUntil', keepUntil, parseDay, DAY_FORM, reasons) ?? 0;
}

function readMedia(value: unknown, reasons: string[]) {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    reasons.push('media: must be a list of hashes');
    return [];
  }
  // One reason for a list of thousands, not thousands of reasons.
  if (value.length > MAX_EVENT_MEDIA) {
    reasons.push(`media: ${value.length} given, must be at most ${MAX_EVENT_MEDIA}`);
    return [];
  }
  return value.flatMap((text) => textField('media', text, named(parseMedia), HASH_FORM, reasons) ?? []);
}

/** In any order; a code that is named twice is a fault of whoever wrote it. */
function readReaders(value: unknown, reasons: string[]): MemberCode[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_READERS) {
    const given = Array.isArray(value) ? `${value.length} given, ` : '';
    reasons.push(`readers: ${given}must be a list of 1 to ${MAX_READERS} member codes`);
    return [];
  }
  const codes = value.flatMap(
    (text) => textField('readers', text, named(parseMemberCode), 'a member code such as NL', reasons) ?? [],
  );
  return codes.sort();
}

function optional<T>(
  field: string,
  value: unknown,
  parse: (text: string) => T | undefined,
  form: string,
  reasons: string[],
): T | undefined {
  return value === undefined ? undefined : textField(field, value, named(parse), form, reasons);
}

/** A parser that throws for what is none, as one that gives nothing. */
function named<T>(parse: (text: string) => T | undefined): (text: string) => T | undefined {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  };
}

/** The JSON form of a member's entry: the inverse of `statementFromJson`; of a sealed one only who may read it. */
export function statementToJson({ statement, handling }: Pick<Entry, 'statement' | 'handling'>): unknown {
  const keepUntilDay = handling?.keepUntilDay ?? 0;
  const keepUntil = keepUntilDay === 0 ? {} : { keepUntil: dayText(keepUntilDay) };
  switch (statement.case) {
    case 'mediaRecord':
      return recordToJson(statement.value, keepUntilDay);
    case 'event':
      return {
        event: EVENT_KINDS.wordOf.get(statement.value.kind),
        ...eventFields(statement.value),
        ...keepUntil,
      };
    case 'link': {
      const { from, relation, to, confidence } = statement.value;
      return {
        link: RELATIONS.wordOf.get(relation),
        ...(from === undefined ? {} : { from: thingText(from) }),
        ...(to === undefined ? {} : { to: thingText(to) }),
        confidence: CONFIDENCES.wordOf.get(confidence),
        ...keepUntil,
      };
    }
    case 'assessment': {
      const { entry, verdict, reason } = statement.value;
      return {
        ...(entry === undefined ? {} : { assess: referenceText(entry) }),
        verdict: VERDICTS.wordOf.get(verdict),
        ...(reason === 0 ? {} : { reason: ASSESSMENT_REASONS.wordOf.get(reason) }),
        ...keepUntil,
      };
    }
    case 'retraction': {
      const { target, reason } = statement.value;
      return {
        retract:
          target.case === 'entry' ? referenceText(target.value) : uuidText(target.value ?? new Uint8Array()),
        reason: RETRACTION_REASONS.wordOf.get(reason),
      };
    }
    case 'sealed':
      return { sealed: true, readers: handling?.audience ?? [], ...keepUntil };
    default:
      return null;
  }
}

/** What an event says beside its kind, as far as it says it. */
export function eventFields({ subject, media, series, caseId, answers }: IdentificationEvent): EventFields {
  return {
    ...(subject === undefined ? {} : { subject: subjectText(subject) }),
    ...(media.length === 0 ? {} : { media: media.map(mediaText) }),
    ...(series === undefined ? {} : { series: subjectText(series) }),
    ...(caseId.length === 0 ? {} : { case: uuidText(caseId) }),
    ...(answers === undefined ? {} : { answers: referenceText(answers) }),
  };
}
