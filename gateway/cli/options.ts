// Options that many commands take, and how their texts are read. A text that will not do is told by commander
// as used wrongly, with our sentence.

import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { Failure } from '../../node/failure.js';
import { addressText, parseAddress } from '../../node/home/address.js';
import { parseMemberCode } from '../../node/names.js';
import { NodeClient } from '../socket/client.js';
import { type Terminal, UsedWrongly } from './terminal.js';

export interface HomeOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** Adds --home and --json. */
export function withHome(command: Command): Command {
  return command
    .option('--home <DIR>', 'the home of the node (default: ICSE_HOME)')
    .option('--json', 'print JSON, for programs');
}

/** The home that the user names. Throws UsedWrongly. */
export function homeOf(terminal: Terminal, { home }: HomeOptions): string {
  const named = home ?? terminal.env.ICSE_HOME ?? '';
  if (named === '') throw new UsedWrongly('name the home of the node with --home DIR, or in ICSE_HOME');
  return named;
}

/** Talks to the node of the home for as long as `act` lasts. */
export async function withNode<T>(
  terminal: Terminal,
  options: HomeOptions,
  act: (node: NodeClient) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const node = await NodeClient.of(homeOf(terminal, options), signal);
  try {
    return await act(node);
  } finally {
    node.close();
  }
}

export interface ByOptions {
  readonly by: string;
  readonly reason?: string;
}

/** Adds --by and --reason, for the journal. */
export function withBy(command: Command): Command {
  return command
    .option('--by <NAME>', 'who orders it, for the journal', userName())
    .option('--reason <TEXT>', 'why, for the journal');
}

/** What of the options goes with an act. */
export function actBy({ by, reason }: ByOptions): ByOptions {
  return reason === undefined ? { by } : { by, reason };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** A member code. */
export function memberArgument(text: string): string {
  return understood(() => parseMemberCode(text));
}

/** host:port with a real port. */
export function addressArgument(text: string): string {
  return understood(() => addressText(parseAddress(text)));
}

/** host:port to listen at; port 0 picks one. */
export function listenArgument(text: string): string {
  return understood(() => addressText(parseAddress(text, 'any-port')));
}

/** A whole number from 0, such as a size or a sequence number. */
export function wholeArgument(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text))
    throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}

/** ENTRIES/BYTES a day. */
export function quotaArgument(text: string): { entries: number; bytes: number } {
  const match = /^([1-9][0-9]{0,14})\/([1-9][0-9]{0,14})$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError('It must be ENTRIES/BYTES a day, such as 20000000/8000000000.');
  }
  return { entries: Number(match[1]), bytes: Number(match[2]) };
}

/** What a strict parser makes of the text; its Failure is the user's. */
export function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Failure) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
