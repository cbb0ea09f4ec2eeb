// POST /publish: records and other statements in our JSON form, one a line; one answer line each, in the order of
// the lines, once it is on disk under a signed checkpoint. Many are under way at once, so that they share a sync of
// the disk; but a retraction is published when what stands before it is, and before what stands behind it.
//
//   {"sha256":"9f86…0a08"}   {"outcome":"taken","member":"NL","index":5,"recordId":"…"}
//   {"retract":"NL:5","reason":"wrong-hash"}   {"outcome":"taken","member":"NL","index":6,"entry":"…"}
//   {"sha256":"xyz"}         {"error":{"code":"bad-record","message":"…"},"line":2}

import type { NodeApi, PublishedRecord, PublishedStatement } from '../../node/api.js';
import { Failure } from '../../node/failure.js';
import { parseMemberCode } from '../../node/names.js';
import { BadRecord, type ReadRecord, recordFromJson } from '../../node/statements/record-json.js';
import {
  isStatementJson,
  type ReadStatement,
  statementFromJson,
} from '../../node/statements/statement-json.js';
import { isBlank, type Line, LineSplitter } from '../formats/lines.js';
import { errorAnswer } from './answers.js';
import { type InTurn, inTurn } from './in-turn.js';
import { beginLines, eachChunk } from './ndjson.js';
import { OrderedAnswers } from './ordered-answers.js';
import type { Call, Routes } from './routing.js';

/** At 10,000 a second four tenths of a second's work: many syncs deep, and a few MB. */
const MAX_UNDER_WAY = 4096;

/** Lines that are published and answered together at most; a chunk of the socket has some two hundred records. */
const MAX_TOGETHER = 512;

type Answer = PublishedRecord | PublishedStatement | Error;

export const publishRoutes: Routes = { 'POST /publish': publish };

async function publish(call: Call): Promise<void> {
  const { request, response, stopping } = call;
  const splitter = new LineSplitter('the records');
  const answers = new OrderedAnswers(response, MAX_UNDER_WAY);
  const turn: InTurn = inTurn();
  beginLines(response);
  try {
    await eachChunk(request, stopping, (chunk) => take(splitter.push(chunk)));
    // A line that was cut by our own closing is no line.
    if (!stopping.aborted) await take(splitter.end());
  } finally {
    // Also when a line is not text: what was good before it is still answered.
    await answers.told();
  }
  response.end();

  /** Resolves when there is room for all of them; undefined when there was. */
  function take(all: readonly Line[]): Promise<void> | undefined {
    const lines = all.filter((line) => !isBlank(line));
    if (lines.length <= MAX_TOGETHER && answers.hasRoomFor(lines.length)) return begin(lines);
    return takeInParts(lines);
  }

  async function takeInParts(lines: readonly Line[]): Promise<void> {
    for (let from = 0; from < lines.length; from += MAX_TOGETHER) {
      const part = lines.slice(from, from + MAX_TOGETHER);
      await answers.roomFor(part.length);
      begin(part);
    }
  }

  function begin(lines: readonly Line[]): undefined {
    for (const part of partsOf(call.api, lines)) {
      const answered = turn(part.isTakingBack, () => answersTo(call, part));
      answers.add(part.numbers.length, answered);
    }
  }
}

/** Lines that are published together: retractions, or all else. */
interface Part {
  readonly isTakingBack: boolean;
  /** Of its lines. */
  readonly numbers: number[];
  readonly records: ReadRecord[];
  /** By place in the part: other statements, and what is wrong with lines that are none. */
  readonly apart: Map<number, ReadStatement | Error>;
}

function partsOf(api: NodeApi, lines: readonly Line[]): Part[] {
  const parts: Part[] = [];
  let part: Part | undefined;
  for (const line of lines) {
    const read = readLine(api, line);
    const isTakingBack = 'statement' in read && read.statement.case === 'retraction';
    if (part?.isTakingBack !== isTakingBack) {
      part = { isTakingBack, numbers: [], records: [], apart: new Map() };
      parts.push(part);
    }
    if ('record' in read) part.records.push(read);
    else part.apart.set(part.numbers.length, read);
    part.numbers.push(line.number);
  }
  return parts;
}

/** What the line says, or what is wrong with it. */
function readLine(api: NodeApi, line: Line): ReadRecord | ReadStatement | Error {
  try {
    const value = jsonIn(line);
    if (isStatementJson(value)) return statementFromJson(value, parseMemberCode(api.member));
    return recordFromJson(value);
  } catch (error) {
    return error as Error;
  }
}

/** The answer lines to a part; never rejects. What was read is let go of before anything is waited for. */
function answersTo(call: Call, part: Part): Promise<string> {
  const { numbers } = part;
  return publishPart(call.api, part).then((answers) => answerLines(call, numbers, answers));
}

function answerLines({ log }: Call, numbers: readonly number[], answers: readonly Answer[]): string {
  let text = '';
  for (const [at, answer] of answers.entries()) {
    if (!(answer instanceof Error)) {
      text += `${JSON.stringify(answer)}\n`;
      continue;
    }
    if (!(answer instanceof Failure))
      log.error({ err: answer, call: 'POST /publish' }, 'a statement was not published');
    text += `${JSON.stringify({ ...errorAnswer(answer), line: numbers[at] })}\n`;
  }
  return text;
}

function publishPart(api: NodeApi, { records, apart }: Part): Promise<Answer[]> {
  const published = records.length > 0 ? api.publishAll(records) : Promise.resolve([]);
  if (apart.size === 0) return published;
  const others = new Map<number, Promise<Answer>>();
  for (const [at, read] of apart) {
    others.set(
      at,
      read instanceof Error ? Promise.resolve(read) : api.say(read).catch((error: Error) => error),
    );
  }
  return inOrder(published, others);
}

async function inOrder(
  published: Promise<Answer[]>,
  apart: ReadonlyMap<number, Promise<Answer>>,
): Promise<Answer[]> {
  const answers = await published;
  const others = new Map<number, Answer>();
  for (const [at, answer] of apart) others.set(at, await answer);
  let next = 0;
  return Array.from(
    { length: answers.length + others.size },
    (_, at) => others.get(at) ?? (answers[next++] as Answer),
  );
}

/** Throws BadRecord. */
function jsonIn(line: Line): unknown {
  if ('reason' in line) throw new BadRecord([line.reason]);
  try {
    return JSON.parse(line.text);
  } catch {
    throw new BadRecord(['not JSON']);
  }
}
