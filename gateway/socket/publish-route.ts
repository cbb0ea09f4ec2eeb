// POST /publish: records and other statements in our JSON form, one a line; one answer line each, in the order of
// the lines, once it is on disk under a signed checkpoint. Many are under way at once, so that they share a sync of
// the disk.
//
//   {"sha256":"9f86…0a08"}   {"outcome":"taken","member":"NL","index":5,"recordId":"…"}
//   {"retract":"NL:5","reason":"wrong-hash"}   {"outcome":"taken","member":"NL","index":6,"entry":"…"}
//   {"sha256":"xyz"}         {"error":{"code":"bad-record","message":"…"},"line":2}

import { Failure } from '../../node/failure.js';
import { parseMemberCode } from '../../node/names.js';
import { BadRecord, recordFromJson } from '../../node/statements/record-json.js';
import { isStatementJson, statementFromJson } from '../../node/statements/statement-json.js';
import { isBlank, type Line, LineSplitter } from '../formats/lines.js';
import { errorAnswer } from './answers.js';
import { beginLines, chunksUntil } from './ndjson.js';
import { OrderedAnswers } from './ordered-answers.js';
import type { Call, Routes } from './routing.js';

/** At 10,000 a second four tenths of a second's work: many syncs deep, and a few MB. */
const MAX_UNDER_WAY = 4096;

export const publishRoutes: Routes = { 'POST /publish': publish };

async function publish(call: Call): Promise<void> {
  const { request, response, stopping } = call;
  const splitter = new LineSplitter('the records');
  const answers = new OrderedAnswers(response, MAX_UNDER_WAY);
  beginLines(response);
  try {
    for await (const chunk of chunksUntil(request, stopping)) {
      for (const line of splitter.push(chunk)) await take(line);
    }
    // A line that was cut by our own closing is no line.
    if (!stopping.aborted) for (const line of splitter.end()) await take(line);
  } finally {
    // Also when a line is not text: what was good before it is still answered.
    await answers.told();
  }
  response.end();

  async function take(line: Line): Promise<void> {
    if (isBlank(line)) return;
    if (answers.isFull) await answers.room();
    answers.add(answerTo(call, line));
  }
}

async function answerTo({ api, log }: Call, line: Line): Promise<string> {
  try {
    const value = jsonIn(line);
    if (isStatementJson(value)) {
      return `${JSON.stringify(await api.say(statementFromJson(value, parseMemberCode(api.member))))}\n`;
    }
    const { record, keepUntilDay } = recordFromJson(value);
    return `${JSON.stringify(await api.publish(record, keepUntilDay))}\n`;
  } catch (error) {
    if (!(error instanceof Failure))
      log.error({ err: error, call: 'POST /publish' }, 'a statement was not published');
    return `${JSON.stringify({ ...errorAnswer(error), line: line.number })}\n`;
  }
}

function jsonIn(line: Line): unknown {
  if ('reason' in line) throw new BadRecord([line.reason]);
  try {
    return JSON.parse(line.text);
  } catch {
    throw new BadRecord(['not JSON']);
  }
}
