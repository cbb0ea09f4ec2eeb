// The views as the rest of the node uses them: wake them when a log changes, ask them, see where they are.
// Their database may be dropped at any time; they follow the logs anew and end where they were.

import type { LogName, MemberCode } from '../names.js';
import type { NamedHash } from '../statements/hashes.js';
import { createGate } from '../store/gate.js';
import { scrub } from '../store/scrub.js';
import { assessmentsView } from './assessments.js';
import { getMany, type Reader, type ViewsDatabase } from './buffered-db.js';
import { Connections } from './connections.js';
import { currentPositions } from './current-positions.js';
import { noteAlive } from './dead-entries.js';
import { causeOfDeath, type DeathCause, deadIn, logsWithDead } from './dead-reader.js';
import { type Digests, digestViews, type ViewDigest } from './digest.js';
import { eventsView } from './events.js';
import { type Figures, figuresView, readFigures } from './figures.js';
import { Follower } from './follower.js';
import type { FilledRange, FollowingOptions } from './following.js';
import { forgetDead } from './forgetting.js';
import { hashKey } from './hash-key.js';
import { hashesView } from './hashes.js';
import { type SealedRecord, sealedRecordsWith } from './lead-things.js';
import { leadsView } from './leads.js';
import { linksView } from './links.js';
import { cursorsIn, type FollowedLog } from './log-table.js';
import { type FindInRuns, findRecords, type RecordAnswer } from './lookup.js';
import { overlapsView, splitMembers } from './overlaps.js';
import { indexOf, positionOf } from './position.js';
import { retractionsOf, type SaidRetraction } from './retractions-of.js';
import { sealedCasesView } from './sealed-cases.js';
import type { ViewSource } from './source.js';
import { SPACE } from './spaces.js';
import { statementsView } from './statements.js';
import { readTallies, type Tallies, talliesView } from './tallies.js';
import type { View } from './view.js';

/** In the order in which they follow a step: overlaps builds on hashes, and figures on overlaps. */
const VIEWS: readonly View[] = [
  hashesView,
  overlapsView,
  figuresView,
  linksView,
  assessmentsView,
  eventsView,
  statementsView,
  talliesView,
];

export interface ViewsStatus {
  /** How far each log is applied. */
  readonly at: Readonly<Record<string, number>>;
  /** `behind`: entries of all logs still to be applied or taken back; the same for all views. */
  readonly views: readonly (ViewDigest & { readonly behind: number })[];
  readonly viewsDigest: string;
}

/** Opens the views on their database, which may be empty and is closed by its owner, and begins to follow. */
export async function openViews(
  db: ViewsDatabase,
  source: ViewSource,
  options: FollowingOptions,
): Promise<Views> {
  const follower = await Follower.start(db, [...VIEWS, leadsView(options), sealedCasesView], source, options);
  return new Views(db, source, follower);
}

export class Views {
  /** Whoever reads the database goes through it: it is closed and opened again for a moment when it is scrubbed. */
  readonly #gate = createGate();
  readonly #db: ViewsDatabase;
  /** The database as committed. */
  readonly #reader: Reader;
  readonly #source: ViewSource;
  readonly #follower: Follower;
  /** What is said beside records, and what belongs together by it. */
  readonly connections: Connections;
  /** Reading everything takes a while, so the last digests serve until something is committed. */
  #digests: { readonly state: number; readonly digests: Digests } | undefined;

  constructor(db: ViewsDatabase, source: ViewSource, follower: Follower) {
    this.#db = db;
    this.#reader = { getMany: (keys) => this.#gate.use(() => getMany(db, keys)) };
    this.#source = source;
    this.#follower = follower;
    this.connections = new Connections(db, this.#gate, source, follower);
  }

  /**
   * Something grew, was cut, or the day changed; `filled` names the holes that were filled, which would
   * otherwise be looked at only at the next opening.
   */
  wake(filled: readonly FilledRange[] = []): void {
    this.#follower.wake(filled);
  }

  /** Resolves when all that is there now is applied. Throws ViewsFailed, ViewsClosed. */
  async settled(): Promise<void> {
    await this.#follower.settled();
  }

  /** Resolves when the log is applied as far as it is now. Throws ViewsFailed, ViewsClosed. */
  async followed(log: LogName): Promise<void> {
    await this.#follower.followed(log);
  }

  /** Resolves when the batch that is being made now, if any, is committed. */
  async batchEnd(): Promise<void> {
    await this.#follower.batchEnd();
  }

  /** The size up to which the log is applied. */
  caughtUpTo(log: LogName): number {
    return this.#follower.logs.get(log)?.committed ?? 0;
  }

  /** Drops the views and follows the logs anew. Throws ViewsFailed, ViewsClosed. */
  async rebuild(): Promise<void> {
    await this.#follower.rebuild();
  }

  /** Where the current record of the member with each of the ids stands; undefined where there is none. */
  async current(
    member: MemberCode,
    recordIds: readonly Uint8Array[],
  ): Promise<({ log: LogName; index: number } | undefined)[]> {
    const { logs, index } = this.#follower;
    const number = logs.numberOf(member);
    if (number === undefined) return recordIds.map(() => undefined);
    const positions = await this.#gate.use(() => currentPositions(this.#db, index, number, recordIds));
    return positions.map((position) =>
      position === undefined ? undefined : { log: logs.logAt(position).name, index: indexOf(position) },
    );
  }

  /** For each hash the current records that bear it; of each member the first 64 at most. */
  async lookup(hashes: readonly NamedHash[]): Promise<RecordAnswer[][]> {
    const { logs, index } = this.#follower;
    const findInRuns: FindInRuns = (keys) => index.runs.findCommitted(this.#reader, keys);
    return await findRecords(this.#reader, logs, findInRuns, hashes);
  }

  /** For each hash the sealed records that bear it and could be opened here. */
  async sealedRecordsWith(hashes: readonly NamedHash[]): Promise<SealedRecord[][]> {
    return await sealedRecordsWith(this.#reader, this.#follower.logs, hashes.map(hashKey));
  }

  /** For each hash the members by which it overlaps, sorted; empty when it is on record with one or none. */
  async overlaps(hashes: readonly NamedHash[]): Promise<MemberCode[][]> {
    const { logs } = this.#follower;
    const keys = hashes.map((hash) => SPACE.overlap + hashKey(hash));
    const values = await this.#gate.use(() => getMany(this.#db, keys));
    return values.map((value) =>
      splitMembers(value ?? '')
        .map((number) => logs.codeOf(number))
        .sort(),
    );
  }

  async figures(): Promise<Figures> {
    return await this.#gate.use(() => readFigures(this.#db, this.#follower.logs));
  }

  async tallies(): Promise<Tallies> {
    return await this.#gate.use(() => readTallies(this.#db, this.#follower.logs));
  }

  async status(): Promise<ViewsStatus> {
    return await this.#gate.use(() => this.#readStatus());
  }

  /** The member's retractions, as far as they are live. */
  async retractionsOf(member: MemberCode): Promise<SaidRetraction[]> {
    return await this.#gate.use(() => retractionsOf(this.#db, this.#follower.logs, member));
  }

  /** The logs that have entries which are dead and may still have their bytes here. */
  async logsWithDead(): Promise<LogName[]> {
    const found = await this.#gate.use(() => logsWithDead(this.#db, this.#follower.logs));
    return found.map(({ name }) => name);
  }

  /** The indices of such entries of the log at [from, to), ascending. */
  async deadIn(log: LogName, from: number, to: number): Promise<number[]> {
    const known = this.#follower.logs.get(log);
    // Peers are sent what has just come before the views have followed it: of that nothing is known to be dead.
    if (known === undefined || from >= known.committed) return [];
    return await this.#gate.use(() => deadIn(this.#db, known, from, to));
  }

  /** Why the entry at the place, with these bytes, is dead. */
  async causeOfDeath(log: LogName, index: number, bytes: Uint8Array): Promise<DeathCause> {
    const { logs } = this.#follower;
    const known = logs.get(log);
    if (known === undefined) return { retraction: undefined, keepUntilDay: 0 };
    return await this.#gate.use(() => causeOfDeath(this.#db, logs, known, index, bytes));
  }

  /** Takes what is left of dead entries out of the views. Throws ViewsFailed, ViewsClosed. */
  async forget(
    log: LogName,
    entries: readonly { readonly index: number; readonly bytes: Uint8Array | undefined }[],
  ): Promise<void> {
    await this.#follower.perform(async (db, index, logs) => {
      const { number } = logs.get(log) as FollowedLog;
      const dead = entries.map(({ index: at, bytes }) => ({ position: positionOf(number, at), bytes }));
      await forgetDead(db, index, dead);
    });
  }

  /** Nothing of these dead entries is left anywhere. Throws ViewsFailed, ViewsClosed. */
  async forgotten(log: LogName, indices: readonly number[]): Promise<void> {
    await this.#follower.perform(async (db, _index, logs) => {
      const { number } = logs.get(log) as FollowedLog;
      for (const index of indices) noteAlive(db, positionOf(number, index));
    });
  }

  /** Takes what was deleted off the disk. Throws ViewsFailed, ViewsClosed, or the database's error. */
  async scrub(): Promise<void> {
    await this.#follower.perform((_db, index) => index.merger.dropPassed());
    await scrub(this.#db, this.#gate, (reopen) => this.#follower.perform(reopen));
  }

  async #readStatus(): Promise<ViewsStatus> {
    const snapshot = this.#db.snapshot();
    const state = this.#follower.committedState;
    try {
      const listed = this.#source.logs();
      const at: Record<string, number> = Object.fromEntries(listed.map(({ log }) => [log, 0]));
      for (const [log, cursor] of await cursorsIn(this.#db, snapshot)) at[log] = cursor;
      let digests = this.#digests?.digests;
      if (digests === undefined || state === undefined || this.#digests?.state !== state) {
        digests = await digestViews(VIEWS, this.#db, snapshot, this.#follower.logs);
        this.#digests = state === undefined ? undefined : { state, digests };
      }
      const behind = listed.reduce(
        (sum, { log, countedTo }) => sum + Math.abs(countedTo - (at[log] ?? 0)),
        0,
      );
      return {
        at,
        views: digests.views.map((view) => ({ ...view, behind })),
        viewsDigest: digests.viewsDigest,
      };
    } finally {
      await snapshot.close();
    }
  }

  async close(): Promise<void> {
    await this.#follower.close();
  }
}
