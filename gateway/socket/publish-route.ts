// POST /publish: records in our JSON form, one a line; one answer line each, in the order of the records, once
// it is on disk under a signed checkpoint. Many are under way at once, so that they share a sync of the disk.
//
//   {"sha256":"9f86…0a08"}   {"outcome":"taken","member":"NL","index":5,"recordId":"…"}
//   {"sha256":"xyz"}         {"error":{"code":"bad-record","message":"…"},"line":2}

import type { PublishedRecord } from '../../node/api.js';
import { Failure } from '../../node/failure.js';
import { BadRecord, type ReadRecord, recordFromJson } from '../../node/statements/record-json.js';
import { isBlank, type Line, LineSplitter } from '../formats/lines.js';
import { errorAnswer } from './answers.js';
import { beginLines, eachChunk } from './ndjson.js';
import { OrderedAnswers } from './ordered-answers.js';
import type { Call, Routes } from './routing.js';

/** At 10,000 a second four tenths of a second's work: many syncs deep, and a few MB. */
const MAX_UNDER_WAY = 4096;

/** Lines that are published and answered together at most; a chunk of the socket has some two hundred records. */
const MAX_TOGETHER = 512;

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

function answerLines(
  { log }: Call,
  numbers: readonly number[],
  answers: readonly (PublishedRecord | Error)[],
): string {
  let text = '';
  for (const [at, answer] of answers.entries()) {
    if (!(answer instanceof Error)) {
      text += `${JSON.stringify(answer)}\n`;
      continue;
    }
    if (!(answer instanceof Failure))
      log.error({ err: answer, call: 'POST /publish' }, 'a record was not published');
    text += `${JSON.stringify({ ...errorAnswer(answer), line: numbers[at] })}\n`;
  }
  return text;
}

/** The answer to each line. What was read from the lines is let go of before anything is waited for. */
function publishLines({ api }: Call, lines: readonly Line[]): Promise<(PublishedRecord | Error)[]> {
  const records: ReadRecord[] = [];
  const unread = new Map<number, Error>();
  for (const [at, line] of lines.entries()) {
    try {
      records.push(readLine(line));
    } catch (error) {
      unread.set(at, error as Error);
    }
  }
  const published = records.length > 0 ? api.publishAll(records) : Promise.resolve([]);
  if (unread.size === 0) return published;
  return published.then((answers) => {
    let next = 0;
    return Array.from(
      { length: answers.length + unread.size },
      (_, at) => unread.get(at) ?? (answers[next++] as PublishedRecord | Error),
    );
  });
}

/** Throws BadRecord. */
function readLine(line: Line): ReadRecord {
  if ('reason' in line) throw new BadRecord([line.reason]);
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    throw new BadRecord(['not JSON']);
  }
  return recordFromJson(value);
}
