// Milestones: that the federation has identified so many victims, as the figures count them (those that are the same as
// one), told when the number is first passed and never untold, whatever is said or taken back later.
//
//   id = SHA-256("icse milestone v1" LF, "victims identified" LF, the number)
//
// A step of the views costs one look at how many pseudonyms there are: victims are never more. Only when there are as
// many as the next milestone, and more is said, are victims counted, beside the following of the logs; and while some
// are the same, so that the milestone is not yet passed, only so often that it takes little of the node's time.

import { createHash } from 'node:crypto';
import { EventKind } from '../../proto/gen/icse/v1/entry_pb.js';
import { type Clock, pause } from '../clock.js';
import { subjectsInAll, type Tallies } from '../views/tallies.js';
import type { Step } from '../views/view.js';
import type { Told, Untold } from './told.js';

/** The first round number that is told; then each that is ten times as large. */
const FIRST = 1000;

/** After a count that found too few, it rests so many times as long as that took. */
const REST = 50;

export interface MilestoneOptions {
  readonly told: Told;
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
}

/** What the watch asks of the views. */
export interface CountedViews {
  tallies(): Promise<Pick<Tallies, 'all'>>;
  /** Resolves when the step that is being made is committed. */
  batchEnd(): Promise<void>;
}

/** Begins behind the milestones that were told already. */
export async function openMilestones(options: MilestoneOptions): Promise<MilestoneWatch> {
  let next = FIRST;
  while (await options.told.isTold(idOf(next))) next *= 10;
  return new MilestoneWatch(options, next);
}

export class MilestoneWatch {
  readonly #options: MilestoneOptions;
  /** The first milestone that is not told. */
  #next: number;
  /** Pseudonyms of victims, as of the last step. */
  #named = 0;
  /** More was said since the last count. */
  #changed = false;
  #views: CountedViews | undefined;
  #counting: Promise<void> | undefined;
  readonly #closed = new AbortController();

  constructor(options: MilestoneOptions, next: number) {
    this.#options = options;
    this.#next = next;
  }

  /** Notes whether a step of the views may have passed a milestone; to be called before it is committed. */
  async note({ db, statements }: Step): Promise<void> {
    // Also by what went: of a link by which two were one.
    if (statements.born.length === 0 && statements.died.length === 0) return;
    this.#named = await subjectsInAll(db, EventKind.VICTIM_IDENTIFIED);
    this.#changed = true;
    if (this.#isDue() && this.#views !== undefined) this.#counting ??= this.#count(this.#views);
  }

  /** Begins to count, at once for what was passed when the node ended before it was told. */
  start(views: CountedViews): void {
    this.#views = views;
    this.#counting = this.#count(views);
  }

  /** Resolves when all that was noted so far is counted. */
  async idle(): Promise<void> {
    await this.#counting;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#counting;
  }

  #isDue(): boolean {
    return this.#changed && this.#named >= this.#next && !this.#closed.signal.aborted;
  }

  async #count(views: CountedViews): Promise<void> {
    const { clock, onError } = this.#options;
    do {
      this.#changed = false;
      const begunMs = clock.now();
      await this.#tellPassed(views).catch((error: Error) => {
        if (!this.#closed.signal.aborted) onError(error);
      });
      if (this.#named >= this.#next) {
        await pause(clock, REST * (clock.now() - begunMs), this.#closed.signal);
      }
    } while (this.#isDue());
    this.#counting = undefined;
  }

  async #tellPassed(views: CountedViews): Promise<void> {
    const { told, clock } = this.#options;
    await views.batchEnd();
    const victims = (await views.tallies()).all['victim-identified'] ?? 0;
    const at = new Date(clock.now()).toISOString();
    const untold: Untold[] = [];
    let next = this.#next;
    for (; next <= victims; next *= 10) untold.push(milestone(next, at));
    await told.tell(untold);
    this.#next = next;
  }
}

function milestone(number: number, at: string): Untold {
  return { id: idOf(number), body: { kind: 'milestone', at, figure: 'victims identified', number } };
}

function idOf(number: number): Uint8Array {
  return createHash('sha256').update(`icse milestone v1\nvictims identified\n${number}`).digest();
}
