// icse hub: makes a federation, and does what only its root may do, on a hub that is stopped.

import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { systemClock } from '../../node/clock.js';
import { homePaths } from '../../node/home/layout.js';
import { createHub } from '../../node/hub/create.js';
import { newEpoch } from '../../node/hub/new-epoch.js';
import { rootCrl } from '../../node/hub/root-crl.js';
import { rotateHub } from '../../node/hub/rotate-hub.js';
import { shortLogName } from '../../node/names.js';
import { type HomeOptions, homeOf, listenArgument, withHome } from './options.js';
import { passphraseOf } from './passphrase.js';
import type { Terminal } from './terminal.js';

interface CreateOptions extends HomeOptions {
  readonly listen: string;
  readonly listenEnrol?: string;
}

interface RootOptions extends HomeOptions {
  readonly root: string;
}

interface RotateOptions extends RootOptions {
  readonly stolen?: boolean;
  readonly newIssuing?: boolean;
}

const random = (sizeBytes: number) => new Uint8Array(randomBytes(sizeBytes));

export function hubCommand(terminal: Terminal): Command {
  const create = withHome(new Command('create'))
    .description('Creates a federation: its root, the hub in Lyon, and a registry that admits it.')
    .requiredOption(
      '--listen <HOST:PORT>',
      'where members reach the exchange (port 0: any free one)',
      listenArgument,
    )
    .option(
      '--listen-enrol <HOST:PORT>',
      'where they join and renew (default: the next port)',
      listenArgument,
    )
    .addHelpText('after', '\nExample:\n  icse hub create --home /var/lib/icse --listen icse.example:7001\n')
    .action((options: CreateOptions) => createFederation(terminal, options));
  const crl = withRoot(new Command('root-crl'))
    .description("Makes the root's next revocation list, before the last one ends.")
    .addHelpText('after', '\nExample:\n  icse hub root-crl --home DIR --root /media/usb/root\n')
    .action((options: RootOptions) => makeRootList(terminal, options));
  const rotate = withRoot(new Command('rotate'))
    .description("Replaces the hub's own keys; the hub must be stopped.")
    .option(
      '--stolen',
      'the old keys are in other hands: replaces the issuing authority, and revokes the old one',
    )
    .option('--new-issuing', 'replaces the issuing authority, as when it nears its end')
    .addHelpText('after', '\nExample:\n  icse hub rotate --home DIR --root /media/usb/root --stolen\n')
    .action((options: RotateOptions) => rotateKeys(terminal, options));
  const epoch = withRoot(new Command('new-epoch'))
    .description('Begins the registry anew after it was lost or forked; the hub must be stopped.')
    .addHelpText('after', '\nExample:\n  icse hub new-epoch --home DIR --root /media/usb/root\n')
    .action((options: RootOptions) => beginEpoch(terminal, options));
  return new Command('hub')
    .description('Creates a federation, and does what only its root may do.')
    .addHelpText('after', '\nExample:\n  icse hub create --home /var/lib/icse --listen icse.example:7001\n')
    .addCommand(create)
    .addCommand(crl)
    .addCommand(rotate)
    .addCommand(epoch);
}

function withRoot(command: Command): Command {
  return withHome(command).requiredOption('--root <DIR>', "the folder with the root's keys");
}

async function createFederation(terminal: Terminal, options: CreateOptions): Promise<void> {
  const home = homeOf(terminal, options);
  const { listen, listenEnrol } = options;
  const created = await createHub({
    home,
    listen,
    listenEnrol,
    clock: systemClock,
    random,
    passphrase: await passphraseOf(terminal.env),
  });
  if (options.json) return terminal.printJson({ member: 'LYON', ...created });
  const { federation, root } = created;
  await terminal.print(
    `The hub of federation ${federation} is in ${home}: exchange at ${created.listen}, enrolment at ${created.listenEnrol}.\n` +
      `${terminal.paint('yellow', `Move ${root} to a safe place offline: whoever has it can replace the hub.`)}\n` +
      `Next: icse start --home ${home}\n`,
  );
}

async function makeRootList(terminal: Terminal, options: RootOptions): Promise<void> {
  const { paths, root, passphrase } = await rootAct(terminal, options);
  await rootCrl({ paths, root, clock: systemClock, passphrase });
  const { rootCrl: file } = paths.tls;
  await (options.json ? terminal.printJson({ file }) : terminal.print(`${file} is written\n`));
}

async function rotateKeys(terminal: Terminal, options: RotateOptions): Promise<void> {
  const { stolen = false, newIssuing = false } = options;
  await rotateHub({ ...(await rootAct(terminal, options)), clock: systemClock, random, stolen, newIssuing });
  await (options.json
    ? terminal.printJson({ rotated: true })
    : terminal.print(
        "The hub has new keys; members learn of them when it runs again.\nMove the root's folder away again.\n",
      ));
}

async function beginEpoch(terminal: Terminal, options: RootOptions): Promise<void> {
  const { log, members } = await newEpoch({
    ...(await rootAct(terminal, options)),
    clock: systemClock,
    random,
  });
  await (options.json
    ? terminal.printJson({ log, members })
    : terminal.print(
        `${shortLogName(log)} begins, with ${members.join(', ')}; members follow when the hub runs again.\n`,
      ));
}

async function rootAct(terminal: Terminal, options: RootOptions) {
  return {
    paths: homePaths(homeOf(terminal, options)),
    root: options.root,
    passphrase: await passphraseOf(terminal.env),
  };
}
