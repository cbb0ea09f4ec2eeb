// Two nodes with the keys of one member: a home that was copied by mistake, a member that shows different logs to
// different others, a hub that shows two registries. From where the copy was made on, both may sign.

import { type LogName, LYON, type MemberCode } from '../../node/names.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { Chance } from './chance.js';
import { newDisk } from './disk.js';
import type { Federation } from './federation.js';
import { aRecordFor } from './sayings.js';
import type { Home, SimulatedNode } from './simulated-node.js';

/** Copies the member's home as it is now; the copy dials as the first does. */
async function copyHome(federation: Federation, member: MemberCode): Promise<Home> {
  const home = federation.homes.get(member) as Home;
  const content = await home.disk.copy();
  const disk = await newDisk(
    federation.time,
    federation.chance.fork(`copy ${member}`),
    content,
    home.disk.texts.copy(),
  );
  return {
    ...home,
    disk,
    dials: new Set(home.dials),
  };
}

/** A copied home runs beside the first, and people publish at both. */
export async function runCopiedHome(federation: Federation, member: MemberCode): Promise<void> {
  federation.ledger.dishonest.add(member);
  federation.ledger.happened('copied home');
  federation.copiesPublish = true;
  watchForks(federation, await federation.startCopy(await copyHome(federation, member)));
}

/**
 * Whoever copied the home ends the copy and starts the first again: it has stopped where somebody showed it more of
 * its log than it had, and what the copy has published comes back to it, and so to all, from whoever took it.
 */
export async function endCopiedHome(federation: Federation, member: MemberCode): Promise<void> {
  for (const copy of federation.copies) copy.crash('reset');
  federation.nodes.get(member)?.crash('reset');
  await federation.start(member);
}

/**
 * The member shows one face to some and another to the rest, and signs two branches of its log (the hub: of the
 * registry). Everybody dials it, so that both faces are seen; some of the countries talk with each other.
 */
export async function showTwoFaces(federation: Federation, liar: MemberCode, chance: Chance): Promise<void> {
  const { ledger, nodes } = federation;
  ledger.dishonest.add(liar);
  ledger.happened(liar === LYON ? 'two registries' : 'forked log');
  const first = nodes.get(liar) as SimulatedNode;
  const others = [...nodes.values()].filter((node) => node !== first);
  const second = await federation.startCopy(await copyHome(federation, liar));
  watchForks(federation, second);
  const toSecond = new Set(others.filter(() => chance.happens(0.5)).map(({ member }) => member));
  if (toSecond.size === 0 || toSecond.size === others.length)
    toSecond.add((others[0] as SimulatedNode).member);
  if (toSecond.size === others.length) toSecond.delete((others[1] as SimulatedNode).member);
  federation.route = (to, from) => {
    if (to === liar) return (toSecond.has(from.member) ? second : nodes.get(liar))?.host ?? 'nobody';
    const isSecond = from === second.host;
    if (from.member !== liar || toSecond.has(to) === isSecond) return undefined;
    return 'nobody';
  };
  for (const other of others) {
    federation.network.cut(liar, other.member);
    other.home.dials.add(liar);
    other.exchange.keepLinkTo(liar);
  }
  if (liar === LYON) {
    for (const [at, other] of others.entries()) {
      const next = others[(at + 1) % others.length] as SimulatedNode;
      other.home.dials.add(next.member);
      other.exchange.keepLinkTo(next.member);
    }
  }
  const name = nameOfLog(first, liar);
  for (let rounds = chance.int(2, 5); rounds > 0; rounds--) {
    for (const face of [nodes.get(liar), second]) {
      if (face?.isRunning === true) sign(federation, face, name, chance);
    }
    await federation.time.pause(chance.int(500, 6000));
  }
}

function nameOfLog(node: SimulatedNode, liar: MemberCode): LogName | undefined {
  return liar === LYON ? node.registry.log.name : node.ownLog?.name;
}

/** Appends without asking anybody, as a liar's software does. */
function sign(federation: Federation, face: SimulatedNode, name: LogName | undefined, chance: Chance): void {
  const log = name === undefined ? undefined : face.logs.get(name);
  if (log === undefined) return;
  const entry =
    face.member === LYON
      ? federation.entry({ case: 'amend', value: federation.amendment(chance.int(1, 1e9)) })
      : aRecordFor({ federation, chance });
  federation.does('sign a branch', () => log.append([entry], ed25519Signer(log.name, face.home.secrets.log)));
}

/** From now on each log is known to be forked as soon as two branches of it are signed. */
function watchForks(federation: Federation, copy: SimulatedNode): void {
  const look = (): void => federation.does('note forks', () => noteForks(federation));
  copy.logs.onChange(look);
  federation.nodes.get(copy.member)?.logs.onChange(look);
}

/** Finds out which logs were really forked by two homes of one member. */
export async function noteForks(federation: Federation): Promise<void> {
  for (const copy of federation.copies) {
    const first = federation.nodes.get(copy.member);
    for (const name of federation.ownLogs(copy.member)) {
      const [a, b] = [first?.logs.get(name), copy.logs.get(name)];
      if (a === undefined || b === undefined) continue;
      const size = Math.min(a.size, b.size);
      if (Buffer.compare(await a.rootAt(size), await b.rootAt(size)) !== 0)
        federation.ledger.forked.add(name);
    }
  }
}
