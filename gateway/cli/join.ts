// icse join: makes a home from an invitation. Interrupted or refused, it goes on with the same keys when it is
// run again.

import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { systemClock } from '../../node/clock.js';
import { readInvitationFile } from '../../node/enrolment/invitation-file.js';
import { join } from '../../node/enrolment/join.js';
import { type HomeOptions, homeOf, listenArgument, withHome } from './options.js';
import { passphraseOf } from './passphrase.js';
import type { Terminal } from './terminal.js';

interface JoinCommandOptions extends HomeOptions {
  readonly invitation: string;
  readonly listen?: string;
}

export function joinCommand(terminal: Terminal): Command {
  return withHome(new Command('join'))
    .description('Joins a federation: makes keys, proves them to the hub, and gets a certificate.')
    .requiredOption('--invitation <FILE>', 'what icse member invite wrote in Lyon')
    .option(
      '--listen <HOST:PORT>',
      'where other nodes reach this one (port 0: any free one); without it, it only dials',
      listenArgument,
    )
    .addHelpText(
      'after',
      '\nExample:\n  icse join --home DIR --invitation nl.invitation --listen 192.0.2.7:7001\n',
    )
    .action((options: JoinCommandOptions) => joinFederation(terminal, options));
}

async function joinFederation(terminal: Terminal, options: JoinCommandOptions): Promise<void> {
  const home = homeOf(terminal, options);
  const passphrase = await passphraseOf(terminal.env);
  const invitation = await readInvitationFile(options.invitation, systemClock.now());
  const signal = terminal.interrupted();
  let fingerprint = '';
  const joined = await join({
    home,
    invitation,
    listen: options.listen,
    clock: systemClock,
    random: (sizeBytes) => new Uint8Array(randomBytes(sizeBytes)),
    passphrase,
    onFingerprint: (text, waits) => {
      fingerprint = text;
      if (waits) terminal.complain(`waiting for Lyon to confirm this fingerprint by telephone: ${text}`);
    },
    signal,
  });
  const { member, federation, listen = null } = joined;
  if (options.json) return terminal.printJson({ member, federation, listen, fingerprint });
  await terminal.print(
    `${member} has joined federation ${federation}.\nfingerprint ${terminal.paint('bold', fingerprint)}\n` +
      `Next: icse start --home ${home}\n`,
  );
}
