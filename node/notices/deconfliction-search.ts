// Looks for investigations that meet, beside the following of the logs and at its own pace. A step of the views only
// notes at which things more is connected than before; the walks from there come when the step is committed. So a member
// that links a hundred thousand things makes no step longer, and because members take turns, it makes nobody else's
// links wait for more than one walk of its own.
//
// What is noted is in memory. At a start, and when a member has noted more than there is room for, the walks begin from
// every investigation that is open instead, which finds the same.

import { setImmediate } from 'node:timers/promises';
import { LYON, type MemberCode } from '../names.js';
import type { Connections } from '../views/connections.js';
import type { Part } from '../views/part.js';
import type { MemberNumber } from '../views/position.js';
import type { ThingKey } from '../views/thing-key.js';
import type { Joined } from '../views/view.js';
import { deconflictions } from './deconfliction.js';
import type { Told } from './told.js';

/** Things of one member that wait for a walk: some hundred batches of entries. */
const MAX_WAITING = 10_000;

/** Things that one sweep remembers not to walk from again: some 30 MB. */
const MAX_SWEPT = 200_000;

export interface DeconflictionOptions {
  readonly me: MemberCode;
  readonly told: Told;
  /** The time in milliseconds since 1970. */
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

/** What the search asks of the views. */
export interface SearchedViews {
  readonly connections: Connections;
  /** Resolves when the step that is being made is committed. */
  batchEnd(): Promise<void>;
}

export class DeconflictionSearch {
  readonly #options: DeconflictionOptions;
  /** By member the things that wait; and for whom each waits and when it was noted last. */
  readonly #waiting = new Map<MemberNumber, Set<ThingKey>>();
  readonly #noted = new Map<ThingKey, { readonly by: MemberNumber; at: number }>();
  #notes = 0;
  #sweepAsked = true;
  #sweep: AsyncGenerator<ThingKey> | undefined;
  readonly #swept = new Set<ThingKey>();
  readonly #closed = new AbortController();
  #woken = false;
  #wakeUp: () => void = () => undefined;
  #whenIdle: (() => void)[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(options: DeconflictionOptions) {
    this.#options = options;
  }

  /** Notes where parts may have been joined by a step of the views; to be called before it is committed. */
  note(joined: readonly Joined[]): void {
    for (const { by, thing } of joined) {
      this.#notes += 1;
      const known = this.#noted.get(thing);
      if (known !== undefined) {
        known.at = this.#notes;
      } else {
        const waiting = this.#waiting.get(by) ?? new Set();
        this.#waiting.set(by, waiting);
        if (waiting.size === MAX_WAITING) {
          this.#sweepAsked = true;
          continue;
        }
        waiting.add(thing);
        this.#noted.set(thing, { by, at: this.#notes });
      }
    }
    if (joined.length > 0) this.#wake();
  }

  /** Begins to search. */
  start(views: SearchedViews): void {
    this.#running = this.#run(views);
  }

  /** Resolves when all that was noted so far has been searched. */
  async idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
      this.#wake();
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#wake();
    await this.#running;
  }

  async #run(views: SearchedViews): Promise<void> {
    while (!this.#closed.signal.aborted) {
      this.#woken = false;
      try {
        if (await this.#searchOnce(views)) {
          await setImmediate();
          continue;
        }
        for (const resolve of this.#whenIdle.splice(0)) resolve();
      } catch (error) {
        if (this.#closed.signal.aborted) break;
        this.#options.onError(error as Error);
        this.#sweepAsked = true;
        this.#sweep = undefined;
      }
      await this.#nextWake();
    }
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** One walk for each member whose things wait, and one of the sweep; false when there is nothing to do. */
  async #searchOnce(views: SearchedViews): Promise<boolean> {
    const { connections } = views;
    if (this.#noted.size === 0 && !this.#sweepAsked && this.#sweep === undefined) return false;
    const notes = this.#notes;
    // What was noted is committed by then; what is noted from now on is walked again, whatever these walks reach.
    await views.batchEnd();
    if (!(await this.#anybodyCanMeet(connections))) {
      this.#forget(this.#noted.keys(), notes);
      this.#sweepAsked = false;
      this.#sweep = undefined;
      return this.#noted.size > 0;
    }
    for (const waiting of [...this.#waiting.values()]) {
      const [thing] = waiting;
      if (thing === undefined || (this.#noted.get(thing)?.at ?? 0) > notes) continue;
      const part = await this.#searchFrom(connections, thing);
      this.#forget([thing, ...part.things.keys()], notes);
      if (this.#closed.signal.aborted) return false;
    }
    await this.#sweepOn(connections);
    return true;
  }

  /** False when no two members have investigations open, or none that I would be told of. */
  async #anybodyCanMeet(connections: Connections): Promise<boolean> {
    const { me } = this.#options;
    if (await connections.hasSealedOpenings()) return true;
    const members = await connections.membersWithOpenCases();
    return members.length > 1 && (me === LYON || members.includes(me));
  }

  async #sweepOn(connections: Connections): Promise<void> {
    const { me } = this.#options;
    if (this.#sweep === undefined && this.#sweepAsked) {
      this.#sweepAsked = false;
      this.#swept.clear();
      this.#sweep = connections.openThings(me === LYON ? undefined : me);
    }
    const next = await this.#sweep?.next();
    if (next === undefined) return;
    if (next.done === true) {
      this.#sweep = undefined;
      this.#swept.clear();
      return;
    }
    if (this.#swept.has(next.value)) return;
    const part = await this.#searchFrom(connections, next.value);
    if (part.truncated) return;
    if (this.#swept.size > MAX_SWEPT) this.#swept.clear();
    for (const thing of part.things.keys()) this.#swept.add(thing);
  }

  async #searchFrom(connections: Connections, thing: ThingKey): Promise<Part> {
    const { me, told, now } = this.#options;
    const part = await connections.part(thing);
    await told.tell(deconflictions(part, await connections.openings(part), me, now()));
    return part;
  }

  /** Things from which no walk is needed any more, unless they were noted after `notes`. */
  #forget(things: Iterable<ThingKey>, notes: number): void {
    for (const thing of [...things]) {
      const noted = this.#noted.get(thing);
      if (noted === undefined || noted.at > notes) continue;
      this.#noted.delete(thing);
      const waiting = this.#waiting.get(noted.by);
      waiting?.delete(thing);
      if (waiting?.size === 0) this.#waiting.delete(noted.by);
    }
  }

  #wake(): void {
    this.#woken = true;
    this.#wakeUp();
  }

  /** Waits for a wake, unless one came since the last look. */
  async #nextWake(): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
  }
}
