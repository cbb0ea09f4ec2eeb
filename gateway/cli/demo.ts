// icse demo: a federation on this machine, shown step by step.

import { styleText } from 'node:util';
import { Command } from 'commander';
import type { DemoFederation } from '../demo/federation.js';
import { type DemoReport, type Narrator, tellStory } from '../demo/story.js';
import { membersTable } from '../demo/table.js';

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
}

/** The command; it exits with 0 when everything was seen to hold, 1 otherwise. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Run a federation on this machine: Lyon and five countries, each a process of its own.')
    .option('--once', 'end when the story is told, instead of staying up')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', '\nExample:\n  icse demo --once')
    .action(async (options: DemoOptions) => {
      process.exitCode = await runDemo(options);
    });
}

async function runDemo({ once = false, json = false }: DemoOptions): Promise<number> {
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const print = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  let federation: DemoFederation | undefined;
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  let report: DemoReport;
  try {
    const story = tellStory(narratorOf(print, colour), (created) => {
      federation = created;
    });
    report = await Promise.race([story, interrupted.then(() => Promise.reject(new Error('interrupted')))]);
    print(membersTable(report.members, report.suspended, colour));
    print(`${colour ? styleText('green', 'All of it held') : 'All of it held'}, in ${report.seconds} s.`);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    report = { ok: false, seconds: 0, members: [], hits: [], suspended: [], failure };
    process.stderr.write(`icse demo: ${failure}\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  if (report.ok && !once && !json && federation !== undefined) {
    print(`\nThe federation stays up until you press Ctrl-C. Look at it from another terminal:`);
    const home = federation.countries.get('AU')?.home;
    for (const command of ['status', 'watch --from 1', 'hits', 'views'])
      print(`  npx icse ${command} --home ${home}`);
    print(`  npx icse member list --home ${federation.hubHome}`);
    await interrupted;
  }
  await federation?.close();
  return report.ok ? 0 : 1;
}

function narratorOf(print: (text: string) => void, colour: boolean): Narrator {
  let number = 0;
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(style, text) : text;
  return {
    step(title, why) {
      number++;
      print(`\n${paint(['bold', 'cyan'], `${number}. ${title}`)}\n   ${paint('dim', why)}`);
    },
    saw: (text) => print(`   ${paint('green', '✓')} ${text}`),
  };
}
