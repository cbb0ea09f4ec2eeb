// icse watch: notices as they come, until the user interrupts it; when the node stops it says so.

import { Command } from 'commander';
import type { Notice, WatchedEntry } from '../../node/api.js';
import { NodeStopped } from '../socket/no-node.js';
import { entryText, noticeText } from './notice-text.js';
import { type HomeOptions, homeOf, wholeArgument, withHome, withNode } from './options.js';
import { Interrupted, type Terminal } from './terminal.js';

interface WatchOptions extends HomeOptions {
  readonly from?: number;
  readonly entries?: boolean;
}

export function watchCommand(terminal: Terminal): Command {
  return withHome(new Command('watch'))
    .description('Follows notices (hits, conflicts, changes of members) as they come.')
    .option(
      '--from <N>',
      'begin with the notice of this sequence number (default: from now on)',
      wholeArgument,
    )
    .option('--entries', 'show the entries that arrive, too')
    .addHelpText('after', '\nExample:\n  icse watch --home DIR --json --from 0\n')
    .action((options: WatchOptions) => watch(terminal, options));
}

async function watch(terminal: Terminal, options: WatchOptions): Promise<void> {
  const { from, entries = false, json = false } = options;
  const interrupted = terminal.interrupted();
  try {
    await withNode(
      terminal,
      options,
      async (node) => {
        for await (const lines of node.notices({ from, follow: true, entries })) {
          const told = json ? lines : lines.map((line) => lineText(terminal, line));
          await terminal.print(`${told.join('\n')}\n`);
        }
        throw new NodeStopped(homeOf(terminal, options));
      },
      interrupted,
    );
  } catch (error) {
    // That is how a watch ends.
    if (!(error instanceof Interrupted)) throw error;
  }
}

function lineText(terminal: Terminal, line: string): string {
  const told = JSON.parse(line) as Notice | WatchedEntry | { kind: 'missed'; entries: number };
  if (isMissed(told))
    return terminal.paint('red', `${told.entries} entries came faster than they could be shown`);
  return isEntry(told) ? entryText(terminal, told) : noticeText(terminal, told);
}

function isMissed(told: { kind: string }): told is { kind: 'missed'; entries: number } {
  return told.kind === 'missed';
}

function isEntry(told: { kind: string }): told is WatchedEntry {
  return told.kind === 'entry';
}
