// icse status: whether the node can publish, whom it is connected to, how far it holds each log, and who has
// receipted what.

import { Command } from 'commander';
import type { NodeStatus } from '../../node/api.js';
import { type LogName, shortLogName } from '../../node/names.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { stateText, tableText, wholeText } from './table.js';
import { oneLine, type Terminal } from './terminal.js';

export function statusCommand(terminal: Terminal): Command {
  return withHome(new Command('status'))
    .description('Shows the state of the node: connections, logs, receipts, warnings.')
    .addHelpText('after', '\nExample:\n  icse status --home DIR --json | jq .ready\n')
    .action((options: HomeOptions) => status(terminal, options));
}

async function status(terminal: Terminal, options: HomeOptions): Promise<void> {
  const state = await withNode(terminal, options, (node) => node.status());
  await (options.json ? terminal.printJson(state) : terminal.print(statusText(terminal, state)));
}

function statusText(terminal: Terminal, state: NodeStatus): string {
  const { member, federation, pid, software, ready, why, listen, certificate, warnings } = state;
  const title = (text: string) => terminal.paint('bold', text);
  const publishing = ready
    ? terminal.paint('green', 'ready to publish')
    : `${terminal.paint('red', 'cannot publish')}: ${oneLine(why)}`;
  const facts = [
    `${title(member)}  ${publishing}`,
    `exchange at ${listen}, pid ${pid}, software ${software}, certificate until ${certificate.notAfter}`,
    `federation ${federation}`,
    ...warnings.map((warning) => terminal.paint('yellow', `warning: ${oneLine(warning)}`)),
  ];
  return `${facts.join('\n')}\n\n${connectionsText(terminal, state)}\n${logsText(terminal, state)}${receiptsText(terminal, state)}`;
}

function connectionsText(terminal: Terminal, { connections }: NodeStatus): string {
  const paint = (text: string) => stateText(terminal, text);
  return tableText(
    terminal,
    [
      { title: 'connection' },
      { title: 'direction' },
      { title: 'state', paint },
      { title: 'since' },
      { title: 'why' },
    ],
    connections.map(({ member, direction, state, since, why }) => [member, direction, state, since, why]),
  );
}

function logsText(terminal: Terminal, { logs }: NodeStatus): string {
  const paint = (text: string) => stateText(terminal, text);
  return tableText(
    terminal,
    [
      { title: 'log' },
      { title: 'size', isNumber: true },
      { title: 'state', paint },
      { title: 'behind', isNumber: true },
      { title: 'holes', isNumber: true },
      { title: 'not addressed', isNumber: true },
      { title: 'since' },
      { title: 'why' },
    ],
    logs.map(({ log, size, state, behind, holes, notAddressed, since, why }) => [
      shortLogName(log as LogName),
      size,
      state,
      behind,
      holes,
      notAddressed,
      since,
      why,
    ]),
  );
}

function receiptsText(terminal: Terminal, { logs }: NodeStatus): string {
  const rows = logs.flatMap(({ log, receipts }) =>
    receipts.map(({ by, size, time }) => [shortLogName(log as LogName), by, wholeText(size), time]),
  );
  if (rows.length === 0) return '';
  return `\n${tableText(
    terminal,
    [{ title: 'receipt for' }, { title: 'by' }, { title: 'up to', isNumber: true }, { title: 'at' }],
    rows,
  )}`;
}
