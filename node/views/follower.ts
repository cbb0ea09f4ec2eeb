// The loop that follows the logs: finds the next piece of work, finds out which records are current by it,
// hands them to every view, and commits what all of them wrote together with the new cursors in one batch.

import { setImmediate, setTimeout } from 'node:timers/promises';
import type { LogName } from '../names.js';
import { BufferedDb, type ViewsDatabase } from './buffered-db.js';
import { growInBulk } from './bulk.js';
import { type BulkSorter, SORTER_HERE } from './bulk-sorter.js';
import { changeLive } from './current-records.js';
import { type FilledRange, type FollowingOptions, ViewsClosed, ViewsFailed } from './following.js';
import { Growth } from './growth.js';
import { cutBack, expire, fillHoles, grow } from './jobs.js';
import type { LiveChange } from './live-entries.js';
import { LogTable } from './log-table.js';
import { NO_PLAIN_RECORDS, type PlainRecords } from './plain-records.js';
import { Requests } from './requests.js';
import { growByRetractions } from './retractions.js';
import { BULK, type BulkOptions, ShortIndex } from './short-index.js';
import type { ViewSource } from './source.js';
import { dropAll, putDay, readDay } from './state.js';
import type { LocalView, Step } from './view.js';
import { Waiters } from './waiters.js';

/** After a failure (a full disk, an unreadable log) it tries again this often, and at each wake. */
const RETRY_MS = 1000;

/** Without anything to follow for so long it does what it has put off. */
const QUIET_MS = 1000;

/** Work on the database between two batches, committed as one. */
export type Chore = (db: BufferedDb, index: ShortIndex, logs: LogTable) => Promise<void>;

interface WaitingChore {
  readonly chore: Chore;
  resolve(): void;
  reject(error: unknown): void;
}

export class Follower {
  readonly #database: ViewsDatabase;
  readonly #views: readonly LocalView[];
  readonly #source: ViewSource;
  readonly #options: FollowingOptions;
  readonly #growth: Growth;
  readonly #waiters = new Waiters();
  readonly #closed = new AbortController();
  readonly #bulk: BulkOptions;
  readonly #sorter: BulkSorter;
  #db: BufferedDb;
  #index: ShortIndex;
  #logs = new LogTable();
  /** The day that the batches made so far are for, and the day in the database. */
  #day = 0;
  #committedDay = 0;
  readonly #requests = new Requests();
  readonly #chores: WaitingChore[] = [];
  /** Requests that are carried out and committed. */
  #requestsDone = 0;
  #commits = 0;
  #writing = false;
  /** After a failure: what is in memory may be ahead of the database. */
  #stale = false;
  #woken = false;
  #isQuiet = false;
  #wakeUp: () => void = () => undefined;
  #step: Promise<boolean> = Promise.resolve(false);
  #running: Promise<void> = Promise.resolve();

  private constructor(
    db: ViewsDatabase,
    views: readonly LocalView[],
    source: ViewSource,
    options: FollowingOptions,
    index: ShortIndex,
  ) {
    this.#database = db;
    this.#views = views;
    this.#source = source;
    this.#options = options;
    this.#bulk = options.bulk ?? BULK;
    this.#sorter = options.sorter ?? SORTER_HERE;
    this.#growth = new Growth(source, this.#bulk);
    this.#db = new BufferedDb(db);
    this.#index = index;
  }

  /** Takes up what is in the database and begins to follow. */
  static async start(
    db: ViewsDatabase,
    views: readonly LocalView[],
    source: ViewSource,
    options: FollowingOptions,
  ): Promise<Follower> {
    const index = await ShortIndex.load(db, options.bulk ?? BULK, options.sorter ?? SORTER_HERE);
    const follower = new Follower(db, views, source, options, index);
    await follower.#load(index);
    follower.#running = follower.#follow();
    return follower;
  }

  get logs(): LogTable {
    return this.#logs;
  }

  get index(): ShortIndex {
    return this.#index;
  }

  /** A number for what is in the database; undefined while a batch is on its way there. */
  get committedState(): number | undefined {
    return this.#writing ? undefined : this.#commits;
  }

  wake(filled: readonly FilledRange[] = []): void {
    if (filled.length > 0) this.#growth.forget();
    this.#requests.lookAt(filled, this.#logs);
    this.#woken = true;
    this.#wakeUp();
  }

  async settled(): Promise<void> {
    if (this.#closed.signal.aborted) throw new ViewsClosed();
    const settled = this.#waiters.wait(this.#source.logs(), this.#requests.asked, this.#options.today());
    this.wake();
    await settled;
  }

  /** Resolves when the log is applied as far as it is now, whatever else there is to do. */
  async followed(log: LogName): Promise<void> {
    if (this.#closed.signal.aborted) throw new ViewsClosed();
    const listed = this.#source.logs().filter((candidate) => candidate.log === log);
    const followed = this.#waiters.wait(listed, 0, 0);
    this.wake();
    await followed;
  }

  async rebuild(): Promise<void> {
    this.#requests.dropAll();
    await this.settled();
  }

  /** Does a chore between two batches; resolves when it is committed. Throws ViewsFailed, ViewsClosed. */
  async perform(chore: Chore): Promise<void> {
    if (this.#closed.signal.aborted) throw new ViewsClosed();
    const done = new Promise<void>((resolve, reject) => void this.#chores.push({ chore, resolve, reject }));
    this.wake();
    await done;
  }

  /** Resolves when the batch that is being made, if any, is committed. A failed one is made again later. */
  async batchEnd(): Promise<void> {
    await this.#step.catch(() => undefined);
    await this.#db.written().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.wake();
    await this.#running;
    this.#waiters.fail(new ViewsClosed());
    for (const { reject } of this.#chores.splice(0)) reject(new ViewsClosed());
  }

  async #follow(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      this.#woken = false;
      try {
        this.#step = this.#takeStep();
        if (await this.#step) {
          await setImmediate();
        } else {
          await this.#db.written();
          if (this.#requests.none) this.#requestsDone = this.#requests.asked;
          this.#release();
          await this.#rest();
        }
        await this.#gather();
      } catch (error) {
        await this.#recover(error);
      }
    }
    await this.#index.merger.abandon();
    await this.#db
      .written()
      .catch(({ message }: Error) =>
        this.#options.log.error({}, `the views were closed behind a failed write: ${message}`),
      );
  }

  /** One batch of work; false when there is none. */
  async #takeStep(): Promise<boolean> {
    if (this.#stale) await this.#load();
    const today = this.#options.today();
    // A clock that was set back by more than a correction around midnight: the expired are live again.
    if (this.#requests.dropAsked || today < this.#day - 1) {
      await this.#drop(today);
      return true;
    }
    const waiting = this.#chores.shift();
    if (waiting !== undefined) {
      await this.#do(waiting);
      return true;
    }
    const isQuiet = this.#isQuiet;
    this.#isQuiet = false;
    if (await this.#index.merger.goOn(this.#db, isQuiet, () => this.wake())) {
      await this.#commit();
      return true;
    }
    const change = await this.#nextChange(today);
    if (change === undefined) return false;
    const current = await changeLive(this.#db, this.#index, change);
    const found = { postings: new Map(), overlaps: new Map(), leads: { born: [], died: [] }, joined: [] };
    const { plain = NO_PLAIN_RECORDS } = change;
    const step: Step = { ...current, ...found, plain, db: this.#db, logs: this.#logs, index: this.#index };
    for (const view of this.#views) await view.follow(step);
    await this.#options.beforeCommit?.(step);
    await this.#commit();
    return true;
  }

  async #do({ chore, resolve, reject }: WaitingChore): Promise<void> {
    try {
      // A chore may change rows of any run, and close the database.
      if (await this.#index.merger.finish(this.#db)) await this.#commit();
      await this.#db.written();
      await chore(this.#db, this.#index, this.#logs);
      await this.#commit();
      await this.#db.written();
      resolve();
    } catch (error) {
      reject(new ViewsFailed(error));
      throw error;
    }
  }

  async #nextChange(today: number): Promise<(LiveChange & { plain?: PlainRecords }) | undefined> {
    const listed = this.#source.logs();
    if (today > this.#day) {
      const change = await expire(this.#db, today);
      if (change.done) this.#setDay(today);
      return change;
    }
    const countedTo = new Map(listed.map((log) => [log.log, log.countedTo]));
    const cut = this.#logs.all().find(({ name, cursor }) => cursor > (countedTo.get(name) ?? 0));
    if (cut !== undefined) {
      this.#growth.forget();
      const to = countedTo.get(cut.name) ?? 0;
      return await cutBack(this.#db, this.#source, this.#logs, cut, to, this.#day);
    }
    const range = this.#requests.takeHoles();
    if (range !== undefined) {
      const change = await fillHoles(this.#db, this.#index, this.#source, this.#logs, range, this.#day);
      this.#requests.putBack(change.rest);
      return change;
    }
    const grown = await this.#growth.next(listed, this.#logs);
    if (grown === undefined) return undefined;
    const log = this.#logs.follow(this.#db, grown.log);
    if (grown.retractions !== undefined) {
      return await growByRetractions(this.#db, this.#index, this.#logs, log, grown.retractions, this.#day);
    }
    if (!grown.inBulk) return await grow(this.#db, this.#logs, log, grown.entries, this.#day);
    return await growInBulk(this.#db, this.#index, this.#sorter, this.#logs, log, grown.entries, this.#day);
  }

  async #commit(): Promise<void> {
    const cursors = this.#logs.all().map((log) => ({ log, cursor: log.cursor }));
    const day = this.#day;
    const requests = this.#requests.none ? this.#requests.asked : this.#requestsDone;
    const settle = this.#index.runs.settle();
    await this.#db.written();
    this.#writing = true;
    await this.#db.commit(() => {
      for (const { log, cursor } of cursors) log.committed = cursor;
      settle();
      this.#committedDay = day;
      this.#requestsDone = requests;
      this.#commits += 1;
      this.#writing = false;
      this.#release();
    });
  }

  #release(): void {
    this.#waiters.release(() => ({
      logs: this.#logs,
      listed: this.#source.logs(),
      requests: this.#requestsDone,
      day: this.#committedDay,
    }));
  }

  /** Lets entries gather, unless somebody waits for the views. */
  async #gather(): Promise<void> {
    const isGathering = (): boolean =>
      !this.#closed.signal.aborted &&
      this.#waiters.none &&
      this.#requests.none &&
      this.#growth.isGathering(this.#source.logs(), this.#logs);
    if (!isGathering()) return;
    const enough = new AbortController();
    const pause = setTimeout(this.#bulk.gatherMs, 'over', { signal: enough.signal }).catch(() => undefined);
    do {
      this.#woken = false;
      if ((await Promise.race([pause, this.#nextWake()])) === 'over') return;
    } while (isGathering());
    enough.abort();
  }

  /** Waits for a wake, or until it has been quiet for so long that runs can be merged. */
  async #rest(): Promise<void> {
    if (!this.#index.merger.waitsForQuiet) return await this.#nextWake();
    const woken = new AbortController();
    const pause = setTimeout(QUIET_MS, true, { signal: woken.signal }).catch(() => false);
    this.#isQuiet = await Promise.race([pause, this.#nextWake().then(() => false)]);
    woken.abort();
  }

  /** Waits for a wake, unless one came since the last look. */
  async #nextWake(): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
  }

  async #recover(error: unknown): Promise<void> {
    this.#stale = true;
    this.#writing = false;
    const { code, message } = error as { code?: unknown; message: string };
    this.#options.log.error({ code }, `the views cannot follow the logs, and try again: ${message}`);
    this.#waiters.fail(new ViewsFailed(error));
    const retry = new AbortController();
    const signal = AbortSignal.any([retry.signal, this.#closed.signal]);
    const pause = setTimeout(RETRY_MS, undefined, { signal }).catch(() => undefined);
    await Promise.race([pause, this.#nextWake()]);
    retry.abort();
  }

  /** Takes up what is in the database, or begins anew where it does not fit. */
  async #load(index?: ShortIndex): Promise<void> {
    this.#growth.forget();
    await this.#index.merger.abandon();
    this.#db = new BufferedDb(this.#database);
    this.#index = index ?? (await ShortIndex.load(this.#database, this.#bulk, this.#sorter));
    this.#logs = await LogTable.load(this.#database);
    const today = this.#options.today();
    const day = await readDay(this.#database, this.#views);
    if (day === undefined || today < day - 1) {
      await this.#drop(today);
    } else {
      this.#day = day;
      this.#committedDay = day;
      // Holes may have been filled while nobody followed.
      this.#requests.lookAtAll();
    }
    this.#stale = false;
  }

  async #drop(today: number): Promise<void> {
    this.#options.log.info({ day: today }, 'the views follow the logs anew');
    await this.#db.written();
    await this.#index.merger.abandon();
    this.#growth.forget();
    await dropAll(this.#database);
    // What the last batch wrote must not be seen through its buffer any more.
    this.#db = new BufferedDb(this.#database);
    this.#index = await ShortIndex.load(this.#database, this.#bulk, this.#sorter);
    this.#logs.rewind();
    this.#requests.dropped();
    this.#setDay(today);
    await this.#commit();
  }

  #setDay(day: number): void {
    this.#day = day;
    putDay(this.#db, this.#views, day);
  }
}
