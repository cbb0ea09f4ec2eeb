import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { eachChunk } from '../../gateway/socket/ndjson.js';

it('what a caller sends last is taken in its turn, although the caller has ended meanwhile', async () => {
  const request = Readable.from([Buffer.from('first'), Buffer.from('last')]);
  const ended = new Promise((resolve) => request.once('end', resolve));
  const taken: string[] = [];
  let give: () => void = () => undefined;
  const all = eachChunk(request as IncomingMessage, new AbortController().signal, async (chunk) => {
    if (String(chunk) === 'last') {
      await new Promise<void>((resolve) => {
        give = resolve;
      });
    }
    taken.push(String(chunk));
  }).then(() => taken.push('end'));
  await ended;
  give();
  await all;
  expect(taken).toEqual(['first', 'last', 'end']);
});
