// The views as the rest of the node uses them: wake them when a log changes, ask them, see where they are.
// Their database may be dropped at any time; they follow the logs anew and end where they were.

import type { LogName, MemberCode } from '../names.js';
import type { NamedHash } from '../statements/hashes.js';
import { assessmentsView } from './assessments.js';
import { getMany, type Reader, type ViewsDatabase } from './buffered-db.js';
import { Connections } from './connections.js';
import { currentPositions } from './current-positions.js';
import { type Digests, digestViews, type ViewDigest } from './digest.js';
import { eventsView } from './events.js';
import { type Figures, figuresView, readFigures } from './figures.js';
import { Follower } from './follower.js';
import type { FilledRange, FollowingOptions } from './following.js';
import { hashKey } from './hash-key.js';
import { hashesView } from './hashes.js';
import { type SealedRecord, sealedRecordsWith } from './lead-hashes.js';
import { type PlacedLead, readLeads } from './lead-rows.js';
import { leadsView } from './leads.js';
import { linksView } from './links.js';
import { cursorsIn } from './log-table.js';
import { type FindInRuns, findRecords, type RecordAnswer } from './lookup.js';
import { overlapsView, splitMembers } from './overlaps.js';
import { indexOf } from './position.js';
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
  const follower = await Follower.start(db, [...VIEWS, leadsView(options)], source, options);
  return new Views(db, source, follower);
}

export class Views {
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
    this.#reader = { getMany: (keys) => getMany(db, keys) };
    this.#source = source;
    this.#follower = follower;
    this.connections = new Connections(db, source, follower);
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
    const positions = await currentPositions(this.#db, index, number, recordIds);
    return positions.map((position) =>
      position === undefined ? undefined : { log: logs.logAt(position).name, index: indexOf(position) },
    );
  }

  /** For each hash the current records that bear it; of each member the first 64 at most. */
  async lookup(hashes: readonly NamedHash[]): Promise<RecordAnswer[][]> {
    const { logs, index } = this.#follower;
    const findInRuns: FindInRuns = (keys) => index.runs.findCommitted(this.#db, keys);
    return await findRecords(this.#reader, logs, findInRuns, hashes);
  }

  /** For each hash the sealed records that bear it and could be opened here. */
  async sealedRecordsWith(hashes: readonly NamedHash[]): Promise<SealedRecord[][]> {
    return await sealedRecordsWith(this.#reader, this.#follower.logs, hashes.map(hashKey));
  }

  /** For each hash the members by which it overlaps, sorted; empty when it is on record with one or none. */
  async overlaps(hashes: readonly NamedHash[]): Promise<MemberCode[][]> {
    const { logs } = this.#follower;
    const values = await getMany(
      this.#db,
      hashes.map((hash) => SPACE.overlap + hashKey(hash)),
    );
    return values.map((value) =>
      splitMembers(value ?? '')
        .map((number) => logs.codeOf(number))
        .sort(),
    );
  }

  /** What was sealed for this member, or by it, and could be opened here. */
  leads(): AsyncIterable<PlacedLead> {
    return readLeads(this.#db, this.#follower.logs);
  }

  async figures(): Promise<Figures> {
    return await readFigures(this.#db, this.#follower.logs);
  }

  async tallies(): Promise<Tallies> {
    return await readTallies(this.#db, this.#follower.logs);
  }

  async status(): Promise<ViewsStatus> {
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
