// icse assess: agree with another member's entry, or dispute it.

import { Argument, Command, Option } from 'commander';
import { ASSESSMENT_REASONS, VERDICTS } from '../../node/statements/vocabulary.js';
import { type HomeOptions, withHome } from './options.js';
import { codesArgument, given, say } from './say.js';
import type { Terminal } from './terminal.js';

interface AssessOptions extends HomeOptions {
  readonly reason?: string;
  readonly to?: readonly string[];
}

export function assessCommand(terminal: Terminal): Command {
  return withHome(new Command('assess'))
    .description(
      "Agrees with, or disputes, another member's entry; of several on one entry your last counts.",
    )
    .argument('<entry>', 'MEMBER:INDEX, such as NL:5')
    .addArgument(new Argument('<verdict>', 'what you think').choices([...VERDICTS.valueOf.keys()]))
    .addOption(new Option('--reason <CODE>', 'why').choices([...ASSESSMENT_REASONS.valueOf.keys()]))
    .option('--to <CODES>', 'seal it: only these members, such as NL,US, can read it', codesArgument)
    .addHelpText(
      'after',
      `
Example:
  icse assess AU:5 dispute --reason wrong-hash --home DIR
`,
    )
    .action((entry: string, verdict: string, options: AssessOptions) => {
      const { reason, to } = options;
      return say(terminal, options, given({ assess: entry, verdict, reason, readers: to }));
    });
}
