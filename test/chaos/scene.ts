// What happens in a history happens to this: a federation, with what chance may do to it.

import type { MemberCode } from '../../node/names.js';
import type { Commit } from '../../node/store/log-store.js';
import type { Chance } from './chance.js';
import type { Federation } from './federation.js';
import type { Home, SimulatedNode } from './simulated-node.js';

export interface Scene {
  readonly federation: Federation;
  readonly chance: Chance;
  /** Backups that were taken, by member. */
  readonly backups: Map<MemberCode, readonly Commit[]>;
  /** Countries that may still join. */
  readonly outside: MemberCode[];
  /** Homes that chance leaves alone: those of liars. */
  readonly spared: ReadonlySet<MemberCode>;
}

/** Does one thing; false when there was nothing to do it to. */
export type Happening = (scene: Scene) => boolean;

export function alive({ federation }: Scene): SimulatedNode[] {
  return [...federation.nodes.values()].filter((node) => node.isRunning);
}

/** A member whose home chance may touch. */
export function someHome(scene: Scene, accept: (home: Home) => boolean = () => true): Home | undefined {
  const homes = [...scene.federation.homes.values()].filter(
    (home) => !scene.spared.has(home.member) && accept(home),
  );
  return homes.length === 0 ? undefined : scene.chance.pick(homes);
}
