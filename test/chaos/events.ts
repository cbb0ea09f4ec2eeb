// What may happen to a federation in a history, each kind with its weight: work, faults of network, disk and clock,
// and acts of the hub's operator. Every draw comes from the history's chance.

import { create } from '@bufbuild/protobuf';
import { publicKeysOf } from '../../node/keys/seed.js';
import { LYON, type MemberCode, parseLogName, parseMemberCode, shortLogName } from '../../node/names.js';
import { sealStatement } from '../../node/publishing/sealing.js';
import { nextLog } from '../../node/registry/state.js';
import { buildEntry } from '../../node/statements/build.js';
import { dayText } from '../../node/statements/day.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { statementFromJson } from '../../node/statements/statement-json.js';
import { uuidText } from '../../node/statements/uuid.js';
import type { Commit } from '../../node/store/log-store.js';
import { EMPTY_ROOT } from '../../node/tlog/hash.js';
import { MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import {
  type Cut,
  CutSchema,
  MemberKeysSchema,
  ReinstateSchema,
  RotateSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import type { Chance } from './chance.js';
import { type Federation, secretsFrom } from './federation.js';
import { hubHasAll, mayBeSetBack } from './set-backs.js';
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

export interface EventKind {
  readonly name: string;
  readonly weight: number;
  readonly happen: Happening;
}

const LONGEST_DOWN_MS = 25_000;
const MAX_MANY = 40;
/** Members that are left when one more is suspended, the hub and that one with them. */
const MIN_LEFT = 4;

export const EVENTS: readonly EventKind[] = [
  { name: 'publish one', weight: 60, happen: (scene) => publishAt(scene, 1) },
  { name: 'publish many', weight: 8, happen: (scene) => publishAt(scene, scene.chance.int(2, MAX_MANY)) },
  { name: 'statement', weight: 12, happen: sayAt },
  { name: 'sealed lead', weight: 6, happen: sealAt },
  { name: 'link cut', weight: 10, happen: cutLink },
  { name: 'dark path', weight: 5, happen: darkPath },
  { name: 'partition', weight: 3, happen: partition },
  { name: 'slow network', weight: 3, happen: slowNetwork },
  { name: 'slow disk', weight: 3, happen: slowDisk },
  { name: 'duplicate dial', weight: 4, happen: duplicateDial },
  { name: 'simultaneous dial', weight: 4, happen: simultaneousDial },
  { name: 'clock skew', weight: 2, happen: (scene) => setClock(scene, 120_000) },
  { name: 'clock jump', weight: 2, happen: (scene) => setClock(scene, 3_600_000) },
  { name: 'kill', weight: 5, happen: (scene) => crash(scene, 'reset') },
  { name: 'power cut', weight: 4, happen: (scene) => crash(scene, 'silence') },
  { name: 'power cut at a write', weight: 6, happen: powerCutAtWrite },
  { name: 'restart', weight: 3, happen: restart },
  { name: 'hub restart', weight: 2, happen: (scene) => restartMember(scene, LYON) },
  { name: 'backup', weight: 3, happen: backUp },
  { name: 'restore from an old backup', weight: 2, happen: restore },
  { name: 'hub loss', weight: 0.7, happen: loseHub },
  { name: 'late joiner', weight: 2, happen: join },
  { name: 'suspension', weight: 2, happen: suspend },
  { name: 'reinstatement', weight: 3, happen: reinstate },
  { name: 'key replacement', weight: 1, happen: replaceKeys },
];

/** After these some streams begin anew. */
export const BREAKS_STREAMS: ReadonlySet<string> = new Set([
  'link cut',
  'dark path',
  'partition',
  'duplicate dial',
  'simultaneous dial',
  'clock jump',
  'kill',
  'power cut',
  'power cut at a write',
  'restart',
  'hub restart',
  'restore from an old backup',
  'hub loss',
  'key replacement',
]);

function alive({ federation }: Scene): SimulatedNode[] {
  return [...federation.nodes.values()].filter((node) => node.isRunning);
}

/** A member whose home chance may touch. */
function someHome(scene: Scene, accept: (home: Home) => boolean = () => true): Home | undefined {
  const homes = [...scene.federation.homes.values()].filter(
    (home) => !scene.spared.has(home.member) && accept(home),
  );
  return homes.length === 0 ? undefined : scene.chance.pick(homes);
}

export function aRecordFor({ federation, chance }: Pick<Scene, 'federation' | 'chance'>): Uint8Array {
  // A small pool of hashes, so that members overlap; some records update earlier ones, some expire.
  const hash = new Uint8Array(32).fill(chance.int(1, 40));
  const recordId = chance.happens(0.2) ? new Uint8Array(16).fill(chance.int(1, 8)) : chance.bytes(16);
  const value = create(MediaRecordSchema, { recordId, sha256: hash });
  if (chance.happens(0.3)) value.md5 = new Uint8Array(16).fill(chance.int(1, 20));
  const today = Math.floor(federation.time.now() / 86_400_000);
  const keepUntilDay = chance.happens(0.1) ? today + chance.int(0, 2) : 0;
  return federation.entry({ case: 'mediaRecord', value }, keepUntilDay);
}

function publishAt(scene: Scene, count: number): boolean {
  const { federation } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  const node = scene.chance.pick(nodes);
  federation.publish(
    node,
    Array.from({ length: count }, () => aRecordFor(scene)),
  );
  return true;
}

/** An event, an assessment of somebody else's entry, or a retraction of one of the member's own. */
function sayAt(scene: Scene): boolean {
  const { federation, chance } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  const node = chance.pick(nodes);
  const own = node.registry.state.members.get(node.member)?.log;
  if (own === undefined) return false;
  const { generation } = parseLogName(own);
  const size = node.logs.get(own)?.size ?? 0;
  const others = [...federation.homes.keys()].filter((member) => member !== node.member);
  const choices: object[] = [aVictim(scene, 'victim-identified'), aVictim(scene, 'victim-safeguarded')];
  if (others.length > 0) {
    choices.push({ assess: `${chance.pick(others)}:${chance.int(0, 30)}`, verdict: 'dispute' });
  }
  choices.push({ retract: uuidText(new Uint8Array(16).fill(chance.int(1, 8))), reason: 'duplicate' });
  if (size > 0) {
    choices.push({ retract: `${shortLogName(own)}:${chance.int(0, size - 1)}`, reason: 'wrong-hash' });
  }
  const { statement, keepUntilDay } = statementFromJson(chance.pick(choices), node.member);
  federation.publish(node, [federation.entry(statement, keepUntilDay, { member: node.member, generation })]);
  return true;
}

function aVictim({ federation, chance }: Scene, event: string): object {
  const subject = uuidText(new Uint8Array(16).fill(chance.int(1, 12)));
  const today = Math.floor(federation.time.now() / 86_400_000);
  const end = chance.happens(0.2) ? { keepUntil: dayText(today + chance.int(0, 2)) } : {};
  return { event, subject: `NL/${subject}`, ...end };
}

/** A lead for some of the others. */
function sealAt(scene: Scene): boolean {
  const { federation, chance } = scene;
  const nodes = federation.copiesPublish ? federation.running() : alive(scene);
  if (nodes.length === 0) return false;
  const node = chance.pick(nodes);
  const registry = node.registry.state;
  const own = registry.members.get(node.member)?.log;
  const others = [...registry.members.values()].filter(
    ({ code, suspended }) => code !== node.member && !suspended,
  );
  if (own === undefined || others.length === 0) return false;
  const first = chance.pick(others).code;
  const readers = [first, ...others.map(({ code }) => code).filter((code) => code !== first && chance.happens(0.2))];
  const author = { member: node.member, generation: parseLogName(own).generation };
  const { statement } = statementFromJson(aVictim(scene, 'victim-identified'), node.member);
  const sealed = sealStatement({
    statement: statement as SealableStatement,
    readers,
    author,
    keepUntilDay: chance.happens(0.2) ? Math.floor(federation.time.now() / 86_400_000) + chance.int(0, 2) : 0,
    now: Math.floor(federation.time.now() / 1000),
    registry,
    random: (sizeBytes) => chance.bytes(sizeBytes),
  });
  federation.publish(node, [buildEntry(sealed)]);
  return true;
}

function aPair({ federation, chance }: Scene): [MemberCode, MemberCode] | undefined {
  const members = [...federation.homes.keys()];
  if (members.length < 2) return undefined;
  const a = chance.pick(members);
  const b = chance.happens(0.6) && a !== LYON ? LYON : chance.pick(members);
  return a === b ? undefined : [a, b];
}

function cutLink(scene: Scene): boolean {
  const pair = aPair(scene);
  return pair !== undefined && scene.federation.network.cut(...pair) > 0;
}

function darkPath(scene: Scene): boolean {
  const pair = aPair(scene);
  if (pair === undefined) return false;
  const { network, time } = scene.federation;
  network.darken(...pair);
  time.after(scene.chance.int(100, 30_000), () => network.light(...pair));
  return true;
}

function partition(scene: Scene): boolean {
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

function slowNetwork({ federation, chance }: Scene): boolean {
  federation.network.slowDown(chance.int(100, 3000));
  federation.time.after(chance.int(500, 20_000), () => federation.network.slowDown(0));
  return true;
}

function slowDisk(scene: Scene): boolean {
  const home = someHome(scene);
  if (home === undefined) return false;
  const { disk } = home;
  disk.slowDown(scene.chance.int(50, 3000));
  scene.federation.time.after(scene.chance.int(500, 20_000), () => disk.slowDown(4));
  return true;
}

function duplicateDial(scene: Scene): boolean {
  const nodes = alive(scene).filter((node) => node.home.dials.size > 0);
  if (nodes.length === 0) return false;
  void scene.chance.pick(nodes).exchange.renewLinks();
  return true;
}

/** Two countries talk directly from now on, and each dials the other at once. */
function simultaneousDial(scene: Scene): boolean {
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

function setClock(scene: Scene, mostMs: number): boolean {
  const home = someHome(scene);
  if (home === undefined) return false;
  home.skewMs = scene.chance.int(-mostMs, mostMs);
  scene.federation.time.after(scene.chance.int(1000, 60_000), () => {
    home.skewMs = 0;
  });
  return true;
}

function startLater({ federation, chance }: Scene, member: MemberCode): void {
  federation.time.after(chance.int(50, LONGEST_DOWN_MS), () =>
    federation.does(`start ${member}`, () => federation.start(member)),
  );
}

function isUp({ federation }: Scene): (home: Home) => boolean {
  return ({ member }) => federation.nodes.get(member)?.isRunning === true;
}

function crash(scene: Scene, how: 'reset' | 'silence'): boolean {
  const home = someHome(scene, isUp(scene));
  if (home === undefined) return false;
  scene.federation.nodes.get(home.member)?.crash(how);
  startLater(scene, home.member);
  return true;
}

function powerCutAtWrite(scene: Scene): boolean {
  const home = someHome(scene, isUp(scene));
  if (home === undefined) return false;
  const { nodes } = scene.federation;
  const node = nodes.get(home.member);
  home.disk.atWrite(scene.chance.int(1, 6), () => {
    node?.crash(scene.chance.happens(0.5) ? 'silence' : 'reset');
    startLater(scene, home.member);
  });
  return true;
}

function restart(scene: Scene): boolean {
  const home = someHome(scene, isUp(scene));
  return home !== undefined && restartMember(scene, home.member);
}

function restartMember(scene: Scene, member: MemberCode): boolean {
  const node = scene.federation.nodes.get(member);
  if (node?.isRunning !== true || scene.spared.has(member)) return false;
  scene.federation.does(`stop ${member}`, async () => {
    await node.stop();
    startLater(scene, member);
  });
  return true;
}

function backUp(scene: Scene): boolean {
  const home = someHome(scene);
  if (home === undefined) return false;
  scene.federation.does(`back up ${home.member}`, async () => {
    scene.backups.set(home.member, await home.disk.copy());
  });
  return true;
}

function restore(scene: Scene): boolean {
  const home = someHome(
    scene,
    ({ member }) => scene.backups.has(member) && mayBeSetBack(scene.federation, member),
  );
  return home !== undefined && setBack(scene, home, scene.backups.get(home.member) as readonly Commit[]);
}

function loseHub(scene: Scene): boolean {
  const home = scene.federation.homes.get(LYON) as Home;
  return !scene.spared.has(LYON) && mayBeSetBack(scene.federation, LYON) && setBack(scene, home, []);
}

/** The home goes on with an older disk. */
function setBack({ federation, chance }: Scene, home: Home, content: readonly Commit[]): boolean {
  const { member, secrets } = home;
  federation.nodes.get(member)?.crash('reset');
  federation.ledger.setBack.add(member);
  federation.ledger.forgetShown(member);
  // The home is another from this moment on, so that nothing starts on the old disk meanwhile.
  federation.does(`set back ${member}`, async () => {
    const now = await federation.build(member, secrets, content);
    await federation.time.pause(chance.int(1000, LONGEST_DOWN_MS));
    await federation.excuseWhatIsGone(now);
    await federation.start(member);
  });
  return true;
}

function join(scene: Scene): boolean {
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

function placeOf(hub: SimulatedNode, member: MemberCode): { log: string; held: number } | undefined {
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

function suspend(scene: Scene): boolean {
  const found = someMember(scene, false);
  const place = found === undefined ? undefined : placeOf(found.hub, found.member);
  if (found === undefined || place === undefined) return false;
  // A federation of the suspended shows nothing.
  const left = [...found.hub.registry.state.members.values()].filter((member) => !member.suspended);
  if (left.length < MIN_LEFT || !hubHasAll(scene.federation)) return false;
  const { federation, chance } = scene;
  federation.does(`suspend ${found.member}`, async () => {
    const size = chance.happens(0.5) ? place.held : chance.int(0, place.held);
    const cut = await cutAt(found.hub, place.log, size);
    const value = create(SuspendSchema, { member: found.member, cut });
    await federation.enact([federation.entry({ case: 'suspend', value })], found.hub);
  });
  return true;
}

function reinstate(scene: Scene): boolean {
  const found = someMember(scene, true);
  const place = found === undefined ? undefined : placeOf(found.hub, found.member);
  if (found === undefined || place === undefined) return false;
  const { federation, chance } = scene;
  federation.does(`reinstate ${found.member}`, async () => {
    const closed = found.hub.registry.state.logs.get(place.log as never)?.cut?.size ?? 0;
    const sameLog = chance.happens(0.6) && place.held >= closed;
    const next = create(CutSchema, { log: nextLog(place.log as never), root: EMPTY_ROOT });
    const resume = sameLog ? await cutAt(found.hub, place.log, place.held) : next;
    const value = create(ReinstateSchema, { member: found.member, resume });
    await federation.enact([federation.entry({ case: 'reinstate', value })], found.hub);
  });
  return true;
}

/** The log is closed at what Lyon holds; the member goes on with new keys, on its disk or on an empty one. */
function replaceKeys(scene: Scene): boolean {
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

export const COUNTRIES = ['NL', 'AU', 'US', 'FR', 'DE', 'JP', 'BR', 'EUROPOL'].map(parseMemberCode);
