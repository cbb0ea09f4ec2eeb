// icse start: runs the node of a home in the foreground and serves its local socket, until it is told to stop.

import { Command } from 'commander';
import { Failure } from '../../node/failure.js';
import { BadConfig, readConfig } from '../../node/home/config.js';
import { homePaths } from '../../node/home/layout.js';
import { type RunningNode, startNode } from '../../node/node.js';
import { bulkThread } from '../../node/views/bulk-thread.js';
import { NodeClient } from '../socket/client.js';
import { NodeStopped, NoNode } from '../socket/no-node.js';
import { placeSocket } from '../socket/place.js';
import { serveSocket } from '../socket/server.js';
import { createOperationsLog } from './operations-log.js';
import { type HomeOptions, homeOf, withHome } from './options.js';
import { passphraseOf } from './passphrase.js';
import { Interrupted, OutputClosed, type Terminal } from './terminal.js';

interface StartOptions extends HomeOptions {
  readonly appendAlone?: boolean;
}

export function startCommand(terminal: Terminal): Command {
  return withHome(new Command('start'))
    .description('Runs the node in the foreground; prints one line when its local socket serves.')
    .option('--append-alone', 'publish without asking other nodes how long the own log is')
    .addHelpText('after', '\nExample:\n  icse start --home /var/lib/icse\n')
    .action((options: StartOptions) => start(terminal, options));
}

async function start(terminal: Terminal, options: StartOptions): Promise<void> {
  const home = homeOf(terminal, options);
  const interrupted = terminal.interrupted();
  const log = createOperationsLog({
    level: await levelOf(home),
    stream: terminal.stderr,
    env: terminal.env,
  });
  terminal.onCrash((error) => log.fatal({ err: error }, 'the node ends by a fault of its own'));
  await refuseSecond(home);
  const passphrase = await passphraseOf(terminal.env);
  const node = await startNode({
    home,
    appendAlone: options.appendAlone ?? false,
    log,
    passphrase,
    sorter: bulkThread(),
  });
  let why = 'stopped by a fault';
  try {
    const path = await placeSocket(home, terminal.env);
    const socket = await serveSocket(path, node.api, { log });
    try {
      await sayReady(terminal, node, path, options.json ?? false);
      await aborted(interrupted);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      why = 'stopped by its operator';
    } finally {
      log.info({}, 'the node stops');
      await socket.close();
    }
  } finally {
    await node.close(why);
  }
}

/** The level that icse.yaml sets; what is wrong with the file is for the node to say. */
async function levelOf(home: string) {
  try {
    return (await readConfig(homePaths(home).config)).logLevel;
  } catch (error) {
    if (error instanceof BadConfig) return 'info';
    throw error;
  }
}

/** Says which process it is; the lock of the store is what holds. */
async function refuseSecond(home: string): Promise<void> {
  const running = await NodeClient.of(home);
  try {
    const { pid } = await running.status();
    throw new Failure('node-running', `a node is running already on ${home} (pid ${pid})`);
  } catch (error) {
    if (!(error instanceof NoNode || error instanceof NodeStopped)) throw error;
  } finally {
    running.close();
  }
}

async function sayReady(
  terminal: Terminal,
  { api, listen }: RunningNode,
  socket: string,
  json: boolean,
): Promise<void> {
  const ready = json
    ? JSON.stringify({ member: api.member, listen, socket, pid: process.pid })
    : `${api.member} ready: exchange at ${listen}, socket ${socket}`;
  try {
    await terminal.print(`${ready}\n`);
  } catch (error) {
    // Nobody listens for the line; the node is wanted all the same.
    if (!(error instanceof OutputClosed)) throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
