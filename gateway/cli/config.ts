// icse config check: reads icse.yaml as a start would, and tells every wrong key or value with its line.

import { Command } from 'commander';
import { BadConfig, readConfig } from '../../node/home/config.js';
import { homePaths } from '../../node/home/layout.js';
import { type HomeOptions, homeOf, withHome } from './options.js';
import type { Terminal } from './terminal.js';

export function configCommand(terminal: Terminal): Command {
  const check = withHome(new Command('check'))
    .description('Checks icse.yaml; needs no running node.')
    .addHelpText('after', '\nExample:\n  icse config check --home DIR\n')
    .action((options: HomeOptions) => checkConfig(terminal, options));
  return new Command('config')
    .description('The settings of the node.')
    .addHelpText('after', '\nExample:\n  icse config check --home DIR\n')
    .addCommand(check);
}

async function checkConfig(terminal: Terminal, options: HomeOptions): Promise<void> {
  const path = homePaths(homeOf(terminal, options)).config;
  const problems = await problemsIn(path);
  for (const problem of problems) terminal.complain(problem);
  if (problems.length > 0) terminal.exitCode = 1;
  if (options.json) await terminal.printJson({ ok: problems.length === 0, problems });
  else if (problems.length === 0) await terminal.print(`${path} is good\n`);
}

async function problemsIn(path: string): Promise<readonly string[]> {
  try {
    await readConfig(path);
    return [];
  } catch (error) {
    if (error instanceof BadConfig) return error.problems;
    throw error;
  }
}
