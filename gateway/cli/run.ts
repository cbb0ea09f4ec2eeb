// The command `icse`: finds the command named, loads that one alone (so that it starts quickly), runs it, and
// turns what it throws into one line on standard error and an exit code: 0 done, 1 failed, 2 used wrongly.

import { Command, CommanderError } from 'commander';
import { Failure } from '../../node/failure.js';
import { NodeRefused } from '../socket/no-node.js';
import { OutputClosed, oneLine, type RunIo, Terminal, UsedWrongly } from './terminal.js';

const SOFTWARE = '0.1.0';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(terminal: Terminal): Promise<Command>;
}

/** In the order of the help: setting up, data, looking, operating. */
const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'hub',
    summary: 'create a federation, and what only its root may do',
    load: async (terminal) => (await import('./hub.js')).hubCommand(terminal),
  },
  {
    name: 'join',
    summary: 'make a home from an invitation',
    load: async (terminal) => (await import('./join.js')).joinCommand(terminal),
  },
  {
    name: 'start',
    summary: 'run the node in the foreground',
    load: async (terminal) => (await import('./start.js')).startCommand(terminal),
  },
  {
    name: 'import',
    summary: 'publish the records of a file, or keep them as holdings',
    load: async (terminal) => (await import('./import.js')).importCommand(terminal),
  },
  {
    name: 'publish',
    summary: 'publish records one by one, for programs',
    load: async (terminal) => (await import('./publish.js')).publishCommand(terminal),
  },
  {
    name: 'event',
    summary: 'tell that a victim is identified, a case opened, and the like',
    load: async (terminal) => (await import('./event.js')).eventCommand(terminal),
  },
  {
    name: 'link',
    summary: 'tell that two things belong together',
    load: async (terminal) => (await import('./link.js')).linkCommand(terminal),
  },
  {
    name: 'assess',
    summary: "agree with, or dispute, another member's entry",
    load: async (terminal) => (await import('./assess.js')).assessCommand(terminal),
  },
  {
    name: 'retract',
    summary: 'take back what was published',
    load: async (terminal) => (await import('./retract.js')).retractCommand(terminal),
  },
  {
    name: 'lookup',
    summary: 'ask who has hashes on record',
    load: async (terminal) => (await import('./lookup.js')).lookupCommand(terminal),
  },
  {
    name: 'show',
    summary: 'show what is connected with a hash, a victim, a place or a series',
    load: async (terminal) => (await import('./show.js')).showCommand(terminal),
  },
  {
    name: 'watch',
    summary: 'follow hits and other notices as they come',
    load: async (terminal) => (await import('./watch.js')).watchCommand(terminal),
  },
  {
    name: 'hits',
    summary: 'list hits so far',
    load: async (terminal) => (await import('./hits.js')).hitsCommand(terminal),
  },
  {
    name: 'holdings',
    summary: 'list or remove hashes that the node keeps to itself',
    load: async (terminal) => (await import('./holdings.js')).holdingsCommand(terminal),
  },
  {
    name: 'figures',
    summary: 'count victims identified, records and overlaps, by member',
    load: async (terminal) => (await import('./figures.js')).figuresCommand(terminal),
  },
  {
    name: 'retractions',
    summary: 'show who has signed that what was retracted is gone',
    load: async (terminal) => (await import('./retractions.js')).retractionsCommand(terminal),
  },
  {
    name: 'status',
    summary: 'show connections, logs and receipts',
    load: async (terminal) => (await import('./status.js')).statusCommand(terminal),
  },
  {
    name: 'member',
    summary: 'admit, change and suspend members (at the hub)',
    load: async (terminal) => (await import('./member.js')).memberCommand(terminal),
  },
  {
    name: 'purge',
    summary: 'drop what was retracted or may no longer be kept',
    load: async (terminal) => (await import('./purge.js')).purgeCommand(terminal),
  },
  {
    name: 'views',
    summary: 'show or rebuild what is derived from the logs',
    load: async (terminal) => (await import('./views.js')).viewsCommand(terminal),
  },
  {
    name: 'config',
    summary: 'check icse.yaml',
    load: async (terminal) => (await import('./config.js')).configCommand(terminal),
  },
  {
    name: 'faults',
    summary: 'print the proofs of forks that the node holds',
    load: async (terminal) => (await import('./faults.js')).faultsCommand(terminal),
  },
  {
    name: 'verify',
    summary: 'check the proof of a fault, offline',
    load: async (terminal) => (await import('./verify.js')).verifyCommand(terminal),
  },
  {
    name: 'demo',
    summary: 'see a whole federation at work',
    load: async (terminal) => (await import('./demo.js')).demoCommand(terminal),
  },
];

/** Runs one command; `argv` is what follows the program's name. Never throws. */
export async function run(argv: readonly string[], io: RunIo): Promise<number> {
  const terminal = new Terminal(io);
  try {
    const given = argv[0] === 'help' && argv[1] !== undefined ? [argv[1], '--help'] : [...argv];
    const program = await programFor(given[0], terminal, io);
    await program.parseAsync(given, { from: 'user' });
    return terminal.exitCode;
  } catch (error) {
    return ended(error, terminal);
  }
}

async function programFor(name: string | undefined, terminal: Terminal, io: RunIo): Promise<Command> {
  const program = new Command('icse')
    .description('The ICSE Exchange: hashes and identification events between police forces.')
    .version(SOFTWARE, '--version', 'print the version')
    .helpCommand('help <command>', 'show what a command takes')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text) => terminal.complain(`icse: ${text.replace(/^error: /, '')}`),
    })
    .addHelpText(
      'after',
      `
The home of the node is named with --home DIR or in ICSE_HOME.

Example:
  icse demo --once
`,
    );
  for (const entry of COMMANDS) {
    const command = entry.name === name ? await entry.load(terminal) : new Command(entry.name);
    inherit(command, program);
    program.addCommand(command.summary(entry.summary));
  }
  return program;
}

/** Output and ways to end, for the command and those below it. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).helpCommand(false);
  for (const below of command.commands) inherit(below, command);
}

function ended(error: unknown, terminal: Terminal): number {
  // Commander has printed its own help and errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof OutputClosed) return 0;
  if (error instanceof Failure) {
    terminal.complain(`icse: ${error.message}`);
    return error instanceof UsedWrongly || (error instanceof NodeRefused && error.status === 400) ? 2 : 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  terminal.complain(`icse: an error inside icse: ${oneLine(message)}`);
  return 1;
}
