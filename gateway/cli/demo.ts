// icse demo: a federation on this machine, shown step by step.

import { Command } from 'commander';
import type { DemoFederation } from '../demo/federation.js';
import { type DemoReport, type Narrator, tellStory } from '../demo/story.js';
import { membersTable } from '../demo/table.js';
import type { Terminal } from './terminal.js';

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
}

/** The command; it ends with 0 when everything was seen to hold, 1 otherwise. */
export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description('Runs a federation on this machine: Lyon and five countries, each a process of its own.')
    .option('--once', 'end when the story is told, instead of staying up')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', '\nExample:\n  icse demo --once\n')
    .action((options: DemoOptions) => runDemo(terminal, options));
}

async function runDemo(terminal: Terminal, { once = false, json = false }: DemoOptions): Promise<void> {
  const print = (text: string): void => {
    if (!json) void terminal.print(`${text}\n`).catch(() => {});
  };
  let federation: DemoFederation | undefined;
  const interrupted = terminal.interrupted();
  const stopped = new Promise<never>((_resolve, reject) => {
    interrupted.addEventListener('abort', () => reject(interrupted.reason));
  });
  stopped.catch(() => {});
  try {
    const story = tellStory(narratorOf(print, terminal), (created) => {
      federation = created;
    });
    const report = await Promise.race([story, stopped]);
    print(membersTable(report.members, report.suspended, (style, text) => terminal.paint(style, text)));
    print(`${terminal.paint('green', 'All of it held')}, in ${report.seconds} s.`);
    if (json) await terminal.printJson(report);
    if (once || federation === undefined) return;
    print(invitationToLook(federation));
    await stopped.catch(() => {});
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    terminal.complain(`icse demo: ${failure}`);
    terminal.exitCode = 1;
    const report: DemoReport = { ok: false, seconds: 0, members: [], hits: [], suspended: [], failure };
    if (json) await terminal.printJson(report);
  } finally {
    await federation?.close();
  }
}

/** How to look at the federation with the other commands. */
function invitationToLook(federation: DemoFederation): string {
  const home = federation.countries.get('AU')?.home;
  const commands = ['status', 'watch --from 1', 'hits', 'views'].map(
    (command) => `  npx icse ${command} --home ${home}`,
  );
  return [
    '\nThe federation stays up until you press Ctrl-C. Look at it from another terminal:',
    ...commands,
    `  npx icse member list --home ${federation.hubHome}`,
  ].join('\n');
}

function narratorOf(print: (text: string) => void, terminal: Terminal): Narrator {
  let number = 0;
  return {
    step(title, why) {
      number++;
      print(`\n${terminal.paint(['bold', 'cyan'], `${number}. ${title}`)}\n   ${terminal.paint('dim', why)}`);
    },
    saw: (text) => print(`   ${terminal.paint('green', '✓')} ${text}`),
  };
}
