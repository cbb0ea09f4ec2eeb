// GET /notices?from=N&follow=1&entries=1: what people are told once, as lines, from a sequence number on (or
// without it from now on), then with `follow` as it comes. Notices are on disk, so a slow caller is a cursor;
// entries are not told again, so of those a slow caller misses some, and is told how many.

import { z } from 'zod';
import type { Notice, WatchedEntry } from '../../node/api.js';
import { firstIssue } from '../../node/home/document.js';
import { BadCall } from './answers.js';
import { beginLines, sendLines } from './ndjson.js';
import type { Call, Routes } from './routing.js';

/** Notices in one read: some 200 KB. */
const MAX_READ = 500;
/** Entries that wait for a slow caller: some MB. */
const MAX_ENTRIES_WAITING = 10_000;

const flag = z.enum(['0', '1'], 'must be 0 or 1').transform((text) => text === '1');

const NoticesQuery = z.strictObject({
  from: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,14})$/, 'must be a sequence number')
    .transform(Number)
    .exactOptional(),
  follow: flag.default(false),
  entries: flag.default(false),
});

export const noticeRoutes: Routes = { 'GET /notices': notices };

async function notices({ api, query, response, stopping }: Call): Promise<void> {
  const parsed = NoticesQuery.safeParse(Object.fromEntries(query));
  if (!parsed.success) throw new BadCall(`GET /notices: ${firstIssue(parsed.error)}`, parsed.error);
  const { from, follow, entries } = parsed.data;
  /** The next notice to tell; undefined until the first one comes. */
  let next = from;
  let waiting: WatchedEntry[] = [];
  let missed = 0;
  let wake: (() => void) | undefined;
  let woken = false;

  const stops = follow ? [api.onNotice(onNotice), ...(entries ? [api.onEntry(onEntry)] : [])] : [];
  response.on('close', rouse);
  stopping.addEventListener('abort', rouse);
  beginLines(response);
  try {
    for (;;) {
      woken = false;
      await tellNotices();
      await tellEntries();
      if (!follow || stopping.aborted) break;
      if (woken) continue;
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

  function onEntry(entry: WatchedEntry): void {
    if (waiting.length < MAX_ENTRIES_WAITING) waiting.push(entry);
    else missed++;
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

  async function tellEntries(): Promise<void> {
    const told: unknown[] = waiting;
    if (missed > 0) told.push({ kind: 'missed', entries: missed });
    waiting = [];
    missed = 0;
    await sendLines(response, linesOf(told));
  }
}

function linesOf(values: readonly unknown[]): string {
  let lines = '';
  for (const value of values) lines += `${JSON.stringify(value)}\n`;
  return lines;
}
