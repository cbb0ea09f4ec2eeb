// The registry begins again, by the root: `icse hub new-epoch`, after the registry was lost or forked. What the
// hub's disk says is what the root vouches for: every member is admitted anew with its keys, its earlier logs are
// closed where the hub holds them, and it goes on in its next log; who was suspended still is.

import { create } from '@bufbuild/protobuf';
import {
  AdmitSchema,
  EpochSchema,
  type PastLog,
  PastLogSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import type { Clock } from '../clock.js';
import { Failure } from '../failure.js';
import { writeFederation } from '../home/federation.js';
import type { HomePaths } from '../home/layout.js';
import { deriveSecrets } from '../keys/seed.js';
import { readSeedFile } from '../keys/seed-file.js';
import { type LogName, LYON, type MemberCode } from '../names.js';
import { signAsRoot } from '../registry/root-signature.js';
import {
  applyRegistryEntry,
  emptyRegistry,
  type Member,
  nextLog,
  type RegistryState,
} from '../registry/state.js';
import { buildEntry } from '../statements/build.js';
import { decodeEntry, type EntryBytes } from '../statements/entry.js';
import { EMPTY_ROOT } from '../tlog/hash.js';
import { ed25519Signer } from '../tlog/note.js';
import { cutMessage, quotaMessage } from './membership.js';
import type { Act } from './registry-desk.js';
import { endOf, type StoppedHub, withStoppedHub } from './stopped-hub.js';

/** A registry that cannot begin again as it is. */
export class NoEpoch extends Failure {
  declare readonly code: 'rotation-unfinished' | 'registry-empty';

  constructor(code: NoEpoch['code'], message: string) {
    super(code, message);
  }
}

export interface NewEpochOptions {
  readonly paths: HomePaths;
  /** The folder with the root's keys. */
  readonly root: string;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly passphrase?: string | undefined;
}

export interface NewEpoch {
  /** The registry that begins: icse/<federation>/registry.2 and so on. */
  readonly log: LogName;
  readonly members: readonly MemberCode[];
}

/** Begins the next registry of a stopped hub. Throws NoEpoch, NotTheHub, BadRoot, StoreLocked, BadSeedFile. */
export function newEpoch(options: NewEpochOptions): Promise<NewEpoch> {
  const { paths, passphrase, clock, random } = options;
  return withStoppedHub(paths, options.root, passphrase, async (hub) => {
    const { registry, root } = hub;
    const { anchors, state } = registry;
    const secrets = deriveSecrets(await readSeedFile(paths.seed, { passphrase }));
    checkHub(state, secrets.log.publicKey);
    let next = emptyRegistry(anchors.federation, state.generation + 1);
    const entries = actsOf(hub, root.secretKey).map((statement): EntryBytes => {
      const entry = buildEntry({ statement, now: clock.now() / 1000, random });
      next = applyRegistryEntry(next, decodeEntry(entry), anchors.rootKey);
      return entry;
    });
    const log = await registry.beginEpoch();
    await log.append(entries, ed25519Signer(log.name, secrets.log));
    // A hub that loses its logs later must know which registry to ask its members for.
    const pinned = { ...hub.federation, hub: { ...hub.federation.hub, registry: state.generation + 1 } };
    await writeFederation(paths.federation, pinned);
    return { log: log.name, members: [...next.members.keys()] };
  });
}

function checkHub({ members }: RegistryState, logKey: Uint8Array): void {
  const known = members.get(LYON);
  if (known === undefined) {
    throw new NoEpoch(
      'registry-empty',
      'the registry on this disk is empty, so there is nothing to begin again from: restore the home first',
    );
  }
  if (Buffer.compare(known.keys.log, logKey) !== 0) {
    throw new NoEpoch(
      'rotation-unfinished',
      "the hub's keys are not those in its registry: run icse hub rotate again to finish it",
    );
  }
}

/** What the next registry says: the epoch, then every other member as it is now. */
function actsOf(hub: StoppedHub, rootSecretKey: Uint8Array): Act[] {
  const { state, log, anchors } = hub.registry;
  const { keys, address, quota } = state.members.get(LYON) as Member;
  const epoch = create(EpochSchema, {
    previous: cutMessage(log.name, { size: log.size, root: log.root }),
    keys,
    address,
    quota: quotaMessage(quota),
    past: pastLogs(hub, LYON),
    schema: state.schema,
  });
  epoch.rootSignature = signAsRoot(anchors.federation, epoch, rootSecretKey);
  const others = [...state.members.values()].filter(({ code }) => code !== LYON);
  return [{ case: 'epoch', value: epoch }, ...others.flatMap((member) => actsFor(hub, member))];
}

function actsFor(hub: StoppedHub, { code, keys, address, quota, suspended, log }: Member): Act[] {
  const value = create(AdmitSchema, {
    member: code,
    keys,
    address,
    quota: quotaMessage(quota),
    past: pastLogs(hub, code),
  });
  const acts: Act[] = [{ case: 'admit', value }];
  if (!suspended) return acts;
  const cut = cutMessage(nextLog(log), { size: 0, root: EMPTY_ROOT });
  return [...acts, { case: 'suspend', value: create(SuspendSchema, { member: code, cut }) }];
}

/** The logs of a member, oldest first: the registry names them in that order. */
function pastLogs(hub: StoppedHub, code: MemberCode): PastLog[] {
  return [...hub.registry.state.logs.values()]
    .filter(({ member }) => member === code)
    .map(({ name, key }) => create(PastLogSchema, { cut: cutMessage(name, endOf(hub, name)), key }));
}
