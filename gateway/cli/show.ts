// icse show: all that the federation knows of one hash, subject or series, by whom, since when and how sure.

import { Command } from 'commander';
import { Failure } from '../../node/failure.js';
import { LYON } from '../../node/names.js';
import { parseThingKey } from '../../node/views/thing-key.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { showDot } from './show-dot.js';
import { showText } from './show-text.js';
import { type Terminal, UsedWrongly } from './terminal.js';

interface ShowOptions extends HomeOptions {
  readonly dot?: boolean;
}

export function showCommand(terminal: Terminal): Command {
  return withHome(new Command('show'))
    .description('Shows all that the federation knows of a hash, a victim, a suspect, a place or a series.')
    .argument('<thing>', 'a hash, KIND:[MEMBER/]UUID, or the UUID of a subject of our own')
    .option('--dot', 'print a graph for Graphviz')
    .addHelpText(
      'after',
      `
KIND is victim, suspect, place, series or subject. What is dashed in the graph does not count.

Examples:
  icse show victim:NL/0b8e9a3e-52a1-4c57-9d0a-6f2f6c1d7e11 --home DIR
  icse show 900150983cd24fb0d6963f7d28e17f72 --dot --home DIR | dot -Tsvg > part.svg
`,
    )
    .action((thing: string, options: ShowOptions) => show(terminal, thing, options));
}

async function show(terminal: Terminal, thing: string, options: ShowOptions): Promise<void> {
  const { json = false, dot = false } = options;
  if (json && dot) throw new UsedWrongly('name --json or --dot, not both');
  checkThing(thing);
  await withNode(terminal, options, async (node) => {
    const answer = await node.show(thing);
    if (json) await terminal.printJson(answer);
    else await terminal.print(dot ? showDot(answer) : showText(terminal, answer));
  });
}

/** Whose a bare UUID is, only the node knows, and for this it does not matter. */
function checkThing(text: string): void {
  try {
    parseThingKey(text, LYON);
  } catch (error) {
    if (error instanceof Failure) throw new UsedWrongly(error.message);
    throw error;
  }
}
