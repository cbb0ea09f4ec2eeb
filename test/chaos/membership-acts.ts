// What the hub's operator does in a history: members join, are suspended and reinstated, and get new keys.

import { create } from '@bufbuild/protobuf';
import { publicKeysOf } from '../../node/keys/seed.js';
import { type LogName, LYON, type MemberCode } from '../../node/names.js';
import { nextLog } from '../../node/registry/state.js';
import { EMPTY_ROOT } from '../../node/tlog/hash.js';
import {
  type Cut,
  CutSchema,
  MemberKeysSchema,
  ReinstateSchema,
  RotateSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import { secretsFrom } from './federation.js';
import { aRecordFor } from './sayings.js';
import type { Scene } from './scene.js';
import { hubHasAll } from './set-backs.js';
import type { SimulatedNode } from './simulated-node.js';

/** Members that are left when one more is suspended, the hub and that one with them. */
const MIN_LEFT = 4;

export function join(scene: Scene): boolean {
  const { federation, outside } = scene;
  const member = outside.pop();
  if (member === undefined) return false;
  federation.does(`admit ${member}`, async () => {
    await federation.build(member, secretsFrom(federation.chance.fork(member)));
    // The operator tries until it is done.
    while (federation.hub?.registry.state.members.has(member) !== true) {
      await federation.enact([federation.admission(member)]).catch(() => {});
      await federation.time.pause(3000);
    }
    await federation.start(member);
  });
  return true;
}

function placeOf(hub: SimulatedNode, member: MemberCode): { log: LogName; held: number } | undefined {
  const name = hub.registry.state.members.get(member)?.log;
  const log = name === undefined ? undefined : hub.logs.get(name);
  return log === undefined ? undefined : { log: log.name, held: log.size };
}

async function cutAt(hub: SimulatedNode, log: string, size: number): Promise<Cut> {
  const held = hub.logs.all().find(({ name }) => name === log);
  const root = held === undefined ? EMPTY_ROOT : await held.rootAt(size);
  return create(CutSchema, { log, size: BigInt(size), root });
}

function someMember(
  scene: Scene,
  suspended: boolean,
): { hub: SimulatedNode; member: MemberCode } | undefined {
  const { hub } = scene.federation;
  if (hub?.isRunning !== true) return undefined;
  const members = [...hub.registry.state.members.values()].filter(
    (member) => member.code !== LYON && member.suspended === suspended && !scene.spared.has(member.code),
  );
  return members.length === 0 ? undefined : { hub, member: scene.chance.pick(members).code };
}

/** Somebody who may be suspended now, and how far Lyon has the log. */
function toSuspend(
  scene: Scene,
): { hub: SimulatedNode; member: MemberCode; log: LogName; held: number } | undefined {
  const found = someMember(scene, false);
  const place = found === undefined ? undefined : placeOf(found.hub, found.member);
  if (found === undefined || place === undefined) return undefined;
  // A federation of the suspended shows nothing.
  const left = [...found.hub.registry.state.members.values()].filter((member) => !member.suspended);
  if (left.length < MIN_LEFT || !hubHasAll(scene.federation)) return undefined;
  return { ...found, ...place };
}

async function suspendAt(scene: Scene, hub: SimulatedNode, member: MemberCode, cut: Cut): Promise<void> {
  const { federation } = scene;
  const value = create(SuspendSchema, { member, cut });
  await federation.enact([federation.entry({ case: 'suspend', value })], hub);
}

export function suspend(scene: Scene): boolean {
  const found = toSuspend(scene);
  if (found === undefined) return false;
  const { federation, chance } = scene;
  federation.does(`suspend ${found.member}`, async () => {
    const size = chance.happens(0.5) ? found.held : chance.int(0, found.held);
    await suspendAt(scene, found.hub, found.member, await cutAt(found.hub, found.log, size));
  });
  return true;
}

/** The log is closed in the midst of what arrives at Lyon, goes on to the others, and waits there for slow disks. */
export function suspendAmidEntries(scene: Scene): boolean {
  const found = toSuspend(scene);
  const node = found === undefined ? undefined : scene.federation.nodes.get(found.member);
  if (found === undefined || node?.isRunning !== true) return false;
  const { federation, chance } = scene;
  const { hub, member, log, held } = found;
  const slow = [...federation.homes.values()].filter((home) => home.member !== LYON && chance.happens(0.5));
  for (const { disk } of slow) disk.slowDown(chance.int(50, 1000));
  federation.does(`suspend ${member} amid its entries`, async () => {
    for (let left = chance.int(1, 6); left > 0; left--) {
      const entries = Array.from({ length: chance.int(1, 8) }, () => aRecordFor(scene));
      if (node.isRunning) federation.publish(node, entries);
      await federation.time.pause(chance.int(1, 50));
    }
    const size = chance.int(held, Math.max(held, hub.logs.get(log)?.size ?? 0));
    await suspendAt(scene, hub, member, await cutAt(hub, log, size));
  });
  federation.time.after(chance.int(500, 5000), () => {
    for (const { disk } of slow) disk.slowDown(4);
  });
  return true;
}

export function reinstate(scene: Scene): boolean {
  const found = someMember(scene, true);
  const place = found === undefined ? undefined : placeOf(found.hub, found.member);
  if (found === undefined || place === undefined) return false;
  const { federation, chance } = scene;
  federation.does(`reinstate ${found.member}`, async () => {
    const closed = found.hub.registry.state.logs.get(place.log)?.cut?.size ?? 0;
    const sameLog = chance.happens(0.6) && place.held >= closed;
    const next = create(CutSchema, { log: nextLog(place.log), root: EMPTY_ROOT });
    const resume = sameLog ? await cutAt(found.hub, place.log, place.held) : next;
    const value = create(ReinstateSchema, { member: found.member, resume });
    await federation.enact([federation.entry({ case: 'reinstate', value })], found.hub);
  });
  return true;
}

/** The log is closed at what Lyon holds; the member goes on with new keys, on its disk or on an empty one. */
export function replaceKeys(scene: Scene): boolean {
  const found = someMember(scene, false);
  const place = found === undefined ? undefined : placeOf(found.hub, found.member);
  if (found === undefined || place === undefined) return false;
  const { federation, chance } = scene;
  if (federation.newSecrets.has(found.member) || !hubHasAll(federation)) return false;
  federation.does(`replace the keys of ${found.member}`, async () => {
    const secrets = secretsFrom(chance.fork(`keys ${found.member} ${federation.time.now()}`));
    const keys = create(MemberKeysSchema, publicKeysOf(secrets));
    const cut = await cutAt(found.hub, place.log, place.held);
    const value = create(RotateSchema, { member: found.member, keys, cut });
    federation.replaced.add(found.member);
    federation.newSecrets.set(found.member, { secrets, keepsHome: chance.happens(0.5) });
    await federation.enact([federation.entry({ case: 'rotate', value })], found.hub);
  });
  return true;
}
