// What a node knows beyond the logs: the views that follow them, the holdings that never leave, and the notices
// that come of both. Notices are on disk before the views' step that they come from is committed.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, utcDay } from './clock.js';
import type { OperationsLog } from './events-log.js';
import { type Holdings, openHoldings } from './holdings/holdings.js';
import type { HomePaths } from './home/layout.js';
import type { Log } from './log/log.js';
import type { Logs } from './log/logs.js';
import { type LogName, logName, type MemberCode } from './names.js';
import { DeconflictionSearch } from './notices/deconfliction-search.js';
import { tellDisputesOf } from './notices/disputes.js';
import { tellHitsOf, tellHitsOfHoldings } from './notices/hits.js';
import { tellLeadsOf } from './notices/leads.js';
import { tellFork, tellMembership } from './notices/membership.js';
import { openMilestones } from './notices/milestones.js';
import { tellSealedHitsOf } from './notices/sealed-hits.js';
import { openTold, type Told } from './notices/told.js';
import type { NamedHash } from './statements/hashes.js';
import { openDerived } from './store/derived-database.js';
import { openDatabase } from './store/open-database.js';
import type { BulkSorter } from './views/bulk-sorter.js';
import { openViews, type Views } from './views/driver.js';
import { viewSourceOf } from './views/log-source.js';
import type { Opener } from './views/opener.js';
import { pacedWakes } from './views/paced-wakes.js';

export interface Knowledge {
  readonly views: Views;
  readonly told: Told;
  readonly holdings: Holdings;
  /** Keeps holdings and matches them against everything that is there. */
  hold(
    items: readonly { hashes: readonly NamedHash[]; label?: string }[],
  ): Promise<{ taken: number; known: number }>;
  /** Takes holdings away, from the disk as well. */
  release(which: { label: string } | { hashes: readonly NamedHash[] }): Promise<number>;
  close(): Promise<void>;
}

export interface KnowledgeSurroundings {
  readonly paths: HomePaths;
  readonly me: MemberCode;
  readonly logs: Logs;
  readonly clock: Clock;
  readonly log: OperationsLog;
  /** Opens what is sealed for this member. */
  readonly open: Opener;
  /** Where long logs are sorted out; without it, on this thread. */
  readonly sorter?: BulkSorter | undefined;
}

/** The views look at the day so often: at midnight, expired records stop counting. */
const DAY_LOOK_MS = 60_000;
const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const;
/** Keys are hashes, which do not compress; large buffers make the many small puts of indexing cheap. */
const VIEWS_DATABASE = {
  ...BYTES,
  compression: false,
  writeBufferSize: 16 * 1024 * 1024,
  /** The thread that sorts merges runs in it. */
  multithreading: true,
};

/** What follows when damaged notices are moved away. */
const NOTICES_ANEW = 'notices are then numbered from 1 again; `icse views rebuild` tells every hit anew';

/** Opens all of it. Throws Failure; then nothing is left open. */
export async function openKnowledge(around: KnowledgeSurroundings): Promise<Knowledge> {
  const closers: (() => Promise<void>)[] = [];
  try {
    return await assemble(around, closers);
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

/** Notes in `closers` what is open already. */
async function assemble(
  { paths, me, logs, clock, log, open, sorter }: KnowledgeSurroundings,
  closers: (() => Promise<void>)[],
): Promise<Knowledge> {
  await mkdir(paths.private, { recursive: true, mode: 0o700 });
  const notices = join(paths.private, 'notices');
  const noticesDb = await openDatabase<Uint8Array, Uint8Array>(notices, BYTES, NOTICES_ANEW);
  closers.push(() => noticesDb.close());
  const viewsDb = await openDerived<Uint8Array, Uint8Array>(paths.views, VIEWS_DATABASE, ({ why }) =>
    log.warn({ event: 'views-damaged', why }, `${paths.views} is damaged (${why}): the views are built anew`),
  );
  closers.push(() => viewsDb.close());
  const failed = (error: Error): void => log.error({ error: error.message }, error.message);
  const told = await openTold(noticesDb);
  const holdings = await openHoldings(paths.holdings);
  closers.push(() => holdings.close());
  const hits = { me, told, holdings, now: () => clock.now() };
  const ownLogs = (generation: number): Log | undefined =>
    logs.get(logName(logs.registry.state.federation, me, generation));
  const disputes = {
    ...hits,
    hasSaid: (generation: number, index: number) => index < (ownLogs(generation)?.size ?? 0),
  };
  const deconfliction = new DeconflictionSearch({ ...hits, onError: failed });
  const milestones = await openMilestones({ told, clock, onError: failed });
  const views = await openViews(viewsDb, viewSourceOf(logs), {
    today: () => utcDay(clock.now()),
    log,
    open,
    async beforeCommit(step) {
      await tellHitsOf(step, hits);
      await tellSealedHitsOf(step, hits);
      await tellLeadsOf(step, hits);
      await tellDisputesOf(step, disputes);
      await milestones.note(step);
      deconfliction.note(step.joined);
    },
    ...(sorter === undefined ? {} : { sorter }),
  });
  deconfliction.start(views);
  milestones.start(views);
  const matchHoldings = (): Promise<void> => tellHitsOfHoldings(views, hits);
  const matching = matchHoldings().catch((error: Error) =>
    log.error({ error: error.message }, error.message),
  );
  /** Entries of each registry that have been told. */
  const membershipTold = new Map<LogName, number>();
  let telling: Promise<void> = Promise.resolve();
  const tellOf = (changed: Log): void => {
    if (changed !== logs.registry.log && changed.fault === undefined) return;
    telling = telling
      .then(async () => {
        await tellFork(told, changed, clock.now());
        if (changed !== logs.registry.log) return;
        membershipTold.set(
          changed.name,
          await tellMembership(told, changed, membershipTold.get(changed.name) ?? 0),
        );
      })
      .catch(failed);
  };
  for (const known of logs.all()) tellOf(known);
  const growth = pacedWakes(clock, () => views.wake());
  const stops = [
    growth.stop,
    logs.onChange((changed) => {
      growth.wake();
      tellOf(changed);
    }),
    logs.registry.onChange(() => views.wake()),
    clock.every(DAY_LOOK_MS, () => views.wake()),
  ];

  return {
    views,
    told,
    holdings,
    async hold(items) {
      const count = await holdings.add(items);
      await matchHoldings();
      return count;
    },
    async release(which) {
      const count = await holdings.remove(which);
      await holdings.compact();
      return count;
    },
    async close() {
      for (const stop of stops) stop();
      await Promise.all([matching, telling, deconfliction.close(), milestones.close()]);
      await views.close();
      await Promise.all([viewsDb.close(), holdings.close(), noticesDb.close()]);
    },
  };
}
