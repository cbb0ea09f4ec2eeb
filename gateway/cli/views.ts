// icse views: how far what is derived from the logs has got, and its digests; `views rebuild` derives it anew.

import { Command } from 'commander';
import { type LogName, shortLogName } from '../../node/names.js';
import { type HomeOptions, withHome, withNode } from './options.js';
import { tableText } from './table.js';
import type { Terminal } from './terminal.js';

export function viewsCommand(terminal: Terminal): Command {
  const rebuild = withHome(new Command('rebuild'))
    .description('Drops all views and derives them anew from the logs; returns when they have caught up.')
    .addHelpText('after', '\nExample:\n  icse views rebuild --home DIR\n')
    .action((_options: HomeOptions, command: Command) => rebuildViews(terminal, command.optsWithGlobals()));
  return withHome(new Command('views'))
    .description('Shows the views: equal digests at equal places mean equal answers.')
    .addHelpText('after', '\nExample:\n  icse views --home DIR\n')
    .action((options: HomeOptions) => showViews(terminal, options))
    .addCommand(rebuild);
}

async function showViews(terminal: Terminal, options: HomeOptions): Promise<void> {
  const status = await withNode(terminal, options, (node) => node.views());
  if (options.json) return terminal.printJson(status);
  const { at, viewsDigest, views } = status;
  const places = Object.entries(at).map(([log, size]) => [shortLogName(log as LogName), size]);
  const title = (text: string) => terminal.paint('bold', text);
  await terminal.print(
    `${title('digest')}  ${viewsDigest}\n\n` +
      tableText(
        terminal,
        [
          { title: 'view' },
          { title: 'version', isNumber: true },
          { title: 'behind', isNumber: true },
          { title: 'digest' },
        ],
        views.map(({ name, version, behind, digest }) => [name, version, behind, digest]),
      ) +
      `\n${tableText(terminal, [{ title: 'log' }, { title: 'up to', isNumber: true }], places)}`,
  );
}

async function rebuildViews(terminal: Terminal, options: HomeOptions): Promise<void> {
  const { viewsDigest } = await withNode(terminal, options, async (node) => {
    await node.rebuildViews();
    return node.views();
  });
  await (options.json
    ? terminal.printJson({ rebuilt: true, viewsDigest })
    : terminal.print(`rebuilt, digest ${viewsDigest}\n`));
}
