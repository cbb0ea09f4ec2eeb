// Which keys signed a log's checkpoints, earlier ones too: a note that is seen late, and a proof of a fork, count
// under the key that the log had at their size.

import { type LogName, LYON, parseLogName } from '../names.js';
import type { RegistryState } from './state.js';

/** A key of the hub that signs the registry. */
export interface RegistrySigner {
  readonly key: Uint8Array;
  /** The largest size that it signs: the entry after it names the next key. */
  readonly until: number;
}

/** Public keys under which a checkpoint of the log counts at that size, by this registry; none for a log that it does not know. */
export function keysAt(state: RegistryState, log: LogName, size: number): readonly Uint8Array[] {
  const { member, generation } = parseLogName(log);
  if (member !== undefined) {
    const known = state.logs.get(log);
    return known === undefined ? [] : [known.key];
  }
  if (generation === state.generation) {
    return state.signers.filter(({ until }) => size <= until).map(({ key }) => key);
  }
  // Of an earlier registry there are the hub's logs, which are signed with the same keys.
  return [...state.logs.values()].filter(({ member: owner }) => owner === LYON).map(({ key }) => key);
}

/** The hub has new keys by the entry at `index`. */
export function withSigner(
  signers: readonly RegistrySigner[],
  key: Uint8Array,
  index: number,
): readonly RegistrySigner[] {
  const before = signers.map((signer) => ({ ...signer, until: Math.min(signer.until, index) }));
  return [...before, { key, until: Number.MAX_SAFE_INTEGER }];
}
