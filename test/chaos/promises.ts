// The promises of DESIGN section 10, looked at when faults have ended: every node runs, every path is open, clocks
// are right, and time enough has passed.

import { localHead } from '../../node/exchange/local-head.js';
import { verifyFork } from '../../node/log/fork.js';
import { isHole, type LogItem, leafHashOf } from '../../node/log/item.js';
import { type LogName, LYON, parseLogName } from '../../node/names.js';
import { registryLog } from '../../node/registry/state.js';
import { HoleReason } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Federation } from './federation.js';
import { short } from './ledger.js';
import type { SimulatedNode } from './simulated-node.js';
import type { TaleName } from './tales.js';
import { isFor, type Said } from './what-goes.js';

/** Acknowledgements are said once a second; meanwhile something else may be sent, but not always right before a look. */
const ACKNOWLEDGED_MS = 4000;
const ACK_LOOK_MS = 400;

/** Members that the registry admits and whose nodes run: those to whom everything is promised. */
export function liveMembers(federation: Federation): SimulatedNode[] {
  const state = federation.state();
  return [...federation.nodes.values()].filter(
    (node) => node.isRunning && state?.members.get(node.member)?.suspended === false,
  );
}

/** True when all live members have the same heads of every log that is not forked. */
export function haveConverged(federation: Federation): boolean {
  return differences(federation).length === 0;
}

function differences(federation: Federation): string[] {
  const { ledger } = federation;
  const state = federation.state();
  if (state === undefined) return [];
  const names = [registryLog(state), ...state.logs.keys()].filter((name) => !ledger.forked.has(name));
  return names.flatMap((name) => differencesOf(name, reachedBy(name, federation)));
}

/**
 * The honest members that the log reaches: all, and where the hub shows two faces the log's author, whoever talks with
 * it, and whoever sees the same face as it.
 */
function reachedBy(name: LogName, federation: Federation): SimulatedNode[] {
  const { ledger } = federation;
  const state = federation.state();
  const live = liveMembers(federation).filter(({ member }) => !ledger.dishonest.has(member));
  if (state === undefined || !ledger.forked.has(registryLog(state))) return live;
  const author = live.find(({ member }) => member === parseLogName(name).member);
  if (author === undefined) return [];
  const faceSeenBy = (node: SimulatedNode) => node.exchange.linkTo(LYON)?.instance;
  const face = faceSeenBy(author);
  return live.filter((node) => {
    const other = faceSeenBy(node);
    const isSame = face !== undefined && other !== undefined && Buffer.compare(face, other) === 0;
    return node === author || isSame || node.exchange.linkTo(author.member) !== undefined;
  });
}

function differencesOf(name: LogName, nodes: readonly SimulatedNode[]): string[] {
  const heads = nodes.map((node) => {
    const { size, root } = localHead(node.logs, name);
    return { node, size, root: Buffer.from(root).toString('hex') };
  });
  const [first] = heads;
  if (first === undefined) return [];
  const most = heads.reduce((a, b) => (b.size > a.size ? b : a), first);
  return heads.flatMap(({ node, size, root }) => {
    if (size < most.size)
      return `${node.member} has ${short(name)} up to ${size}, ${most.node.member} up to ${most.size}`;
    return root === most.root
      ? []
      : `${node.member} and ${most.node.member} have another ${short(name)} at ${size}`;
  });
}

export async function checkPromises(federation: Federation): Promise<void> {
  for (const what of differences(federation)) federation.ledger.broken('2 equal logs', what);
  await checkForks(federation);
  checkBounds(federation);
  await checkAcknowledgements(federation);
}

/** Promises 1 and 3, when whoever complies has purged. */
export async function checkContent(federation: Federation): Promise<void> {
  await checkAcknowledged(federation);
  await checkViews(federation);
}

/** Promise 1: at its author, and at every live member, up to cuts. */
async function checkAcknowledged(federation: Federation): Promise<void> {
  const { ledger } = federation;
  const state = federation.state();
  const ends = federation.ends();
  const saidBy = new Map(ledger.said.map((said) => [said.leaf, said]));
  const held = await heldBytes(federation);
  /** Few had its bytes, and it is gone with its author's disk before one of those had it who can be asked. */
  const isLost = ({ by, leaf, entry, isKnown }: Said): boolean =>
    (entry.statement.case === 'sealed' || !isKnown) && ledger.setBack.has(by) && !held.has(leaf);
  /** Its bytes are to be there. */
  const isDue = (leaf: string, { member }: SimulatedNode): boolean => {
    const said = saidBy.get(leaf);
    if (said === undefined) return true;
    return isFor(said, member) && !ends.mayBeGone(said) && !isLost(said);
  };
  for (const [name, entries] of ledger.acknowledged()) {
    if (ledger.forked.has(name)) continue;
    const author = parseLogName(name).member ?? LYON;
    const cut = state?.logs.get(name)?.cut?.size ?? Number.MAX_SAFE_INTEGER;
    for (const node of reachedBy(name, federation)) {
      const log = node.logs.get(name);
      const items = (await log?.read(0, log.size)) ?? [];
      const lost = new Map<string, number[]>();
      for (const [index, leaf] of entries) {
        if (index >= cut && (node.member !== author || ledger.setBack.has(author))) continue;
        const item = items[index];
        const how =
          item === undefined
            ? 'missing'
            : textOf(item) !== leaf
              ? 'another'
              : isHole(item) && isDue(leaf, node)
                ? 'a hole'
                : '';
        if (how !== '') lost.set(how, [...(lost.get(how) ?? []), index]);
      }
      for (const [how, [first, ...more]] of lost) {
        ledger.broken(
          '1 nothing acknowledged is lost',
          `${short(name)}:${first}${more.length === 0 ? '' : ` and ${more.length} more`}, ${how} at ${node.member}`,
        );
      }
    }
  }
}

/** The leaf hashes of all entries of which some live member has the bytes. */
async function heldBytes(federation: Federation): Promise<Set<string>> {
  const held = new Set<string>();
  for (const { logs } of liveMembers(federation)) {
    for (const log of logs.all()) {
      for (const item of await log.read(0, log.size)) if (!isHole(item)) held.add(textOf(item));
    }
  }
  return held;
}

function textOf(item: LogItem): string {
  return Buffer.from(leafHashOf(item)).toString('hex');
}

/**
 * Promise 3. Nodes that hold different branches of a forked log are compared with those that hold the same. So are those
 * that purged by a retraction which a cut has undone since, where nobody can give them the bytes back.
 */
async function checkViews(federation: Federation): Promise<void> {
  const byLogs = new Map<string, { node: SimulatedNode; digest: string }>();
  const ends = federation.ends();
  const saidBy = new Map(federation.ledger.said.map((said) => [said.leaf, said]));
  const isGone = (item: LogItem): boolean => {
    const said = saidBy.get(textOf(item));
    return said !== undefined && isHole(item) && item.reason === HoleReason.MISSING && ends.mayBeGone(said);
  };
  for (const node of liveMembers(federation)) {
    if (federation.ledger.dishonest.has(node.member)) continue;
    const heads = node.logs.all().map(async (log) => {
      const { size, root } = localHead(node.logs, log.name);
      const gone = (await log.read(0, size)).flatMap((item, index) => (isGone(item) ? [index] : []));
      return `${log.name} ${size} ${Buffer.from(root).toString('hex')} ${gone.join(',')}`;
    });
    const vector = (await Promise.all(heads)).join('\n');
    const digest = await node.viewsDigest();
    const first = byLogs.get(vector);
    if (first === undefined) byLogs.set(vector, { node, digest });
    else if (first.digest !== digest)
      federation.ledger.broken(
        '3 equal views',
        `${first.node.member} and ${node.member} have the same logs, other views`,
      );
  }
}

/** Promise 6, and section 5: a fork that reached two honest nodes is known to all of them, with proof. */
async function checkForks(federation: Federation): Promise<void> {
  const { ledger } = federation;
  for (const { by, fault } of ledger.faultsSeen) {
    const name = fault.log as LogName;
    const registries = federation.running().map(({ registry }) => registry);
    if (!registries.some((registry) => isProven(name, (size) => registry.keysAt(name, size), fault)))
      ledger.broken('a fork is proven', `the proof of ${by} that ${short(name)} is forked does not verify`);
  }
  const live = liveMembers(federation).filter(({ member }) => !ledger.dishonest.has(member));
  for (const name of ledger.forked) {
    for (const group of groupsOf(live)) {
      const holders = group.flatMap((node) => node.logs.get(name) ?? []);
      const isFound = holders.some(({ fault }) => fault !== undefined);
      if (!isFound && !(await haveBranches(holders))) continue;
      const kind = kindOfFork(federation, name);
      ledger.told(kind);
      const unaware = group.filter(
        (node) => node.logs.get(name) !== undefined && node.logs.get(name)?.fault === undefined,
      );
      if (unaware.length === 0) ledger.caught(kind);
      else
        ledger.broken(
          'a fork that reached honest nodes is caught',
          `${short(name)} is forked, and ${unaware.map(({ member }) => member).join(', ')} does not know`,
        );
    }
  }
}

function kindOfFork({ copiesPublish }: Federation, name: LogName): TaleName {
  if (copiesPublish) return 'copied home';
  return parseLogName(name).member === undefined ? 'two registries' : 'forked log';
}

/** Nodes that talk with each other, directly or through others of them. */
function groupsOf(nodes: readonly SimulatedNode[]): SimulatedNode[][] {
  const left = new Set(nodes);
  const groups: SimulatedNode[][] = [];
  for (const first of nodes) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const node of group) {
      for (const other of [...left]) {
        if (node.exchange.linkTo(other.member) === undefined) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(group);
  }
  return groups;
}

async function haveBranches(logs: NonNullable<ReturnType<SimulatedNode['logs']['get']>>[]): Promise<boolean> {
  for (const a of logs) {
    for (const b of logs) {
      const size = Math.min(a.size, b.size);
      if (Buffer.compare(await a.rootAt(size), await b.rootAt(size)) !== 0) return true;
    }
  }
  return false;
}

function isProven(...[name, keysAt, fault]: Parameters<typeof verifyFork>): boolean {
  try {
    verifyFork(name, keysAt, fault);
    return true;
  } catch {
    return false;
  }
}

/** One stream a pair, a window of segments and a few small messages on it, a handful of timers. */
function checkBounds(federation: Federation): void {
  const { ledger, network } = federation;
  const nodes = federation.running();
  const pairs = (nodes.length * (nodes.length - 1)) / 2;
  if (network.streams() > pairs)
    ledger.broken('4 memory is bounded', `${network.streams()} streams for ${pairs} pairs`);
  // Whoever has to wait sends nothing meanwhile.
  if (network.mostUnderway > network.streamBytes + network.longest)
    ledger.broken('4 memory is bounded', `${network.mostUnderway} bytes were under way in one direction`);
  const state = federation.state();
  for (const { member, clock, exchange } of nodes) {
    if (ledger.dishonest.has(member)) continue;
    for (const link of exchange.links()) {
      if (
        state?.members.get(link.member)?.suspended === true &&
        state.members.get(member)?.suspended !== true
      )
        ledger.broken('4 the suspended are not served', `${member} has a stream with ${link.member}`);
    }
    const most = 8 + 4 * exchange.links().length + 2 * exchange.logs.all().length;
    if (clock.timers() > most)
      ledger.broken('4 memory is bounded', `${member} has ${clock.timers()} timers running`);
  }
}

/** What is asked for now and then, as holes are, may have been answered a moment ago: then it is acknowledged soon. */
async function checkAcknowledgements(federation: Federation): Promise<void> {
  const { ledger, time } = federation;
  let waiting = federation
    .running()
    .filter(({ member }) => !ledger.dishonest.has(member))
    .flatMap(({ member, exchange }) => exchange.links().map((link) => ({ member, link })))
    .filter(({ link }) => link.session.provider.unacknowledged() > 0);
  for (let waited = 0; waiting.length > 0 && waited < ACKNOWLEDGED_MS; waited += ACK_LOOK_MS) {
    await time.advance(ACK_LOOK_MS);
    waiting = waiting.filter(({ link }) => link.session.provider.unacknowledged() > 0);
  }
  for (const { member, link } of waiting) {
    const bytes = link.session.provider.unacknowledged();
    ledger.broken('4 memory is bounded', `${member} waits for ${link.member} to acknowledge ${bytes} bytes`);
  }
}
