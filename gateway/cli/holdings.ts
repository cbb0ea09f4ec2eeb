// icse holdings: lists and removes the hashes that the node keeps to itself (icse import --private adds them).

import { Command } from 'commander';
import { BadHash, parseHash } from '../../node/statements/hashes.js';
import { MAX_LOOKUP } from '../socket/lookup-route.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { wholeText } from './table.js';
import { oneLine, type Terminal, UsedWrongly } from './terminal.js';

interface HoldingsOptions extends HomeOptions {
  readonly label?: string;
}

export function holdingsCommand(terminal: Terminal): Command {
  const list = withHome(new Command('list'))
    .description('Lists the holdings: a line for each, its label and its hashes.')
    .option('--label <REF>', 'only those with this label')
    .addHelpText('after', '\nExample:\n  icse holdings list --home DIR --label case-12\n')
    .action((options: HoldingsOptions) => listHoldings(terminal, options));
  const remove = withHome(new Command('remove'))
    .description('Removes the holdings with a label, or those that have one of the hashes.')
    .argument('[hash...]', 'hashes as icse lookup takes them')
    .option('--label <REF>', 'all with this label')
    .addHelpText('after', '\nExample:\n  icse holdings remove --home DIR --label case-12\n')
    .action((hashes: string[], options: HoldingsOptions) => removeHoldings(terminal, hashes, options));
  return new Command('holdings')
    .description('Hashes that the node keeps to itself, matched against all that arrives.')
    .addHelpText('after', '\nExample:\n  icse holdings list --home DIR --label case-12\n')
    .addCommand(list)
    .addCommand(remove);
}

async function listHoldings(terminal: Terminal, options: HoldingsOptions): Promise<void> {
  await withNode(terminal, options, async (node) => {
    for await (const holding of node.holdings(options.label)) {
      if (options.json) {
        await terminal.printJson(holding);
        continue;
      }
      const hashes = Object.entries(holding.hashes).map(([algorithm, hash]) => `${algorithm} ${hash}`);
      await terminal.print(`${oneLine(holding.label ?? '-')}  ${hashes.join('  ')}\n`);
    }
  });
}

async function removeHoldings(
  terminal: Terminal,
  hashes: readonly string[],
  options: HoldingsOptions,
): Promise<void> {
  const { label, json = false } = options;
  if ((label === undefined) === (hashes.length === 0)) {
    throw new UsedWrongly('name either --label REF or hashes to remove');
  }
  if (hashes.length > MAX_LOOKUP) throw new UsedWrongly(`name at most ${MAX_LOOKUP} hashes, or a label`);
  for (const text of hashes) checkHash(text);
  const removed = await withNode(terminal, options, (node) =>
    node.removeHoldings(label === undefined ? { hashes } : { label }),
  );
  await (json ? terminal.printJson({ removed }) : terminal.print(`${wholeText(removed)} removed\n`));
}

function checkHash(text: string): void {
  try {
    parseHash(text);
  } catch (error) {
    if (error instanceof BadHash) throw new UsedWrongly(error.message);
    throw error;
  }
}
