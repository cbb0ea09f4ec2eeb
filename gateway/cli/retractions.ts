// icse retractions: what has become of the member's own retractions: who has signed that the bytes are gone.

import { Command } from 'commander';
import { type HomeOptions, withHome, withNode } from './options.js';
import { tableText } from './table.js';
import type { Terminal } from './terminal.js';

export function retractionsCommand(terminal: Terminal): Command {
  return withHome(new Command('retractions'))
    .description("Shows this member's retractions, and which members have signed that the bytes are gone.")
    .addHelpText('after', '\nExample:\n  icse retractions --home DIR --json\n')
    .action((options: HomeOptions) => retractions(terminal, options));
}

async function retractions(terminal: Terminal, options: HomeOptions): Promise<void> {
  const reports = await withNode(terminal, options, (node) => node.retractions());
  if (options.json) return terminal.printJson(reports);
  if (reports.length === 0) return terminal.print('nothing was retracted\n');
  await terminal.print(
    tableText(
      terminal,
      [
        { title: 'at' },
        { title: 'retracts' },
        { title: 'reason' },
        { title: 'confirmed by', paint: (text) => terminal.paint('green', text) },
        { title: 'has it, pending', paint: (text) => terminal.paint('yellow', text) },
        { title: 'not reached', paint: (text) => terminal.paint('yellow', text) },
        { title: 'out of reach', paint: (text) => terminal.paint('red', text) },
      ],
      reports.map(({ retraction, entry, recordId, reason, confirmed, pending, reached, outOfReach }) => [
        retraction,
        entry ?? `record ${recordId}`,
        reason,
        confirmed.join(' '),
        reached.join(' '),
        pending.filter((code) => !reached.includes(code)).join(' '),
        outOfReach.join(' '),
      ]),
    ),
  );
}
