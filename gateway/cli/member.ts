// icse member: the hub operator's commands over the list of members. Each goes to the hub's running node.

import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { Command } from 'commander';
import { createPrivateFile } from '../../node/keys/private-file.js';
import { listMembers } from './member-list.js';
import {
  actBy,
  addressArgument,
  type ByOptions,
  type HomeOptions,
  memberArgument,
  quotaArgument,
  wholeArgument,
  withBy,
  withHome,
  withNode,
} from './options.js';
import { type Terminal, UsedWrongly } from './terminal.js';

type ActOptions = HomeOptions & ByOptions;

interface Terms {
  readonly address?: string;
  readonly quota?: { readonly entries: number; readonly bytes: number };
}

interface InviteOptions extends ActOptions, Terms {
  readonly name?: string;
  readonly out: string;
  readonly confirm?: boolean;
  readonly replace?: boolean;
}

interface RegistryActOptions extends ActOptions {
  readonly appendAlone?: boolean;
}

export function memberCommand(terminal: Terminal): Command {
  return new Command('member')
    .description('The members of the federation; at the hub in Lyon.')
    .addHelpText('after', '\nExample:\n  icse member list --home DIR\n')
    .addCommand(listCommand(terminal))
    .addCommand(inviteCommand(terminal))
    .addCommand(confirmCommand(terminal))
    .addCommand(amendCommand(terminal))
    .addCommand(suspendCommand(terminal))
    .addCommand(reinstateCommand(terminal));
}

function listCommand(terminal: Terminal): Command {
  return withHome(new Command('list'))
    .description(
      'Lists members and invitations: state, address, when last seen, who lags, which certificates end.',
    )
    .addHelpText('after', '\nExample:\n  icse member list --home DIR\n')
    .action((options: HomeOptions) => listMembers(terminal, options));
}

function inviteCommand(terminal: Terminal): Command {
  return withTerms(act('invite'))
    .description('Writes an invitation, a secret until it is used; hand it over like a key.')
    .requiredOption('--out <FILE>', 'the invitation; only you can read it')
    .option('--name <NAME>', 'how the hub shows the member')
    .option('--confirm', 'give the certificate only after icse member confirm')
    .option('--replace', 'for a member whose keys are lost or stolen: its old keys end')
    .addHelpText(
      'after',
      '\nExample:\n  icse member invite NL --name Netherlands --home DIR --out nl.invitation\n',
    )
    .action((member: string, options: InviteOptions) => invite(terminal, member, options));
}

function confirmCommand(terminal: Terminal): Command {
  return act('confirm')
    .description('Lets an invited member in, whose fingerprint was read out to you by telephone.')
    .requiredOption('--fingerprint <F>', 'what icse join printed at the member')
    .addHelpText('after', '\nExample:\n  icse member confirm NL --fingerprint 1f3a-90c1-... --home DIR\n')
    .action(async (member: string, options: ActOptions & { readonly fingerprint: string }) => {
      const { fingerprint } = options;
      await withNode(terminal, options, (node) =>
        node.act('confirm', { member, ...actBy(options), fingerprint }),
      );
      await tell(
        terminal,
        options,
        { member, confirmed: true },
        `${member} is confirmed: its icse join goes on`,
      );
    });
}

function amendCommand(terminal: Terminal): Command {
  return withAlone(withTerms(act('amend')))
    .description("Changes a member's address or quota.")
    .addHelpText('after', '\nExample:\n  icse member amend NL --address icse.example.nl:7001 --home DIR\n')
    .action(async (member: string, options: RegistryActOptions & Terms) => {
      const terms = termsOf(options);
      if (Object.keys(terms).length === 0)
        throw new UsedWrongly('name --address HOST:PORT, --quota ENTRIES/BYTES or both');
      const body = { member, ...actBy(options), ...terms, ...alone(options) };
      const { index } = await withNode(terminal, options, (node) =>
        node.act<{ index: number }>('amend', body),
      );
      await tell(terminal, options, { member, index }, `${member} is amended (registry:${index})`);
    });
}

function suspendCommand(terminal: Terminal): Command {
  return withAlone(act('suspend'))
    .description(
      'Cuts a member off: its streams end at once, and what it publishes from the cut on does not count.',
    )
    .option('--at <SIZE>', 'set the cut back to this size of its log, as before a theft', wholeArgument)
    .addHelpText('after', '\nExample:\n  icse member suspend NL --home DIR --reason "keys stolen"\n')
    .action(async (member: string, options: RegistryActOptions & { readonly at?: number }) => {
      const at = options.at === undefined ? {} : { at: options.at };
      const body = { member, ...actBy(options), ...at, ...alone(options) };
      const { index, cut } = await withNode(terminal, options, (node) =>
        node.act<{ index: number; cut: number }>('suspend', body),
      );
      const said = `${member} is suspended (registry:${index}): its first ${cut} entries count, none after`;
      await tell(terminal, options, { member, index, cut }, said);
    });
}

function reinstateCommand(terminal: Terminal): Command {
  return withAlone(act('reinstate'))
    .description('Lets a suspended member publish again, in a new log or, with --accept, in the same.')
    .option('--accept', 'entries above the cut count again, and the log goes on')
    .addHelpText('after', '\nExample:\n  icse member reinstate NL --home DIR --accept\n')
    .action(async (member: string, options: RegistryActOptions & { readonly accept?: boolean }) => {
      const body = { member, ...actBy(options), accept: options.accept ?? false, ...alone(options) };
      const { index, log } = await withNode(terminal, options, (node) =>
        node.act<{ index: number; log: string }>('reinstate', body),
      );
      const said = `${member} is reinstated (registry:${index}) and publishes in ${log}`;
      await tell(terminal, options, { member, index, log }, said);
    });
}

async function invite(terminal: Terminal, member: string, options: InviteOptions): Promise<void> {
  const { name, out, confirm = false, replace = false } = options;
  // Before the hub makes a token that nobody would get.
  await refuseTaken(out);
  const { invitation } = await withNode(terminal, options, (node) =>
    node.act<{ invitation: string }>('invite', {
      member,
      ...actBy(options),
      ...(name === undefined ? {} : { name }),
      ...termsOf(options),
      confirm,
      replace,
    }),
  );
  await createPrivateFile(out, invitation, randomBytes(8).toString('hex'));
  const { expires } = JSON.parse(invitation) as { expires: string };
  const next = `${member} runs: icse join --home DIR --invitation ${out} (until ${expires})`;
  await tell(terminal, options, { member, file: out, expires }, `${out} is written; ${next}`);
}

async function refuseTaken(path: string): Promise<void> {
  try {
    await access(path);
  } catch {
    return;
  }
  throw new UsedWrongly(`${path} exists and is not overwritten: name another file with --out`);
}

function act(name: string): Command {
  return withBy(
    withHome(new Command(name).argument('<code>', "the member's code, such as NL", memberArgument)),
  );
}

function withTerms(command: Command): Command {
  return command
    .option('--address <HOST:PORT>', 'where other nodes reach the member', addressArgument)
    .option('--quota <ENTRIES/BYTES>', 'what it may publish in a day', quotaArgument);
}

function withAlone(command: Command): Command {
  return command.option('--append-alone', 'act without asking other nodes how long the registry is');
}

function termsOf({ address, quota }: Terms): Terms {
  return { ...(address === undefined ? {} : { address }), ...(quota === undefined ? {} : { quota }) };
}

function alone({ appendAlone = false }: RegistryActOptions) {
  return { appendAlone };
}

function tell(terminal: Terminal, { json }: HomeOptions, value: object, sentence: string): Promise<void> {
  return json ? terminal.printJson(value) : terminal.print(`${sentence}\n`);
}
