// A stopped hub's home, opened for what only the root may do: the store's lock keeps a running hub out.

import { Failure } from '../failure.js';
import { type Federation, readFederation } from '../home/federation.js';
import { anchorsOf } from '../home/identity.js';
import type { HomePaths } from '../home/layout.js';
import { Logs } from '../log/logs.js';
import { type LogName, LYON, shortLogName } from '../names.js';
import { Registry } from '../registry/registry.js';
import type { Place } from '../registry/state.js';
import { openLevelStore } from '../store/level-store.js';
import { type RootKeys, readRootKeys } from './root-keys.js';

export interface StoppedHub {
  readonly federation: Federation;
  readonly root: RootKeys;
  readonly registry: Registry;
  readonly logs: Logs;
}

/** A home that is not the hub's: `code` is 'not-the-hub'. */
export class NotTheHub extends Failure {
  constructor(home: string, member: string) {
    super('not-the-hub', `${home} is the home of ${member}: only ${LYON}'s can do this`);
  }
}

/** Works on a hub that does not run. Throws NotTheHub, BadRoot, StoreLocked, or what `work` throws. */
export async function withStoppedHub<T>(
  paths: HomePaths,
  rootDirectory: string,
  passphrase: string | undefined,
  work: (hub: StoppedHub) => Promise<T>,
): Promise<T> {
  const federation = await readFederation(paths.federation);
  if (federation.member !== LYON) throw new NotTheHub(paths.home, federation.member);
  const root = await readRootKeys(rootDirectory, federation, passphrase);
  const store = await openLevelStore(paths.logs);
  try {
    const registry = await Registry.open(store, anchorsOf(federation));
    const logs = await Logs.open(store, registry);
    return await work({ federation, root, registry, logs });
  } finally {
    await store.close();
  }
}

/** Where a member's log ends: at its cut, or where the hub holds it. */
export function endOf({ registry, logs }: StoppedHub, name: LogName): Place {
  const cut = registry.state.logs.get(name)?.cut;
  if (cut !== undefined) return cut;
  const log = logs.get(name);
  if (log === undefined) throw new Failure('store-damaged', `the log ${shortLogName(name)} cannot be opened`);
  return { size: log.size, root: log.root };
}
