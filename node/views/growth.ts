// Which log is read next, and its entries: logs with something to read take turns (turns.ts), and while one batch is made
// the entries of the next are read already. Retractions come apart from all else, because what they take back must
// be there before them. Of statements that are no media records no more than a batch come at once, also where a long
// log is followed: nothing about them is done in bulk, and while one member's are applied the others wait.

import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { isMediaRecord, isRetraction } from '../statements/statement-tag.js';
import { BATCH_ENTRIES } from './jobs.js';
import type { LogTable } from './log-table.js';
import { PACK_RECORDS } from './packs.js';
import type { BulkOptions } from './short-index.js';
import type { SourceLog, ViewSource } from './source.js';
import { Turns } from './turns.js';

/** A log gave fewer entries than it has: `code` is 'short-read'. */
export class ShortRead extends Failure {
  constructor(log: LogName, from: number, to: number, got: number) {
    super('short-read', `${log} gave ${got} entries from ${from} to ${to}`);
  }
}

/** So many in one step are no single entries that somebody waits for, but a stream of them. */
const MANY_ENTRIES = 32;

type Entries = readonly (Uint8Array | undefined)[];

/** Entries of one log that wait in memory for its next turns. */
const MAX_REST = 16 * BATCH_ENTRIES;

interface Run {
  readonly log: LogName;
  readonly from: number;
  readonly to: number;
  readonly inBulk: boolean;
  readonly entries: Promise<Entries>;
}

/** Entries of one log in a row, from its cursor on. */
export interface Growing {
  readonly log: LogName;
  readonly entries: Entries;
  readonly inBulk: boolean;
  /** The same entries when all of them are retractions; otherwise none of them is one. */
  readonly retractions: readonly Uint8Array[] | undefined;
}

export class Growth {
  readonly #source: ViewSource;
  readonly #bulk: BulkOptions;
  #ahead: Run | undefined;
  /** By log what was read and comes after what was given last of it. */
  readonly #rests = new Map<LogName, { readonly from: number; readonly entries: Entries }>();
  /** Logs of which the last that was given ended before what was read: reading far ahead of them is no use. */
  readonly #short = new Set<LogName>();
  readonly #turns: Turns;
  #lastLength = 0;

  constructor(source: ViewSource, bulk: BulkOptions) {
    this.#source = source;
    this.#bulk = bulk;
    this.#turns = new Turns(bulk.least);
  }

  /** The next entries of the log whose turn it is, from its cursor on; undefined when nothing grew. */
  async next(listed: readonly SourceLog[], logs: LogTable): Promise<Growing | undefined> {
    const cursors = new Map(listed.map(({ log }) => [log, logs.get(log)?.cursor ?? 0]));
    const turn = this.#turns.next(listed, cursors);
    if (turn === undefined) {
      this.#lastLength = 0;
      return undefined;
    }
    const rest = this.#rests.get(turn.log);
    if (rest !== undefined && rest.from === cursors.get(turn.log)) {
      this.#turns.taken(turn, rest.from);
      return this.#give(turn.log, rest.from, rest.entries.slice(0, turn.countedTo - rest.from));
    }
    const run = this.#isAhead(turn, cursors) ? (this.#ahead as Run) : this.#read(turn, cursors);
    this.#turns.taken(turn, run.from);
    this.#lastLength = run.to - run.from;
    cursors.set(run.log, run.to);
    const following = this.#turns.next(listed, cursors);
    if (following === undefined) this.#ahead = undefined;
    else if (!this.#isAhead(following, cursors)) this.#ahead = this.#read(following, cursors);
    const entries = await run.entries;
    if (entries.length !== run.to - run.from) {
      throw new ShortRead(run.log, run.from, run.to, entries.length);
    }
    return this.#give(run.log, run.from, entries);
  }

  /** True when the entries come by the dozen, and so few are left that they are better followed with the next. */
  isGathering(listed: readonly SourceLog[], logs: LogTable): boolean {
    if (this.#lastLength < MANY_ENTRIES || this.#rests.size > 0) return false;
    return listed.every(({ log, countedTo }) => countedTo - (logs.get(log)?.cursor ?? 0) < this.#bulk.least);
  }

  /** Drops what was read ahead: it may show holes that have been filled since. */
  forget(): void {
    this.#ahead = undefined;
    this.#rests.clear();
  }

  /** The first of the entries, either up to a retraction or retractions alone; the others come in the next turn. */
  #give(log: LogName, from: number, entries: Entries): Growing {
    const retractions: Uint8Array[] = [];
    for (const bytes of entries) {
      if (bytes === undefined || !isRetraction(bytes) || retractions.length === BATCH_ENTRIES) break;
      retractions.push(bytes);
    }
    const others = upToRetraction(entries);
    const count = retractions.length || others.count;
    if (count < entries.length) {
      this.#rests.set(log, { from: from + count, entries: entries.slice(count, count + MAX_REST) });
      this.#short.add(log);
    } else if (!this.#rests.delete(log)) {
      this.#short.delete(log);
    }
    const given = count < entries.length ? entries.slice(0, count) : entries;
    return {
      log,
      entries: given,
      // Only records are followed in bulk.
      inBulk: others.count - others.statements >= this.#bulk.least,
      retractions: retractions.length > 0 ? retractions : undefined,
    };
  }

  #isAhead({ log, countedTo }: SourceLog, cursors: ReadonlyMap<LogName, number>): boolean {
    const ahead = this.#ahead;
    if (ahead?.log !== log || ahead.from !== cursors.get(log) || ahead.to > countedTo) return false;
    // What was too little for a bulk may have become enough.
    return ahead.inBulk || countedTo - ahead.from < this.#bulk.least;
  }

  #read({ log, countedTo }: SourceLog, cursors: ReadonlyMap<LogName, number>): Run {
    const from = cursors.get(log) ?? 0;
    const inBulk = countedTo - from >= this.#bulk.least;
    const most = this.#short.has(log) ? Math.min(MAX_REST, this.#bulk.most) : this.#bulk.most;
    // A bulk ends where a pack does, so that the next one begins with a whole pack.
    const end = from + most - ((from + most) % PACK_RECORDS);
    const to = Math.min(countedTo, inBulk ? end : from + BATCH_ENTRIES);
    const entries = this.#source.read(log, from, to);
    // Awaited only if its turn comes.
    entries.catch(() => undefined);
    return { log, from, to, inBulk, entries };
  }
}

/**
 * How many of the entries stand before a retraction, and have no more than a batch of statements among them; and how
 * many statements these are.
 */
function upToRetraction(entries: Entries): { readonly count: number; readonly statements: number } {
  let statements = 0;
  for (const [count, bytes] of entries.entries()) {
    if (bytes === undefined || isMediaRecord(bytes)) continue;
    if (isRetraction(bytes) || statements === BATCH_ENTRIES) return { count, statements };
    statements += 1;
  }
  return { count: entries.length, statements };
}
