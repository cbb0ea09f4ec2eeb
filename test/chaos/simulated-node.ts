// One start of a node in the simulation: registry, logs, exchange and views as in production, on a disk, a network
// and a clock of the simulation. A home outlives its starts: disk, keys, receipts. The views' database does not (it
// may be dropped at any time), so each start follows the logs anew.

import { MemoryLevel } from 'memory-level';
import { utcDay } from '../../node/clock.js';
import { Exchange, type ExchangeEvent } from '../../node/exchange/exchange.js';
import type { FrameRecord, SaidMessage } from '../../node/exchange/frames.js';
import type { Link } from '../../node/exchange/link.js';
import { openPurgedBook, type PurgedBook } from '../../node/exchange/purged-book.js';
import { openReceiptBook, type ReceiptBook } from '../../node/exchange/receipt-book.js';
import { Failure } from '../../node/failure.js';
import type { MemberSecrets } from '../../node/keys/seed.js';
import { type Appender, createAppender } from '../../node/log/appender.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import type { MemberCode } from '../../node/names.js';
import type { Told } from '../../node/notices/told.js';
import { type FateSurroundings, placesForPeers } from '../../node/purging/fates.js';
import { type Purger, startPurger } from '../../node/purging/purger.js';
import { Registry, type RegistryAnchors } from '../../node/registry/registry.js';
import type { LogStore } from '../../node/store/log-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { ViewsDatabase } from '../../node/views/buffered-db.js';
import { openViews, type Views } from '../../node/views/driver.js';
import { viewSourceOf } from '../../node/views/log-source.js';
import { openerOf } from '../../node/views/opener.js';
import type { BulkOptions } from '../../node/views/short-index.js';
import type { Chance } from './chance.js';
import type { Disk } from './disk.js';
import type { Host, Network } from './network.js';
import { type NodeClock, nodeClock, type VirtualTime } from './virtual-time.js';

/** What a node has at home, from one start to the next. */
export interface Home {
  readonly member: MemberCode;
  readonly secrets: MemberSecrets;
  disk: Disk;
  /** It purges what is to be purged. */
  readonly complies: boolean;
  /** How wrong its clock is. */
  skewMs: number;
  /** Whom it dials. */
  readonly dials: Set<MemberCode>;
}

export interface Surroundings {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly anchors: RegistryAnchors;
  readonly chance: Chance;
  /** Where a member listens now. */
  listening(member: MemberCode, from: Host): Host | undefined;
  onEvent(node: SimulatedNode, event: ExchangeEvent): void;
  /** A frame of the peer was found good, and is about to be heard. */
  onFrameTaken(node: SimulatedNode, link: Link, record: FrameRecord, messages: readonly SaidMessage[]): void;
  /** A frame goes out. */
  onFrameSent(node: SimulatedNode, link: Link, messages: readonly SaidMessage[]): void;
  /** An error that nothing caught. */
  onError(node: SimulatedNode, error: unknown): void;
  /** The store as the node sees it: where its writes are watched. */
  dress(store: LogStore): LogStore;
  /** The views follow while the node runs. */
  readonly liveViews: boolean;
  /** From where on they follow in bulk. */
  readonly bulk: BulkOptions;
}

export interface SimulatedNode {
  readonly home: Home;
  readonly member: MemberCode;
  readonly host: Host;
  readonly clock: NodeClock;
  readonly registry: Registry;
  readonly logs: Logs;
  readonly exchange: Exchange;
  readonly receipts: ReceiptBook;
  readonly purgedBook: PurgedBook;
  /** False from the crash or the end of a stop on. */
  readonly isRunning: boolean;
  /** The log that the registry names for this member; undefined while it is not open here. */
  readonly ownLog: Log | undefined;
  /** Appends as a node does: after the check of its own log. Resolves with the index once it is on disk. */
  publish(entry: Uint8Array): Promise<{ log: Log; index: number }>;
  /** Purges what is due, if its member complies. */
  purge(): Promise<void>;
  /** The views, settled on what the logs are now, and their digest. */
  viewsDigest(): Promise<string>;
  /** Says Bye and stops. */
  stop(): Promise<void>;
  /** Gone at once, and what was not synced with it. */
  crash(how: 'reset' | 'silence'): void;
}

const CERTIFICATE_DAYS = 30;
/** The sockets of a process that ended are gone after so long. */
const FAREWELL_MS = 1000;

/** Starts the node of a home. */
export async function startNode(home: Home, around: Surroundings): Promise<SimulatedNode> {
  const { time, network, anchors } = around;
  const { member, secrets } = home;
  const chance = around.chance.fork(`start ${time.now()}`);
  const clock = nodeClock(time, () => home.skewMs);
  const host: Host = {
    member,
    certificate: chance.bytes(32),
    notAfter: new Date(time.now() + CERTIFICATE_DAYS * 86_400_000),
    accept: undefined,
  };
  const store = around.dress(home.disk.store);
  const { texts } = home.disk;
  const registry = await Registry.open(store, { ...anchors, member });
  const logs = await Logs.open(store, registry);
  const book = await openReceiptBook(texts.database('receipts'));
  const purgedBook = await openPurgedBook(texts.database('purged'));
  let running = true;
  const exchange = new Exchange({
    clock,
    logs,
    me: member,
    sessionKey: secrets.session,
    receiptKey: secrets.receipt,
    book,
    purgedBook,
    software: 'icse/chaos',
    schema: 1,
    deny: new Set(),
    random: (sizeBytes) => chance.bytes(sizeBytes),
    dial: (to) => network.dial(host, () => around.listening(to, host), to),
    onEvent: (event) => {
      if (running) around.onEvent(node, event);
    },
    onFrame: (link, direction, record, messages) => {
      if (!running) return;
      if (direction === 'in') around.onFrameTaken(node, link, record, messages);
      else around.onFrameSent(node, link, messages);
    },
    onSession: () => {},
    onFilled: (log, from, to) => views?.wake([{ log, from, to }]),
    places: (log, from, to) =>
      views === undefined || !home.complies
        ? log.read(from, to)
        : placesForPeers(log, from, to, trustIn(views)),
  });
  const views = around.liveViews ? await follow() : undefined;
  let purger = views === undefined ? undefined : startPurging(views);
  if (views !== undefined) {
    logs.onChange(() => running && views.wake());
    registry.onChange(() => running && views.wake());
  }
  let settledViews: Views | undefined;
  let appender: { log: Log; appender: Appender } | undefined;

  async function follow(): Promise<Views> {
    const database = new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' });
    // All that the views use is in AbstractLevel, which both engines are.
    const views = await openViews(database as unknown as ViewsDatabase, viewSourceOf(logs), {
      // By the true time: what is compared across nodes must be of one day.
      today: () => utcDay(time.now()),
      bulk: around.bulk,
      open: openerOf(anchors.federation, member, secrets.sealing),
      log: {
        info: () => {},
        error: ({ error }: { error?: unknown }) => {
          if (running) around.onError(node, error);
        },
      },
    });
    return inNoTime(views, time);
  }

  function trustIn(views: Views): FateSurroundings {
    return { views, now: () => clock.now(), clocksAgree: () => exchange.clocksAgree() };
  }

  function startPurging(views: Views): Purger | undefined {
    if (!home.complies) return undefined;
    // In memory nothing is left of what was deleted.
    views.scrub = async () => {};
    const told = { purge: async () => {}, scrub: async () => {} } as unknown as Told;
    return startPurger({
      ...trustIn(views),
      clock,
      logs,
      store,
      views,
      told,
      progress: texts.database('purging'),
      compareClocks: () => exchange.renewLinks(),
      onPurged({ upTo }) {
        if (running) for (const [name, size] of upTo) exchange.tellPurged(name, size);
      },
      failed: (error) => {
        if (running) around.onError(node, error);
      },
    });
  }

  /** The views, followed from now on if they were not. */
  async function theViews(): Promise<Views> {
    settledViews ??= views ?? (await time.during(follow()));
    await settledViews.settled();
    return settledViews;
  }

  const node: SimulatedNode = {
    home,
    member,
    host,
    clock,
    registry,
    logs,
    exchange,
    receipts: book,
    purgedBook,
    get isRunning() {
      return running;
    },
    get ownLog() {
      const current = registry.state.members.get(member)?.log;
      return current === undefined ? undefined : logs.get(current);
    },
    async publish(entry) {
      await exchange.guard.whenReady((ms, act) => clock.after(ms, act));
      const log = node.ownLog;
      if (log === undefined) throw new Failure('not-ready', `${member} has no log yet`);
      if (registry.state.members.get(member)?.suspended === true)
        throw new Failure('suspended', `${member} is suspended`);
      // An old registry may name a log of ours that is under other keys.
      const key = registry.state.logs.get(log.name)?.key;
      if (key === undefined || Buffer.compare(key, secrets.log.publicKey) !== 0)
        throw new Failure('not-ready', `${log.name} is under other keys by the registry that ${member} has`);
      if (appender?.log !== log) {
        appender = { log, appender: createAppender(log, ed25519Signer(log.name, secrets.log)) };
      }
      return { log, index: await appender.appender.append([entry]) };
    },
    async viewsDigest() {
      return (await (await theViews()).status()).viewsDigest;
    },
    async purge() {
      purger ??= startPurging(await theViews());
      await purger?.purgeNow();
    },
    async stop() {
      host.accept = undefined;
      await exchange.close(`${member} stops`);
      await book.written();
      end();
      // What was said last is still under way, and goes out.
      time.after(FAREWELL_MS, () => network.sever(host, 'reset'));
    },
    crash(how) {
      if (!running) return;
      end();
      network.sever(host, how);
      home.disk.crash(how === 'silence');
    },
  };

  function end(): void {
    running = false;
    clock.stop();
    purger?.close().catch(() => {});
    (settledViews ?? views)?.close().catch(() => {});
  }

  for (const peer of home.dials) exchange.keepLinkTo(peer);
  host.accept = (wire) => exchange.accept(wire);
  return node;
}

/** The views, whose work takes turns of the event loop but no virtual time: so a seed gives one history, and no other. */
function inNoTime(views: Views, time: VirtualTime): Views {
  const { wake } = views;
  const methods = [
    'settled',
    'forget',
    'forgotten',
    'causeOfDeath',
    'deadIn',
    'logsWithDead',
    'status',
  ] as const;
  for (const name of methods) {
    const method = views[name].bind(views) as (...given: unknown[]) => Promise<unknown>;
    Object.assign(views, { [name]: (...given: unknown[]) => time.during(method(...given)) });
  }
  views.wake = (filled) => {
    wake.call(views, filled);
    views.settled().catch(() => {});
  };
  return views;
}
