// Streams that contend for the one place that a member has: a second instance with the same keys, or both
// sides having dialled at once.

import { ByeCode } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { MemberCode } from '../names.js';
import type { Link } from './link.js';
import { Refusal } from './refusal.js';

/** A first instance that is asked whether it lives has so long to answer. */
const ALIVE_MS = 5000;

/** One instance a member: the first is asked whether it lives. Throws Refusal when it does. */
export async function outliveRivals(links: Map<MemberCode, Link>, link: Link): Promise<void> {
  for (;;) {
    const other = links.get(link.member);
    if (other === undefined || other.ended || isSameInstance(other, link)) return;
    if (await other.isAlive(ALIVE_MS)) throw secondInstance(other);
    if (links.get(link.member) === other) links.delete(link.member);
    other.close(new Refusal(ByeCode.REPLACED, `another instance of ${link.member} takes over`));
  }
}

/** Why the link must go because of the one that lives; undefined when it takes its place. */
export function objectionOf(other: Link | undefined, link: Link, me: MemberCode): Refusal | undefined {
  if (other === undefined || other.ended) return undefined;
  if (!isSameInstance(other, link)) return secondInstance(other);
  if (other.direction === link.direction) return undefined;
  // Both dialled at once: both sides keep the stream that the lower code dialled.
  const keepsOut = me < link.member;
  const stays = (link.direction === 'out') === keepsOut;
  return stays ? undefined : new Refusal(ByeCode.DUPLICATE, 'another stream of the same two nodes stays');
}

function isSameInstance(a: Link, b: Link): boolean {
  return Buffer.compare(a.instance, b.instance) === 0;
}

function secondInstance(first: Link): Refusal {
  return new Refusal(
    ByeCode.SECOND_INSTANCE,
    `another node with the keys of ${first.member} is connected from ${first.remote}`,
  );
}
