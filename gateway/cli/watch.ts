// icse watch: notices as they come, until the user interrupts it; when the node stops it says so.

import { Command, InvalidArgumentError } from 'commander';
import type { Notice, WatchedEntry } from '../../node/api.js';
import { NodeStopped } from '../socket/no-node.js';
import { entryText, noticeText } from './notice-text.js';
import { type HomeOptions, homeOf, wholeArgument, withHome, withNode } from './options.js';
import { Interrupted, type Terminal, UsedWrongly } from './terminal.js';

interface WatchOptions extends HomeOptions {
  readonly from?: number;
  readonly entries?: boolean;
  readonly after?: readonly string[];
}

export function watchCommand(terminal: Terminal): Command {
  return withHome(new Command('watch'))
    .description(
      'Follows notices (hits, conflicts, leads, disputes, investigations that meet, changes of members) as they come.',
    )
    .option(
      '--from <N>',
      'begin with the notice of this sequence number (default: from now on)',
      wholeArgument,
    )
    .option('--entries', 'show the entries of all logs, too (default: as they arrive from now on)')
    .option(
      '--after <PLACES>',
      "with --entries: begin after these, such as NL:5,AU:0; a log that is not named from its beginning ('' for all)",
      placesArgument,
    )
    .addHelpText(
      'after',
      `
Examples:
  icse watch --home DIR --json --from 0
  icse watch --home DIR --json --from 8 --entries --after NL:5,AU:0
`,
    )
    .action((options: WatchOptions) => watch(terminal, options));
}

async function watch(terminal: Terminal, options: WatchOptions): Promise<void> {
  const { from, entries = false, after, json = false } = options;
  if (after !== undefined && !entries) throw new UsedWrongly('--after goes with --entries');
  const interrupted = terminal.interrupted();
  try {
    await withNode(
      terminal,
      options,
      async (node) => {
        for await (const lines of node.notices({ from, follow: true, entries, after })) {
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
  const told = JSON.parse(line) as Notice | WatchedEntry;
  return isEntry(told) ? entryText(terminal, told) : noticeText(terminal, told);
}

function isEntry(told: { kind: string }): told is WatchedEntry {
  return told.kind === 'entry';
}

/** Places in logs; whether the node has them is for the node to say. */
function placesArgument(text: string): readonly string[] {
  const places = text.split(',').filter((place) => place !== '');
  if (!places.every((place) => /^[A-Za-z]{2,16}(?:\.[0-9]+)?:[0-9]+$/.test(place)))
    throw new InvalidArgumentError('It must be places such as NL:5,AU:0.');
  return places;
}
