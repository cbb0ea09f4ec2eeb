// icse link: two things belong together.

import { Argument, Command, Option } from 'commander';
import { CONFIDENCES, RELATIONS } from '../../node/statements/vocabulary.js';
import { type HomeOptions, withHome } from './options.js';
import { codesArgument, given, say } from './say.js';
import type { Terminal } from './terminal.js';

interface LinkOptions extends HomeOptions {
  readonly confidence: string;
  readonly keepUntil?: string;
  readonly to?: readonly string[];
}

const THING = 'a hash, or victim:, suspect:, place: or series: and a [MEMBER/]UUID';

export function linkCommand(terminal: Terminal): Command {
  return withHome(new Command('link'))
    .description('Tells that two things belong together.')
    .argument('<from>', THING)
    .addArgument(new Argument('<relation>', 'how').choices([...RELATIONS.valueOf.keys()]))
    .argument('<to>', THING)
    .addOption(
      new Option('--confidence <WORD>', 'how sure you are')
        .choices([...CONFIDENCES.valueOf.keys()])
        .makeOptionMandatory(),
    )
    .option('--keep-until <DAY>', 'last UTC day of keeping')
    .option('--to <CODES>', 'seal it: only these members, such as NL,US, can read it', codesArgument)
    .addHelpText(
      'after',
      `
Relations:
  same-as         two victims, suspects, places or series
  depicts         from media to a victim, suspect or place
  part-of         from media or a series to a series
  taken-at        from media or a series to a place
  near-duplicate  from media to media
A bare UUID as <to> is your own victim; with part-of your own series, with taken-at your own place.

Example:
  icse link HASH depicts victim:NL/5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11 --confidence probable --home DIR
`,
    )
    .action((from: string, relation: string, to: string, options: LinkOptions) => {
      const { confidence, keepUntil } = options;
      const link = { link: relation, from, to, confidence, keepUntil };
      return say(terminal, options, given({ ...link, readers: options.to }));
    });
}
