// When a disk may be lost or set back, in the simulation. Two losses at once can take the last copy that anybody
// can ask for, and then nothing is promised: a log comes back to Lyon from its author alone, and to its author from
// those to whom it talks; the registry comes back to Lyon from whoever has it.

import { localHead } from '../../node/exchange/local-head.js';
import { type LogName, LYON, type MemberCode } from '../../node/names.js';
import { registryLog } from '../../node/registry/state.js';
import type { Federation } from './federation.js';
import type { SimulatedNode } from './simulated-node.js';

/** True when Lyon is up and has every log as far as anybody: then another member's disk may be lost. */
export function hubHasAll(federation: Federation): boolean {
  const { hub } = federation;
  const state = federation.state();
  if (hub?.isRunning !== true || state === undefined) return false;
  return [registryLog(state), ...state.logs.keys()].every((name) =>
    federation.others(LYON).every((other) => sizeAt(other, name) <= sizeAt(hub, name)),
  );
}

/** True when every member is up and has its own logs as far as anybody, and the registry. */
export function othersHaveAll(federation: Federation): boolean {
  const { hub, newSecrets } = federation;
  const state = federation.state();
  if (hub?.isRunning !== true || state === undefined || newSecrets.size > 0) return false;
  const others = federation.others(LYON).filter((other) => other.isRunning);
  const holdsRegistry = (other: SimulatedNode): boolean => other.registry.log.size >= hub.registry.log.size;
  // A hub that is set back hears nobody whom it does not know, so all must have what it had.
  if (!others.every(holdsRegistry)) return false;
  return [...state.logs.values()].every(({ name, member }) => {
    // Of an entry that Lyon alone has somebody may know the checkpoint: signed anew, it would be a fork, and rightly so.
    // Whoever comes back first must have them all, since Lyon goes on with what those have who come in time.
    if (member === LYON) return others.every((other) => sizeAt(other, name) >= sizeAt(hub, name));
    if (state.members.get(member)?.suspended !== false) return false;
    const author = others.find((other) => other.member === member);
    return (
      author !== undefined &&
      [...federation.nodes.values()].every((node) => sizeAt(node, name) <= sizeAt(author, name))
    );
  });
}

/** True when the member's disk may be lost or set back now. */
export function mayBeSetBack(federation: Federation, member: MemberCode): boolean {
  return member === LYON ? othersHaveAll(federation) : hubHasAll(federation);
}

function sizeAt(node: SimulatedNode, name: LogName): number {
  return localHead(node.logs, name).size;
}
