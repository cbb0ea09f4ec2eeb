// What purging promises, looked at when days have passed and every member that complies has purged.

import type { LogName, MemberCode } from '../../node/names.js';
import { registryLog } from '../../node/registry/state.js';
import type { SealedEntry } from '../../node/statements/sealed-content.js';
import { openerOf } from '../../node/views/opener.js';
import type { Envelope } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Federation } from './federation.js';
import { short } from './ledger.js';
import { liveMembers } from './promises.js';
import type { SimulatedNode } from './simulated-node.js';
import { isFor, needleOf, type Said } from './what-goes.js';

const DAY_MS = 86_400_000;
/** Longer than any entry of a history is kept, and a day. */
const DAYS = 4;
const SPREAD_MS = 20_000;

/** Days pass; clocks are compared anew, and whoever complies purges and says so. */
export async function purgeEverywhere(federation: Federation): Promise<void> {
  const { time } = federation;
  time.leap(DAYS * DAY_MS);
  for (const node of federation.running()) void node.exchange.renewLinks();
  await time.advance(SPREAD_MS);
  for (const node of liveMembers(federation)) federation.does(`purge at ${node.member}`, () => node.purge());
  await time.advance(SPREAD_MS);
}

export async function checkPurging(federation: Federation): Promise<void> {
  const { ledger } = federation;
  const state = federation.state();
  if (state === undefined || ledger.forked.has(registryLog(state))) return;
  const live = liveMembers(federation).filter(({ member }) => !ledger.dishonest.has(member));
  const ends = federation.ends();
  const gone = ledger.said.filter((said) => isSettled(federation, said) && ends.mustBeGone(said));
  for (const node of live) {
    if (node.home.complies) await checkDisk(federation, node, gone);
  }
  checkConfirmations(federation, live);
  checkReaders(federation, live);
}

function isSettled({ ledger }: Federation, said: Said): boolean {
  return said.place !== undefined && !ledger.forked.has(said.place.log) && ledger.keeps(said);
}

async function checkDisk(federation: Federation, node: SimulatedNode, gone: readonly Said[]): Promise<void> {
  const content = Buffer.concat(
    (await node.home.disk.copy()).flatMap(({ puts }) => puts.map(([, value]) => value)),
  );
  const left = gone.filter((said) => content.includes(needleOf(said)));
  const [first] = left;
  if (first?.place === undefined) return;
  const what = `${short(first.place.log)}:${first.place.index}, and ${left.length - 1} more`;
  federation.ledger.broken('what is to be purged is gone', `${node.member} still has ${what}`);
}

/** Each author has the word of every other that complies, and of no one that does not. */
function checkConfirmations(federation: Federation, live: readonly SimulatedNode[]): void {
  const { ledger } = federation;
  const state = federation.state();
  for (const author of live) {
    for (const { name, cut } of state?.logs.values() ?? []) {
      const log = author.logs.get(name);
      if (log === undefined || ledger.forked.has(name)) continue;
      const due = Math.min(log.size, cut?.size ?? Number.MAX_SAFE_INTEGER);
      for (const other of live) {
        const size = author.purgedBook.get(name, other.member)?.size ?? 0;
        if (!other.home.complies && size > 0)
          ledger.broken(
            'only who has purged confirms it',
            `${author.member} has a word of ${other.member} on ${short(name)}`,
          );
        else if (other.home.complies && isCurrent(name, author) && other !== author && size < due)
          ledger.broken(
            'who has purged confirms it',
            `${author.member} has the word of ${other.member} on ${short(name)} up to ${size} of ${due}`,
          );
      }
    }
  }
}

/** A closed log does not grow: what was told of it to a home that is lost is not told again. */
function isCurrent(name: LogName, author: SimulatedNode): boolean {
  return author.ownLog?.name === name;
}

/** A sealed entry is read by those whom it names, with the keys that it was sealed for, and not by Lyon's. */
function checkReaders(federation: Federation, live: readonly SimulatedNode[]): void {
  const { ledger, anchors, hub, replaced } = federation;
  for (const said of ledger.said) {
    const { entry, place, by } = said;
    if (entry.statement.case !== 'sealed' || place === undefined || !isSettled(federation, said)) continue;
    const opens = (as: MemberCode, node: SimulatedNode): boolean => {
      try {
        const open = openerOf(anchors.federation, as, node.home.secrets.sealing);
        return open(entry as SealedEntry, place.log, place.index) !== undefined;
      } catch {
        return false;
      }
    };
    const readers = [...(entry.handling?.audience ?? []), by] as MemberCode[];
    for (const node of live) {
      const { member } = node;
      if (!readers.includes(member) || replaced.has(member)) continue;
      if (!opens(member, node))
        ledger.broken('a reader can read', `${member} does not open ${short(place.log)}:${place.index}`);
    }
    if (hub === undefined || readers.includes(hub.member)) continue;
    for (const as of readers)
      if (opens(as, hub))
        ledger.broken('only readers can read', `LYON opens ${short(place.log)}:${place.index} as ${as}`);
  }
}

/** A message that bears a sealed entry is longer. */
const MIN_SEALED_BYTES = 300;

/** Told of each envelope that arrives: no honest node sends anybody what was sealed for others. */
export function checkHeard(
  federation: Federation,
  { content }: Envelope,
  from: MemberCode,
  to: MemberCode,
): void {
  if (content.case !== 'frame' || federation.ledger.dishonest.has(from)) return;
  const long = content.value.messages.filter(({ length }) => length >= MIN_SEALED_BYTES);
  if (long.length > 0) checkWritten(federation, to, long);
}

/** Told of each write of a node: nobody ever has what was sealed for others. */
export function checkWritten(
  federation: Federation,
  member: MemberCode,
  values: readonly Uint8Array[],
): void {
  for (const said of federation.ledger.sealed) {
    if (isFor(said, member)) continue;
    const needle = needleOf(said);
    if (values.some((value) => Buffer.from(value.buffer, value.byteOffset, value.length).includes(needle)))
      federation.ledger.broken(
        'what is sealed goes to its readers alone',
        `${member} has bytes of ${said.by}, for ${said.entry.handling?.audience.join(', ')}`,
      );
  }
}
