// Tables for people: aligned columns without lines, colours only where the terminal has them.

import Table from 'cli-table3';
import { oneLine, type Terminal } from './terminal.js';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

export type Cell = string | number | null | undefined;

/** A column: its title, and how the texts in it are coloured. Numbers stand to the right. */
export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly paint?: (text: string) => string;
}

/** The table as text, with its end; nothing said is `-`. */
export function tableText(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string {
  const table = new Table({
    head: columns.map(({ title }) => terminal.paint('dim', title)),
    colAligns: columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) {
    table.push(columns.map(({ paint }, n) => (paint ?? ((text) => text))(cellText(row[n]))));
  }
  return `${table.toString().replaceAll(/ +$/gm, '')}\n`;
}

function cellText(cell: Cell): string {
  const text = typeof cell === 'number' ? wholeText(cell) : oneLine(cell ?? '');
  return text === '' ? '-' : text;
}

/** A whole number for people: 1,234,567. */
export function wholeText(number: number): string {
  return number.toLocaleString('en');
}

/** The state of a link, a log or a member, in the colour of its meaning. */
export function stateText(terminal: Terminal, state: string): string {
  switch (state) {
    case 'live':
    case 'admitted':
    case 'active':
      return terminal.paint('green', state);
    case 'catching up':
    case 'waiting':
    case 'pending':
    case 'off':
      return terminal.paint('yellow', state);
    default:
      return terminal.paint('red', state);
  }
}
