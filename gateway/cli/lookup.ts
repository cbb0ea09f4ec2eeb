// icse lookup: who has hashes on record, and whether the node holds them itself.

import { Command } from 'commander';
import type { LookupAnswer } from '../../node/api.js';
import { BadHash, parseHash } from '../../node/statements/hashes.js';
import { isBlank, type Line, LineSplitter } from '../formats/lines.js';
import type { NodeClient } from '../socket/client.js';
import { MAX_LOOKUP } from '../socket/lookup-route.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { tallyText } from './tally-text.js';
import { type Terminal, UsedWrongly } from './terminal.js';

export function lookupCommand(terminal: Terminal): Command {
  return withHome(new Command('lookup'))
    .description('Tells who has each hash on record: 64, 40 or 32 hex digits, pdq:HEX or photodna:BASE64.')
    .argument('<hash...>', 'hashes, or - to read them from standard input, one a line')
    .addHelpText(
      'after',
      `
Examples:
  icse lookup d41d8cd98f00b204e9800998ecf8427f --home DIR
  sha256sum *.jpg | cut -d' ' -f1 | icse lookup - --json --home DIR
`,
    )
    .action((hashes: string[], options: HomeOptions) => lookup(terminal, hashes, options));
}

async function lookup(terminal: Terminal, hashes: readonly string[], options: HomeOptions): Promise<void> {
  const fromInput = hashes.includes('-');
  if (fromInput && hashes.length > 1) throw new UsedWrongly('name hashes, or - for standard input, not both');
  if (!fromInput) for (const text of hashes) checkHash(text);
  const json = options.json ?? false;
  await withNode(terminal, options, (node) =>
    fromInput ? lookupInput(terminal, node, json) : lookupAll(terminal, node, hashes, json),
  );
}

async function lookupInput(terminal: Terminal, node: NodeClient, json: boolean): Promise<void> {
  const splitter = new LineSplitter('standard input');
  let asked = 0;
  for await (const chunk of terminal.stdin) await ask(splitter.push(chunk as Uint8Array));
  await ask(splitter.end());
  // Nothing to ask, but whether a node runs is told all the same.
  if (asked === 0) await node.status();

  async function ask(lines: readonly Line[]): Promise<void> {
    const hashes = hashesIn(terminal, lines);
    asked += hashes.length;
    await lookupAll(terminal, node, hashes, json);
  }
}

/** The hashes of the lines; a line that has none is told, and makes the command used wrongly. */
function hashesIn(terminal: Terminal, lines: readonly Line[]): string[] {
  const hashes: string[] = [];
  for (const line of lines) {
    if (isBlank(line)) continue;
    try {
      if ('reason' in line) throw new BadHash(line.reason);
      const text = line.text.trim();
      parseHash(text);
      hashes.push(text);
    } catch (error) {
      if (!(error instanceof BadHash)) throw error;
      terminal.complain(`standard input:${line.number}: ${error.message}`);
      terminal.exitCode = 2;
    }
  }
  return hashes;
}

async function lookupAll(
  terminal: Terminal,
  node: NodeClient,
  hashes: readonly string[],
  json: boolean,
): Promise<void> {
  for (let start = 0; start < hashes.length; start += MAX_LOOKUP) {
    const lines = await node.lookupLines(hashes.slice(start, start + MAX_LOOKUP));
    await terminal.print(json ? lines : answersText(terminal, lines));
  }
}

function checkHash(text: string): void {
  try {
    parseHash(text);
  } catch (error) {
    if (error instanceof BadHash) throw new UsedWrongly(error.message);
    throw error;
  }
}

function answersText(terminal: Terminal, lines: string): string {
  let text = '';
  for (const line of lines.split('\n')) {
    if (line !== '') text += `${answerText(terminal, JSON.parse(line) as LookupAnswer)}\n`;
  }
  return text;
}

function answerText(terminal: Terminal, { hash, algorithm, records, holdings }: LookupAnswer): string {
  const found = records.map(({ member, log = member, index, classification, assessments }) => {
    const tally = tallyText(assessments);
    const facts = [
      ...(classification === null ? [] : [`${classification.scheme} ${classification.code}`]),
      ...(tally === '' ? [] : [tally]),
    ];
    const judged = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
    return terminal.paint('green', `${log}:${index}${judged}`);
  });
  if (holdings > 0) found.push(terminal.paint('yellow', `own holdings: ${holdings}`));
  const who = found.length === 0 ? terminal.paint('dim', 'nobody has it on record') : found.join(', ');
  return `${hash}  ${algorithm}  ${who}`;
}
