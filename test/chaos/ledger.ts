// What the simulation knows to be true, beside the nodes: what was acknowledged, what was shown to others, which
// logs are really forked, what was done to the federation, and which promises were broken.

import type { LogName, MemberCode } from '../../node/names.js';
import { leafHash } from '../../node/tlog/hash.js';
import type { Fault } from '../../proto/gen/icse/v1/exchange_pb.js';
import { type Said, saidEntry } from './what-goes.js';

export interface BrokenPromise {
  readonly promise: string;
  readonly what: string;
}

export interface Acknowledged {
  readonly log: LogName;
  readonly index: number;
  /** Leaf hash in hex. */
  readonly leaf: string;
}

export class Ledger {
  readonly faults: Record<string, number> = {};
  readonly lies: Record<string, { told: number; caught: number }> = {};
  readonly failures: BrokenPromise[] = [];
  /** Logs of which two branches were signed, by a liar or by two homes: freezing them is right. */
  readonly forked = new Set<LogName>();
  /** Members that lie, or whose home exists twice. */
  readonly dishonest = new Set<MemberCode>();
  /** Members whose disk went back in time or was lost: others may know more of their logs than they. */
  readonly setBack = new Set<MemberCode>();
  readonly faultsSeen: { readonly by: MemberCode; readonly fault: Fault }[] = [];
  /** Everything that members published. */
  readonly said: Said[] = [];
  /** What of it is sealed. */
  readonly sealed: Said[] = [];
  readonly #acknowledged = new Map<LogName, Map<number, string>>();
  readonly #shown = new Map<MemberCode, Map<LogName, number>>();
  readonly #told = new Set<string>();
  events = 0;

  happened(kind: string): void {
    this.events++;
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
  }

  told(kind: string): void {
    this.#lie(kind).told++;
  }

  /** The lie was lost on its way, or does not matter any more. */
  untold(kind: string): void {
    this.#lie(kind).told--;
  }

  caught(kind: string): void {
    this.#lie(kind).caught++;
  }

  /** A promise is broken; the same words count once. */
  broken(promise: string, what: string): void {
    if (this.#told.has(`${promise} ${what}`)) return;
    this.#told.add(`${promise} ${what}`);
    this.failures.push({ promise, what });
  }

  acknowledge(log: LogName, index: number, entry: Uint8Array): void {
    const leaf = Buffer.from(leafHash(entry)).toString('hex');
    const known = this.#acknowledged.get(log) ?? new Map<number, string>();
    this.#acknowledged.set(log, known);
    const before = known.get(index);
    if (before !== undefined && before !== leaf && !this.forked.has(log)) {
      this.broken('1 nothing acknowledged is lost', `${short(log)}:${index} was acknowledged twice`);
    }
    known.set(index, leaf);
  }

  /** The member is about to publish the entry. */
  publishes(by: MemberCode, entry: Uint8Array): Said {
    const said = saidEntry(by, entry);
    this.said.push(said);
    if (said.entry.statement.case === 'sealed') this.sealed.push(said);
    return said;
  }

  /** True when the entry was acknowledged, and not lost with its last copy since. */
  keeps({ place, leaf }: Said): boolean {
    return place !== undefined && this.#acknowledged.get(place.log)?.get(place.index) === leaf;
  }

  /** Every acknowledged entry, by log. */
  acknowledged(): ReadonlyMap<LogName, ReadonlyMap<number, string>> {
    return this.#acknowledged;
  }

  /** The last copy of what lies from `size` on is gone. */
  excuse(log: LogName, size: number): void {
    const known = this.#acknowledged.get(log);
    for (const index of known?.keys() ?? []) if (index >= size) known?.delete(index);
  }

  /** The member has shown others that it has the log on disk up to `size`. */
  shown(by: MemberCode, log: LogName, size: number): void {
    const sizes = this.#shown.get(by) ?? new Map<LogName, number>();
    this.#shown.set(by, sizes);
    sizes.set(log, Math.max(sizes.get(log) ?? 0, size));
  }

  shownBy(member: MemberCode): ReadonlyMap<LogName, number> {
    return this.#shown.get(member) ?? new Map();
  }

  /** The member's disk was lost or set back: it can be held to nothing that it showed before. */
  forgetShown(member: MemberCode): void {
    this.#shown.delete(member);
  }

  #lie(kind: string): { told: number; caught: number } {
    const lie = this.lies[kind] ?? { told: 0, caught: 0 };
    this.lies[kind] = lie;
    return lie;
  }
}

export function short(log: LogName): string {
  return log.slice(log.lastIndexOf('/') + 1);
}
