// What happens to the network in a history: cut and dark paths, partitions, slowness, streams dialled twice.

import { LYON, type MemberCode } from '../../node/names.js';
import { alive, type Scene } from './scene.js';

function aPair({ federation, chance }: Scene): [MemberCode, MemberCode] | undefined {
  const members = [...federation.homes.keys()];
  if (members.length < 2) return undefined;
  const a = chance.pick(members);
  const b = chance.happens(0.6) && a !== LYON ? LYON : chance.pick(members);
  return a === b ? undefined : [a, b];
}

export function cutLink(scene: Scene): boolean {
  const pair = aPair(scene);
  return pair !== undefined && scene.federation.network.cut(...pair) > 0;
}

export function darkPath(scene: Scene): boolean {
  const pair = aPair(scene);
  if (pair === undefined) return false;
  const { network, time } = scene.federation;
  network.darken(...pair);
  time.after(scene.chance.int(100, 30_000), () => network.light(...pair));
  return true;
}

export function partition(scene: Scene): boolean {
  const { network, time, homes } = scene.federation;
  const [left, right]: [MemberCode[], MemberCode[]] = [[], []];
  for (const member of homes.keys()) (scene.chance.happens(0.5) ? left : right).push(member);
  if (left.length === 0 || right.length === 0) return false;
  for (const a of left) for (const b of right) network.darken(a, b);
  time.after(scene.chance.int(1000, 40_000), () => {
    for (const a of left) for (const b of right) network.light(a, b);
  });
  return true;
}

export function slowNetwork({ federation, chance }: Scene): boolean {
  federation.network.slowDown(chance.int(100, 3000));
  federation.time.after(chance.int(500, 20_000), () => federation.network.slowDown(0));
  return true;
}

export function duplicateDial(scene: Scene): boolean {
  const nodes = alive(scene).filter((node) => node.home.dials.size > 0);
  if (nodes.length === 0) return false;
  void scene.chance.pick(nodes).exchange.renewLinks();
  return true;
}

/** Two countries talk directly from now on, and each dials the other at once. */
export function simultaneousDial(scene: Scene): boolean {
  const nodes = alive(scene).filter((node) => node.member !== LYON);
  if (nodes.length < 2) return false;
  const a = scene.chance.pick(nodes);
  const b = scene.chance.pick(nodes);
  if (a === b) return false;
  for (const [node, other] of [
    [a, b],
    [b, a],
  ] as const) {
    node.home.dials.add(other.member);
    node.exchange.keepLinkTo(other.member);
    void node.exchange.renewLinks();
  }
  return true;
}
