// The JSON body of a call: read whole within a bound, and checked before anybody uses it.

import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { firstIssue } from '../../node/home/document.js';
import { BadCall } from './answers.js';

/** A thousand PhotoDNA hashes have 204 KB. */
const MAX_BODY_BYTES = 262_144;

/** The body of a call. Throws BadCall. */
export async function readBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(await readBounded(request)));
  if (parsed.success) return parsed.data;
  throw new BadCall(`the body of the call is not right: ${firstIssue(parsed.error)}`, parsed.error);
}

async function readBounded(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Left undestroyed when it is too long: the caller is still to read why.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    sizeBytes += (chunk as Uint8Array).length;
    if (sizeBytes > MAX_BODY_BYTES)
      throw new BadCall(`the body of a call has at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's own message would repeat the body, which may hold hashes.
    throw new BadCall('the body of the call is not JSON');
  }
}
