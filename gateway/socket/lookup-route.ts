// POST /lookup: up to a thousand hashes as people write them; one answer line each, in their order.
//
//   {"hashes":["9f86…0a08","pdq:…"]}   {"hash":"9f86…0a08","algorithm":"sha256","records":[…],"holdings":0}

import { z } from 'zod';
import { type NamedHash, parseHash } from '../../node/statements/hashes.js';
import { readBody } from './body.js';
import { beginLines } from './ndjson.js';
import type { Call, Routes } from './routing.js';

/** Enough to be cheap for each, few enough to be done in one turn. */
export const MAX_LOOKUP = 1000;
/** `photodna:` and 192 characters. */
const MAX_HASH_CHARACTERS = 201;

/** A list of hashes as text, parsed. */
export const hashesField = z
  .array(z.string().max(MAX_HASH_CHARACTERS, `is longer than any hash`))
  .min(1, 'names no hash')
  .max(MAX_LOOKUP, `names more than ${MAX_LOOKUP} hashes`);

const LookupBody = z.strictObject({ hashes: hashesField });

export const lookupRoutes: Routes = { 'POST /lookup': lookup };

async function lookup({ api, request, response }: Call): Promise<void> {
  const { hashes } = await readBody(request, LookupBody);
  const answers = await api.lookup(hashes.map((text): NamedHash => parseHash(text)));
  let lines = '';
  for (const answer of answers) lines += `${JSON.stringify(answer)}\n`;
  beginLines(response);
  response.end(lines);
}
