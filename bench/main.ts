// npm run -s bench -- [--only NAME[,NAME]] [--quick] [--json]: measures this program on this machine. Ends by
// itself; 1 when something did not work, 2 when used wrongly.

import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { tool } from '../test/tool.js';
import { anAuthor } from './author.js';
import { type MemberWanted, makeFederation } from './federation.js';
import { type Bench, type Figure, MEMBERS } from './figure.js';
import { thisMachine } from './machine.js';
import { PLAN, unknownNames } from './plan.js';
import type { Result } from './result.js';
import { makeScratch } from './scratch.js';
import { FULL, QUICK } from './sizes.js';
import { tableText } from './table.js';

/** Whatever hangs, a run is over by then. */
const LONGEST_MS = 24 * 60_000;

interface Wanted {
  /** Absent = all. */
  readonly only?: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
}

const wanted = tool('bench', 'Measures this program on this machine, and two others beside it.')
  .option('--only <NAMES>', 'these figures alone, separated by commas', figureNames)
  .option('--quick', 'small sizes: to see that everything works, not for figures', false)
  .option('--json', 'print JSON', false)
  .parse()
  .opts<Wanted>();

function figureNames(text: string): string[] {
  const names = text.split(',');
  const unknown = unknownNames(names);
  if (unknown.length === 0) return names;
  const known = PLAN.flatMap((figure) => figure.names).join(', ');
  throw new InvalidArgumentError(`No figure is called ${unknown.join(', ')}; there are ${known}.`);
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

/** Measures the figures, one after the other; one that fails keeps none of the others from being measured. */
async function measure(
  figures: readonly Figure[],
  isWanted: (name: string) => boolean,
  quick: boolean,
  results: Result[],
): Promise<boolean> {
  const scratch = await makeScratch();
  say('a federation is made');
  const federation = await makeFederation(join(scratch.folder, 'federation'), membersOf(figures));
  const author = anAuthor(federation.home(MEMBERS.author), MEMBERS.author, say);
  const bench: Bench = { sizes: quick ? QUICK : FULL, scratch, federation, author, say };
  let isGood = true;
  for (const figure of figures) {
    say(figure.names.filter(isWanted).join(', '));
    try {
      const measured = (await figure.measure(bench, isWanted)).filter(({ name }) => isWanted(name));
      results.push(...measured);
      for (const { name, value, unit } of measured) say(`  ${name} ${value} ${unit}`);
    } catch (error) {
      isGood = false;
      say(`${figure.names.join(', ')}: ${(error as Error).stack}`);
    }
  }
  await author.stop();
  return isGood;
}

/** Those that the figures need; the receiver dials the author, all others the hub alone. */
function membersOf(figures: readonly Figure[]): MemberWanted[] {
  const codes = new Set(figures.flatMap(({ members }) => members));
  return [...codes].map((code) => (code === MEMBERS.receiver ? { code, dials: [MEMBERS.author] } : { code }));
}

async function main(): Promise<number> {
  const { only, quick, json } = wanted;
  const isWanted = (name: string): boolean => only === undefined || only.includes(name);
  const figures = PLAN.filter(({ names }) => names.some(isWanted));
  const machine = thisMachine();
  const results: Result[] = [];
  const print = (): void => {
    process.stdout.write(json ? `${JSON.stringify({ machine, results })}\n` : tableText(machine, results));
  };
  // Nodes and files end with this process.
  const breakOff = (why: string): void => {
    say(`${why}; these figures are there:`);
    print();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => breakOff('interrupted'));
  const timer = setTimeout(() => breakOff('the run takes too long'), LONGEST_MS);
  const isGood = await measure(figures, isWanted, quick, results);
  clearTimeout(timer);
  print();
  return isGood ? 0 : 1;
}

process.exitCode = await main();
