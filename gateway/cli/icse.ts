#!/usr/bin/env node
// The program `icse`: hands the process's streams, environment and signals to the command.

import { run } from './run.js';
import { Interrupted } from './terminal.js';

let crashed: (error: unknown) => void = () => {};

/** A first signal asks the command to end, a second ends the process; only for commands that ask for it. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort(new Interrupted());
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}

process.on('uncaughtException', (error: unknown) => {
  crashed(error);
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`icse: an error inside icse: ${message.replaceAll(/\s+/g, ' ')}\n`);
  process.exit(1);
});
// A terminal that has gone away takes no complaint.
process.stderr.on('error', () => {});

const code = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  interrupted,
  onCrash: (act) => {
    crashed = act;
  },
});
process.exit(code);
