// A node never forks itself: before its first append it hears from others how long its own logs are, and
// fetches what it lacks. Afterwards, anyone who shows a longer or another log of ours stops publishing at once.

import { Failure } from '../failure.js';
import type { LogName, MemberCode } from '../names.js';
import { shortLogName } from '../names.js';

/** Publishing is not possible: code 'not-ready', 'alone', 'own-log', 'suspended'. */
export class NotReady extends Failure {}

/** Time for the others to answer after the first one has. */
const GRACE_MS = 2000;
/** The same for a node that lacked some of its own log: its disk went back in time, and who dials late may have more. */
const SET_BACK_GRACE_MS = 30_000;
/** What somebody says and cannot be told to be so yet holds publishing back so long: a segment will show it. */
const CLAIM_MS = 5000;
/** How long publishing waits for the check. */
export const CHECK_MS = 10_000;

export interface OwnLogSurroundings {
  now(): number;
  /** Sizes of our own logs on disk; empty while not all of them are open. */
  sizes(): ReadonlyMap<LogName, number>;
  /** How far the log that we would append to is signed, when that is further than its entries are here. */
  signedBeyond(): { readonly log: LogName; readonly size: number; readonly signed: number } | undefined;
  /** Members that could tell: those that we dial or that may dial us; undefined when that is not known. */
  others(): readonly MemberCode[] | undefined;
}

export interface OwnLogGuard {
  /** A peer has shown, under our own signature, how far it holds each of our own logs. */
  answered(member: MemberCode, sizes: ReadonlyMap<LogName, number>): void;
  /** A peer says that it has more than can be told to be so: waited for, but not for good. */
  claimed(member: MemberCode): void;
  /** A dial failed: that member will not tell now. */
  unreachable(member: MemberCode): void;
  /** Publishing without an answer, by the operator's word. */
  appendAlone(): void;
  /** Somebody has another or longer log of ours; for good, until the node starts again. */
  stop(reason: string): void;
  /** Looks again: our logs grew, or time passed. */
  look(): void;
  /** True when appends are allowed. */
  ready(): boolean;
  /** True until the first append is allowed: then our own log may be extended from outside. */
  recovering(): boolean;
  why(): string;
  /** Resolves when appends are allowed; rejects NotReady after 10 s, or at once when stopped. */
  whenReady(after: (ms: number, act: () => void) => () => void): Promise<void>;
}

/** The check of one node's own logs. */
export function guardOwnLogs(around: OwnLogSurroundings): OwnLogGuard {
  const answers = new Map<MemberCode, ReadonlyMap<LogName, number>>();
  const claims = new Map<MemberCode, number>();
  const silent = new Set<MemberCode>();
  const waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  let firstAnswerAt: number | undefined;
  /** Somebody had more of our logs than we. */
  let wasSetBack = false;
  let alone = false;
  let ready = false;
  let stopped: string | undefined;

  /** The log of ours that somebody has further than we do. */
  function lacking(): { log: LogName; size: number; member: MemberCode } | undefined {
    const ours = around.sizes();
    for (const [member, sizes] of answers) {
      for (const [log, size] of sizes) {
        // A log that the registry does not name as ours now says nothing: a new registry names them anew.
        if (size > (ours.get(log) ?? size)) return { log, size, member };
      }
    }
    return undefined;
  }

  /** An answer counts when it speaks of all our logs: the registry may have named one since. */
  function hasAnswered(member: MemberCode): boolean {
    const sizes = answers.get(member);
    return sizes !== undefined && [...around.sizes().keys()].every((log) => sizes.has(log));
  }

  function why(): string {
    if (stopped !== undefined) return stopped;
    if (ready) return '';
    const missing = lacking();
    if (missing !== undefined) {
      return `fetching our own log ${shortLogName(missing.log)} up to ${missing.size}, which ${missing.member} has`;
    }
    const lost = around.signedBeyond();
    if (lost !== undefined && answers.size > 0) {
      return (
        `our log ${shortLogName(lost.log)} is signed up to ${lost.signed} and nobody who answers has more than ${lost.size}: ` +
        'wait for who may have the rest, or have the hub give us a new log (icse member invite --replace)'
      );
    }
    return answers.size === 0
      ? 'nobody has yet told how long our own log is (start with --append-alone to publish without that check)'
      : 'waiting for the other members that answer to tell how long our own log is';
  }

  function look(): void {
    if (ready || stopped !== undefined) return;
    const others = around.others();
    const now = around.now();
    // Before the registry names us we have no log, and nobody can tell how long it is.
    if (around.sizes().size === 0) return;
    const all = others?.every((member) => hasAnswered(member) || silent.has(member)) ?? false;
    const any = [...answers.keys()].some(hasAnswered);
    const lacks = lacking() !== undefined;
    wasSetBack ||= lacks;
    const grace = wasSetBack ? SET_BACK_GRACE_MS : GRACE_MS;
    const enough = any && (all || now - (firstAnswerAt ?? now) >= grace);
    // Alone is when nobody answers: what somebody has shown is never passed over.
    if (lacks || around.signedBeyond() !== undefined) return;
    if ([...claims.values()].some((since) => now - since < CLAIM_MS)) return;
    if (!alone && others?.length !== 0 && !enough) return;
    ready = true;
    for (const waiter of waiting) waiter.resolve();
    waiting.clear();
  }

  return {
    answered(member, sizes) {
      const before = answers.get(member);
      answers.set(member, new Map([...(before ?? []), ...sizes]));
      firstAnswerAt ??= around.now();
      const ahead = lacking();
      if (ready && ahead !== undefined) {
        this.stop(
          `${member} has our log ${shortLogName(ahead.log)} up to ${ahead.size}, longer than it is here: is there another node with our keys?`,
        );
        return;
      }
      look();
    },
    claimed(member) {
      // Counted from the first time: saying it again gains nothing.
      if (!claims.has(member)) claims.set(member, around.now());
    },
    unreachable(member) {
      silent.add(member);
      look();
    },
    appendAlone() {
      alone = true;
      look();
    },
    stop(reason) {
      stopped ??= reason;
      ready = false;
      for (const waiter of waiting) waiter.reject(new NotReady('own-log', reason));
      waiting.clear();
    },
    look,
    ready: () => ready,
    recovering: () => !ready && stopped === undefined,
    why,
    whenReady(after) {
      look();
      if (ready) return Promise.resolve();
      if (stopped !== undefined) return Promise.reject(new NotReady('own-log', stopped));
      return new Promise((resolve, reject) => {
        const waiter = {
          resolve: () => {
            cancel();
            resolve();
          },
          reject: (error: unknown) => {
            cancel();
            reject(error);
          },
        };
        const cancel = after(CHECK_MS, () => {
          waiting.delete(waiter);
          reject(new NotReady(answers.size === 0 ? 'alone' : 'not-ready', `cannot publish yet: ${why()}`));
        });
        waiting.add(waiter);
      });
    },
  };
}
