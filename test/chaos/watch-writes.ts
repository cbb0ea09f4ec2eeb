// Watches the writes of a node: at the moment of a write, no log grows beyond a cut that the node knows of, and what
// goes to the disk is looked at.

import { fromBinary } from '@bufbuild/protobuf';
import type { LogStore } from '../../node/store/log-store.js';
import { StoredHeadSchema } from '../../proto/gen/icse/store/v1/store_pb.js';
import { type Ledger, short } from './ledger.js';
import type { SimulatedNode } from './simulated-node.js';

/** The store, whose commits are looked at. `node` is undefined until the node has started. */
export function watchWrites(
  store: LogStore,
  node: () => SimulatedNode | undefined,
  ledger: Ledger,
  written: (values: readonly Uint8Array[]) => void,
): LogStore {
  return {
    ...store,
    commit(commits) {
      const watched = node();
      for (const { log, head, puts } of commits) {
        written(puts.map(([, value]) => value));
        const cut = watched?.registry.state.logs.get(log)?.cut;
        if (watched === undefined || cut === undefined) continue;
        const size = Number(fromBinary(StoredHeadSchema, head).size);
        const before = watched.logs.get(log)?.size ?? 0;
        if (size > cut.size && size > before) {
          const what = `${watched.member} took ${short(log)} from ${before} to ${size}, which is cut at ${cut.size}`;
          ledger.broken('2 cuts hold', what);
        }
      }
      return store.commit(commits);
    },
  };
}
