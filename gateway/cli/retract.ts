// icse retract: take back an own entry, or all records with an id; the bytes are dropped everywhere.

import { Command, Option } from 'commander';
import { RETRACTION_REASONS } from '../../node/statements/vocabulary.js';
import { type HomeOptions, withHome } from './options.js';
import { say } from './say.js';
import type { Terminal } from './terminal.js';

interface RetractOptions extends HomeOptions {
  readonly reason: string;
}

export function retractCommand(terminal: Terminal): Command {
  return withHome(new Command('retract'))
    .description(
      'Takes back an entry of your own: it counts no more anywhere, and every member drops its bytes.',
    )
    .argument('<target>', 'MEMBER:INDEX, such as NL:5; or a record id: all records with it so far')
    .addOption(
      new Option('--reason <CODE>', 'why')
        .choices([...RETRACTION_REASONS.valueOf.keys()])
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      `
Example:
  icse retract NL:5 --reason entered-in-error --home DIR
`,
    )
    .action((target: string, { reason, ...options }: RetractOptions) =>
      say(terminal, options, { retract: target, reason }),
    );
}
