// The last picture of the demonstration: per member how many entries it has published, its checkpoint, and who
// has given receipts for all of it.

import type { styleText } from 'node:util';
import Table from 'cli-table3';
import type { DemoMember } from './story.js';

/** Colours text, or leaves it plain. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** The table as text. */
export function membersTable(
  members: readonly DemoMember[],
  suspended: readonly string[],
  paint: Paint,
): string {
  const table = new Table({
    head: ['member', 'entries', 'checkpoint (root of the tree)', 'receipts for all of it'].map((text) =>
      paint('bold', text),
    ),
    colAligns: ['left', 'right', 'left', 'left'],
    style: { head: [], border: [] },
  });
  for (const { member, entries, checkpoint, receipts } of members) {
    const isSuspended = suspended.includes(member);
    const root = checkpoint.split('\n')[2] ?? '';
    const complete = receipts.filter((receipt) => receipt.size === entries).map((receipt) => receipt.by);
    table.push([
      isSuspended ? `${paint('red', member)} (suspended)` : paint('cyan', member),
      String(entries),
      root === '' ? '-' : `${root.slice(0, 20)}…`,
      complete.length === 0 ? '-' : paint('green', complete.join(' ')),
    ]);
  }
  return table.toString();
}
