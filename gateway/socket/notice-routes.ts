// GET /notices?from=N&follow=1&entries=1&after=NL:5,AU:0: what people are told once, as lines, from a sequence
// number on (or without it from now on), then with `follow` as it comes; with `entries` also those of the logs,
// after a place in each (or from now on). Both are on disk, so a caller is a cursor, however slow it is.

import { z } from 'zod';
import type { Notice } from '../../node/api.js';
import { firstIssue } from '../../node/home/document.js';
import { BadCall } from './answers.js';
import { beginLines, sendLines } from './ndjson.js';
import type { Call, Routes } from './routing.js';

/** Notices or entries in one read: some 200 KB. */
const MAX_READ = 500;

const flag = z.enum(['0', '1'], 'must be 0 or 1').transform((text) => text === '1');

const NoticesQuery = z.strictObject({
  from: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,14})$/, 'must be a sequence number')
    .transform(Number)
    .exactOptional(),
  follow: flag.default(false),
  entries: flag.default(false),
  after: z
    .string()
    .transform((text) => (text === '' ? [] : text.split(',')))
    .exactOptional(),
});

export const noticeRoutes: Routes = { 'GET /notices': notices };

async function notices({ api, query, response, stopping }: Call): Promise<void> {
  const parsed = NoticesQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) throw new BadCall(`GET /notices: ${firstIssue(parsed.error)}`, parsed.error);
  const { from, follow, entries, after } = parsed.data;
  if (after !== undefined && !entries) throw new BadCall('GET /notices: after goes with entries=1');
  const reader = entries ? api.entries(after) : undefined;
  /** The next notice to tell; undefined until the first one comes. */
  let next = from;
  let wake: (() => void) | undefined;
  let woken = false;

  const stops = follow ? [api.onNotice(onNotice), ...(entries ? [api.onEntries(rouse)] : [])] : [];
  response.on('close', rouse);
  stopping.addEventListener('abort', rouse);
  beginLines(response);
  try {
    for (;;) {
      woken = false;
      await tellNotices();
      const more = await tellEntries();
      if (stopping.aborted || response.destroyed) break;
      if (more || (follow && woken)) continue;
      if (!follow) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    for (const stop of stops) stop();
    stopping.removeEventListener('abort', rouse);
  }
  response.end();

  function rouse(): void {
    woken = true;
    wake?.();
  }

  function onNotice({ sequence }: Notice): void {
    next ??= sequence;
    rouse();
  }

  async function tellNotices(): Promise<void> {
    while (next !== undefined) {
      const read = await api.notices(next, MAX_READ);
      const last = read.at(-1);
      if (last === undefined) return;
      next = last.sequence + 1;
      await sendLines(response, linesOf(read));
    }
  }

  /** Tells one read of entries, so that notices do not wait for all of them; false when there was none. */
  async function tellEntries(): Promise<boolean> {
    const read = (await reader?.read(MAX_READ)) ?? [];
    if (read.length > 0) await sendLines(response, linesOf(read));
    return read.length > 0;
  }
}

function linesOf(values: readonly unknown[]): string {
  let lines = '';
  for (const value of values) lines += `${JSON.stringify(value)}\n`;
  return lines;
}
