// POST /publish: records and other statements in our JSON form, one a line; one answer line each, in the order of
// the lines, once it is on disk under a signed checkpoint. Many are under way at once, so that they share a sync of
// the disk.
//
//   {"sha256":"9f86…0a08"}   {"outcome":"taken","member":"NL","index":5,"recordId":"…"}
//   {"retract":"NL:5","reason":"wrong-hash"}   {"outcome":"taken","member":"NL","index":6,"entry":"…"}
//   {"sha256":"xyz"}         {"error":{"code":"bad-record","message":"…"},"line":2}

import type { NodeApi, PublishedRecord, PublishedStatement } from '../../node/api.js';
import { Failure } from '../../node/failure.js';
import { parseMemberCode } from '../../node/names.js';
import { BadRecord, type ReadRecord, recordFromJson } from '../../node/statements/record-json.js';
import { isStatementJson, statementFromJson } from '../../node/statements/statement-json.js';
import { isBlank, type Line, LineSplitter } from '../formats/lines.js';
import { errorAnswer } from './answers.js';
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
    if (lines.length > 0) answers.add(lines.length, answersTo(call, lines));
  }
}

/** The answer lines to some lines; never rejects. */
function answersTo(call: Call, lines: readonly Line[]): Promise<string> {
  const numbers = lines.map(({ number }) => number);
  return publishLines(call, lines).then((answers) => answerLines(call, numbers, answers));
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

/** The answer to each line. What was read from the lines is let go of before anything is waited for. */
function publishLines({ api }: Call, lines: readonly Line[]): Promise<Answer[]> {
  const records: ReadRecord[] = [];
  /** The answers to lines that are no records. */
  const apart = new Map<number, Promise<Answer>>();
  for (const [at, line] of lines.entries()) {
    try {
      const value = jsonIn(line);
      if (isStatementJson(value)) apart.set(at, saidBy(api, value));
      else records.push(recordFromJson(value));
    } catch (error) {
      apart.set(at, Promise.resolve(error as Error));
    }
  }
  const published = records.length > 0 ? api.publishAll(records) : Promise.resolve([]);
  return apart.size === 0 ? published : inOrder(published, apart);
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

/** Throws BadStatement or BadRecord; what the node refuses is the answer. */
function saidBy(api: NodeApi, value: unknown): Promise<Answer> {
  return api.say(statementFromJson(value, parseMemberCode(api.member))).catch((error: Error) => error);
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
