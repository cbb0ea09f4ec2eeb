// icse figures: what the federation has on record and whom it has identified, in all and by member, over time.

import { Command } from 'commander';
import type { FederationFigures } from '../../node/api.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { tableText, wholeText } from './table.js';
import type { Terminal } from './terminal.js';

/** Months in the chart. */
const MONTHS = 12;
const BAR_WIDTH = 40;

export function figuresCommand(terminal: Terminal): Command {
  return withHome(new Command('figures'))
    .description('Shows how many victims are identified, and what is on record, in all and by member.')
    .addHelpText('after', '\nExample:\n  icse figures --home DIR\n')
    .action((options: HomeOptions) => showFigures(terminal, options));
}

async function showFigures(terminal: Terminal, options: HomeOptions): Promise<void> {
  const figures = await withNode(terminal, options, (node) => node.figures());
  if (options.json) return terminal.printJson(figures);
  const columns = [
    'member',
    'victims identified',
    'safeguarded',
    'suspects',
    'arrested',
    'records',
    'overlaps',
  ];
  const row = (member: string, of: Omit<FederationFigures, 'byMember' | 'months'>) => [
    member,
    of.victimsIdentified,
    of.victimsSafeguarded,
    of.suspectsIdentified,
    of.suspectsArrested,
    of.records,
    of.overlaps,
  ];
  const table = tableText(
    terminal,
    columns.map((title, n) => ({ title, isNumber: n > 0 })),
    [...figures.byMember.map((of) => row(of.member, of)), row('in all', figures)],
  );
  await terminal.print(table + chartText(terminal, figures.months));
}

/** A bar for each month in which a victim was identified. */
function chartText(terminal: Terminal, months: FederationFigures['months']): string {
  const shown = months
    .map(({ month, events }) => ({ month, count: events['victim-identified'] ?? 0 }))
    .filter(({ count }) => count > 0)
    .slice(-MONTHS);
  if (shown.length === 0) return '';
  const most = Math.max(...shown.map(({ count }) => count));
  const bars = shown.map(({ month, count }) => {
    const bar = '█'.repeat(Math.max(1, Math.round((count * BAR_WIDTH) / most)));
    return `${month}  ${terminal.paint('green', bar)} ${wholeText(count)}\n`;
  });
  return `\n${terminal.paint('dim', 'victims told to be identified, by month')}\n${bars.join('')}`;
}
