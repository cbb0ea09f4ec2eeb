// Where evidence goes: ours to Lyon and to the log's author; at Lyon, that of all on a log to its author. Only what
// changed is sent, and what a link missed is sent when it comes back. A peer that has started anew is sent everything: what
// waited in its memory is gone, and so is what a power cut took, or the loss of its disk.

import { type LogName, LYON, type MemberCode } from '../names.js';
import type { Evidence } from './evidence-book.js';
import type { Link } from './link.js';
import type { Content } from './messages.js';

/** A peer that has not answered by then is told again when it next comes. */
const CONFIRM_MS = 30_000;

interface Underway<E> {
  /** By log and signer. */
  readonly said: Map<string, E>;
  /** A ping is on its way. */
  asking: boolean;
}

export interface SpreadingSurroundings<E extends Evidence> {
  readonly me: MemberCode;
  message(evidence: E): Content;
  /** The member that signs the log. */
  authorOf(log: LogName): MemberCode | undefined;
  /** The live link to a member. */
  linkTo(member: MemberCode): Link | undefined;
}

export interface Spreading<E extends Evidence> {
  /** Sends the evidence to those who are to have it and are linked. */
  spread(evidence: E): void;
  /** Sends the evidence to the member if it is to have it. */
  spreadTo(member: MemberCode, evidence: E): void;
}

export function createSpreading<E extends Evidence>(around: SpreadingSurroundings<E>): Spreading<E> {
  const { me } = around;
  /** What each link has been told and may not have heard. */
  const underway = new WeakMap<Link, Underway<E>>();
  /** Sizes that each peer has heard, by log and signer, for as long as it runs. */
  const heard = new Map<MemberCode, { readonly instance: Uint8Array; readonly sizes: Map<string, number> }>();

  function heardBy({ member, instance }: Link): Map<string, number> {
    const known = heard.get(member);
    if (known !== undefined && Buffer.compare(known.instance, instance) === 0) return known.sizes;
    const sizes = new Map<string, number>();
    heard.set(member, { instance, sizes });
    return sizes;
  }

  function send(to: MemberCode, evidence: E): void {
    if (to === me || to === evidence.by) return;
    const link = around.linkTo(to);
    if (link === undefined || !link.session.consumer.compared()) return;
    const told: Underway<E> = underway.get(link) ?? { said: new Map(), asking: false };
    underway.set(link, told);
    const key = `${evidence.log} ${evidence.by}`;
    const size = Math.max(heardBy(link).get(key) ?? -1, told.said.get(key)?.size ?? -1);
    if (size >= evidence.size) return;
    link.session.say(around.message(evidence));
    told.said.set(key, evidence);
    confirm(link, told);
  }

  /** What was said counts as sent once the peer has answered what was said after it. */
  function confirm(link: Link, told: Underway<E>): void {
    if (told.asking || told.said.size === 0) return;
    told.asking = true;
    const batch = [...told.said];
    void link.isAlive(CONFIRM_MS).then((isAlive) => {
      told.asking = false;
      if (!isAlive) return;
      for (const [key, evidence] of batch) {
        heardBy(link).set(key, evidence.size);
        if (told.said.get(key) === evidence) told.said.delete(key);
      }
      confirm(link, told);
    });
  }

  return {
    spread(evidence) {
      const author = around.authorOf(evidence.log);
      if (evidence.by === me) send(LYON, evidence);
      if (author !== undefined && (evidence.by === me || me === LYON)) send(author, evidence);
    },
    spreadTo(member, evidence) {
      const isForAuthor = around.authorOf(evidence.log) === member && (evidence.by === me || me === LYON);
      if (isForAuthor || (member === LYON && evidence.by === me)) send(member, evidence);
    },
  };
}
