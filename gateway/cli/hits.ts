// icse hits: the hits so far, from a sequence number or a time on, of one member or of all.

import { Command, InvalidArgumentError } from 'commander';
import type { Notice } from '../../node/api.js';
import type { MatchNotice } from '../../node/notices/notice.js';
import { parseNotice } from '../socket/client.js';
import { noticeText } from './notice-text.js';
import { type HomeOptions, memberArgument, withHome, withNode } from './options.js';
import type { Terminal } from './terminal.js';

type Since = { readonly sequence: number } | { readonly ms: number };

interface HitsOptions extends HomeOptions {
  readonly since?: Since;
  readonly member?: string;
  readonly count?: boolean;
}

export function hitsCommand(terminal: Terminal): Command {
  return withHome(new Command('hits'))
    .description('Lists the hits so far: records or holdings of this node that another member has, too.')
    .option('--since <DATE|SEQUENCE>', 'from a UTC day or time, or from a sequence number on', sinceArgument)
    .option('--member <CODE>', 'only hits with this member', memberArgument)
    .option('--count', 'print how many there are')
    .addHelpText('after', '\nExample:\n  icse hits --home DIR --since 2026-01-31 --member NL\n')
    .action((options: HitsOptions) => hits(terminal, options));
}

async function hits(terminal: Terminal, options: HitsOptions): Promise<void> {
  const { since, count = false, json = false } = options;
  const from = since !== undefined && 'sequence' in since ? since.sequence : 0;
  let found = 0;
  await withNode(terminal, options, async (node) => {
    for await (const lines of node.notices({ from })) {
      let text = '';
      for (const line of lines) {
        const notice = parseNotice(line);
        if (!isWanted(notice, options)) continue;
        found++;
        text += `${json ? line : noticeText(terminal, notice)}\n`;
      }
      if (!count && text !== '') await terminal.print(text);
    }
  });
  if (count) await terminal.print(json ? `${JSON.stringify({ count: found })}\n` : `${found}\n`);
}

function isWanted(notice: Notice, { since, member }: HitsOptions): boolean {
  if (notice.kind !== 'hit') return false;
  if (since !== undefined && 'ms' in since && Date.parse(notice.at) < since.ms) return false;
  return member === undefined || (notice as MatchNotice).other.member === member;
}

/** 2026-01-31, 2026-01-31T12:00:00Z (both UTC), or a sequence number. */
function sinceArgument(text: string): Since {
  if (/^[0-9]{1,15}$/.test(text)) return { sequence: Number(text) };
  const isTime = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?Z)?$/.test(
    text,
  );
  const ms = isTime ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      'It must be a UTC day or time (2026-01-31, 2026-01-31T12:00Z) or a sequence number.',
    );
  }
  return { ms };
}
