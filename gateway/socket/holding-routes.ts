// The holdings: hashes that a node keeps to itself. POST /holdings takes one file's hashes a line and answers
// a line for each batch that is kept; GET lists them, /holdings/remove takes them away.
//
//   {"hashes":["9f86…0a08","pdq:…"],"label":"case 12"}   {"taken":1000,"known":0}

import { z } from 'zod';
import { checkLabel } from '../../node/holdings/holding.js';
import { firstIssue } from '../../node/home/document.js';
import { parsedField } from '../../node/home/document-fields.js';
import { ALGORITHMS, BadHash, isEmptyInputHash, parseHash } from '../../node/statements/hashes.js';
import { isBlank, type Line, LineSplitter } from '../formats/lines.js';
import { answerJson, BadCall, errorAnswer } from './answers.js';
import { readBody } from './body.js';
import { hashesField } from './lookup-route.js';
import { beginLines, eachChunk, sendLines } from './ndjson.js';
import type { Call, Routes } from './routing.js';

/** Holdings that share a sync of the disk. */
const MAX_BATCH = 1000;
/** Lines of a listing in one write. */
const MAX_LISTED = 200;

const labelField = parsedField((text) => {
  checkLabel(text);
  return text;
});

const HoldingLine = z.strictObject({
  // One of each kind.
  hashes: hashesField.max(ALGORITHMS.length, `has at most ${ALGORITHMS.length} hashes`),
  label: labelField.exactOptional(),
});

const RemoveBody = z.union([z.strictObject({ label: labelField }), z.strictObject({ hashes: hashesField })]);

type Holding = Parameters<Call['api']['addHoldings']>[0][number];

export const holdingRoutes: Routes = {
  'POST /holdings': add,
  'GET /holdings': list,
  'POST /holdings/remove': remove,
};

async function add({ api, request, response, stopping }: Call): Promise<void> {
  const splitter = new LineSplitter('the holdings');
  let batch: Holding[] = [];
  beginLines(response);
  try {
    await eachChunk(request, stopping, async (chunk) => {
      for (const line of splitter.push(chunk)) await take(line);
      await keep();
    });
    if (!stopping.aborted) for (const line of splitter.end()) await take(line);
  } finally {
    await keep();
  }
  response.end();

  async function take(line: Line): Promise<void> {
    if (isBlank(line)) return;
    try {
      batch.push(holdingOf(line));
    } catch (error) {
      await keep();
      await sendLines(response, `${JSON.stringify({ ...errorAnswer(error), line: line.number })}\n`);
    }
    if (batch.length >= MAX_BATCH) await keep();
  }

  async function keep(): Promise<void> {
    if (batch.length === 0) return;
    const items = batch;
    batch = [];
    await sendLines(response, `${JSON.stringify(await api.addHoldings(items))}\n`);
  }
}

function holdingOf(line: Line): Holding {
  if ('reason' in line) throw new BadCall(line.reason);
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    throw new BadCall('not JSON');
  }
  const parsed = HoldingLine.safeParse(value);
  if (!parsed.success) throw new BadCall(firstIssue(parsed.error), parsed.error);
  const hashes = parsed.data.hashes.map(parseHash);
  const seen = new Set<string>();
  for (const { algorithm, hash } of hashes) {
    if (isEmptyInputHash(algorithm, hash)) throw new BadHash(`${algorithm}: the hash of empty input`);
    if (seen.has(algorithm)) throw new BadHash(`two ${algorithm} hashes for one file`);
    seen.add(algorithm);
  }
  return parsed.data.label === undefined ? { hashes } : { hashes, label: parsed.data.label };
}

async function list({ api, query, response }: Call): Promise<void> {
  const label = query.get('label') ?? undefined;
  beginLines(response);
  let lines = '';
  let count = 0;
  for await (const holding of api.listHoldings(label)) {
    lines += `${JSON.stringify(holding)}\n`;
    if (++count % MAX_LISTED !== 0) continue;
    await sendLines(response, lines);
    lines = '';
  }
  response.end(lines);
}

async function remove({ api, request, response }: Call): Promise<void> {
  const which = await readBody(request, RemoveBody);
  const removed = await api.removeHoldings(
    'label' in which ? which : { hashes: which.hashes.map(parseHash) },
  );
  answerJson(response, { removed });
}
