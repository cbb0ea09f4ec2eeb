// icse faults: the proofs of forks that the node holds, as documents that `icse verify` checks anywhere.

import { Command } from 'commander';
import { type HomeOptions, withHome, withNode } from './options.js';
import type { Terminal } from './terminal.js';

export function faultsCommand(terminal: Terminal): Command {
  return withHome(new Command('faults'))
    .description(
      'Prints the proofs of forks that the node holds, one JSON document a line; nothing when all is well.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  icse faults --home DIR > fault.json\n  icse verify fault.json --root-fingerprint 5f0c...\n',
    )
    .action(async (options: HomeOptions) => {
      const faults = await withNode(terminal, options, (node) => node.faults());
      for (const fault of faults) await terminal.printJson(fault);
    });
}
