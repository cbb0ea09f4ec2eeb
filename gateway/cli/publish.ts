// icse publish -: records and all else that a member says as JSON lines from standard input, each answered by one line
// once it is on disk.

import { Command } from 'commander';
import { Failure } from '../../node/failure.js';
import type { PublishAnswer } from '../socket/client.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { OutputClosed, type Terminal, UsedWrongly } from './terminal.js';

/** How the node's answer to a line that it refuses begins. */
const REFUSED = '{"error"';

export function publishCommand(terminal: Terminal): Command {
  return withHome(new Command('publish'))
    .description(
      'Publishes what JSON lines on standard input say: records, events, links, assessments, retractions. Answers each line with one once it is on disk; what is wrong with a line is told with its number, and the others go on.',
    )
    .argument('<input>', 'must be - (standard input)')
    .addHelpText(
      'after',
      `
Example:
  echo '{"sha256":"<64 hex digits>","kind":"image"}' | icse publish - --home DIR
  {"outcome":"taken","member":"NL","index":5,"recordId":"..."}

Other lines, one statement each:
  {"event":"victim-identified","subject":"<UUID>","media":["<hash>"]}
  {"link":"depicts","from":"<hash>","to":"victim:<UUID>","confidence":"probable"}
  {"assess":"AU:5","verdict":"dispute","reason":"wrong-hash"}
  {"retract":"NL:5","reason":"entered-in-error"}
With "readers":["AU"] in it, any but a retraction is sealed for these members. All fields: docs/API.md.
`,
    )
    .action((input: string, options: HomeOptions) => publish(terminal, input, options));
}

async function publish(terminal: Terminal, input: string, options: HomeOptions): Promise<void> {
  if (input !== '-')
    throw new UsedWrongly('publish reads standard input: write -, or icse import for a file');
  const signal = terminal.interrupted();
  await withNode(
    terminal,
    options,
    async (node) => {
      for await (const answers of node.publish(terminal.stdin)) await tell(terminal, answers);
    },
    signal,
  );
}

async function tell(terminal: Terminal, answers: readonly string[]): Promise<void> {
  for (const answer of answers) if (answer.startsWith(REFUSED)) complain(terminal, answer);
  try {
    await terminal.print(`${answers.join('\n')}\n`);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
    throw new Failure(
      'output-closed',
      'nobody reads the answers any more: the rest may not have been published',
      error,
    );
  }
}

function complain(terminal: Terminal, answer: string): void {
  const refused = JSON.parse(answer) as Extract<PublishAnswer, { error: unknown }>;
  const place = refused.line === undefined ? '' : `:${refused.line}`;
  terminal.complain(`standard input${place}: ${refused.error.message}`);
  terminal.exitCode = 1;
}
