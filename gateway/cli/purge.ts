// icse purge: drops the bytes of everything that is retracted or whose keeping is over, without waiting for the
// node's own daily purge.

import { Command } from 'commander';
import { type HomeOptions, withHome, withNode } from './options.js';
import { wholeText } from './table.js';
import { type Terminal, UsedWrongly } from './terminal.js';

interface PurgeOptions extends HomeOptions {
  readonly now?: boolean;
}

export function purgeCommand(terminal: Terminal): Command {
  return withHome(new Command('purge'))
    .description(
      'Drops what was retracted and what may no longer be kept; a node does so daily by itself, and when it is back after it was away.',
    )
    .option('--now', 'do it at once, and return when it is done')
    .addHelpText('after', '\nExample:\n  icse purge --now --home DIR\n')
    .action((options: PurgeOptions) => purge(terminal, options));
}

async function purge(terminal: Terminal, options: PurgeOptions): Promise<void> {
  if (options.now !== true) {
    throw new UsedWrongly('the node purges daily by itself; say --now to have it done at once');
  }
  const answer = await withNode(terminal, options, (node) => node.purge());
  if (options.json) return terminal.printJson(answer);
  const { purged, holes, waiting, seconds } = answer;
  const stays =
    waiting === 0
      ? ''
      : `${wholeText(waiting)} may no longer be kept and stay until this node's clock agrees with its peers'\n`;
  await terminal.print(
    `${wholeText(purged)} purged in ${seconds} s: ${wholeText(holes.retracted)} retracted, ${wholeText(holes.expired)} expired\n${stays}`,
  );
}
