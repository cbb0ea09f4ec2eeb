// What a member's node would sign, put onto its log while the node is stopped: statements that no command makes.

import { loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import { Logs } from '../../node/log/logs.js';
import { Registry } from '../../node/registry/registry.js';
import { openLevelStore } from '../../node/store/level-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';

/** Appends entries to the log of the home's member, under its key; returns the index of the first. */
export async function appendOffline(home: string, entries: readonly Uint8Array[]): Promise<number> {
  const paths = homePaths(home);
  const { anchors, member, secrets } = await loadIdentity(paths, undefined);
  const store = await openLevelStore(paths.logs);
  try {
    const registry = await Registry.open(store, anchors);
    const logs = await Logs.open(store, registry);
    const name = registry.state.members.get(member)?.log;
    const log = name === undefined ? undefined : logs.get(name);
    if (log === undefined) throw new Error(`${member} has no log yet`);
    return (await log.append(entries, ed25519Signer(log.name, secrets.log))).size - entries.length;
  } finally {
    await store.close();
  }
}
