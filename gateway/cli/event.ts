// icse event: what happened to a person, a place or a case.

import { Argument, Command } from 'commander';
import { EVENT_KINDS } from '../../node/statements/vocabulary.js';
import { type HomeOptions, withHome } from './options.js';
import { codesArgument, collected, given, say } from './say.js';
import type { Terminal } from './terminal.js';

interface EventOptions extends HomeOptions {
  readonly subject?: string;
  readonly media?: readonly string[];
  readonly series?: string;
  readonly case?: string;
  readonly answers?: string;
  readonly keepUntil?: string;
  readonly to?: readonly string[];
}

export function eventCommand(terminal: Terminal): Command {
  return withHome(new Command('event'))
    .description('Tells the federation, or with --to some of its members, what happened.')
    .addArgument(new Argument('<kind>', 'what happened').choices([...EVENT_KINDS.valueOf.keys()]))
    .option('--subject <[MEMBER/]UUID>', 'the victim, suspect or place; a bare UUID is your own')
    .option('--media <HASH>', 'a picture or film that it is about; may be given again', collected)
    .option('--series <[MEMBER/]UUID>', 'the series that it is about')
    .option('--case <UUID>', 'your case: opening and closing name the same one')
    .option('--answers <MEMBER:INDEX>', 'the event that this one answers')
    .option('--keep-until <DAY>', 'last UTC day of keeping')
    .option('--to <CODES>', 'seal it: only these members, such as NL,US, can read it', codesArgument)
    .addHelpText(
      'after',
      `
What an event needs:
  victim-..., suspect-..., place-...    a subject
  investigation-opened                  a case, and a subject, series or media
  investigation-closed                  the case that was opened
  assistance-asked                      a subject, series or media
  assistance-given                      the event that it answers

Examples:
  icse event victim-identified --subject 5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11 --media HASH --home DIR
  icse event assistance-given --answers AU:12 --to AU --home DIR
`,
    )
    .action((kind: string, options: EventOptions) => {
      const { subject, media, series, answers, keepUntil, to } = options;
      const event = { event: kind, subject, media, series, case: options.case, answers, keepUntil };
      return say(terminal, options, given({ ...event, readers: to }));
    });
}
