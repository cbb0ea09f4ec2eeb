// A node: the parts put together over one home. This is the only file that knows them all; the hub is a node
// whose member is LYON, with an office and an enrolment listener beside.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import { readNodeCertificate } from '../certs/certificate.js';
import { HelloSchema, OpenSchema } from '../proto/gen/icse/v1/exchange_pb.js';
import type { NodeApi } from './api.js';
import { type Clock, systemClock } from './clock.js';
import { keepRenewed, renewThroughHub } from './enrolment/renewal.js';
import { type EnrolmentListener, listenEnrolment } from './enrolment/server.js';
import { type OperationsLog, writeEvents } from './events-log.js';
import { Exchange, type ExchangeOptions } from './exchange/exchange.js';
import { dialExchange, type Listener, listenExchange } from './exchange/grpc-wire.js';
import { NotReady } from './exchange/own-log.js';
import { openPurgedBook } from './exchange/purged-book.js';
import { openReceiptBook } from './exchange/receipt-book.js';
import type { TlsIdentity } from './exchange/tls.js';
import { Failure, messageOf } from './failure.js';
import { type Address, addressText, parseAddress } from './home/address.js';
import { readConfig } from './home/config.js';
import { type Identity, loadIdentity } from './home/identity.js';
import { type HomePaths, homePaths, isRootAtHome } from './home/layout.js';
import { hubApi } from './hub/hub-api.js';
import { type HubOffice, openHubOffice } from './hub/office.js';
import { openJournal } from './journal/journal.js';
import { openKnowledge } from './knowledge.js';
import { Logs } from './log/logs.js';
import { LYON, type MemberCode } from './names.js';
import { nodeApi, wantedLinks } from './node-api.js';
import { guardedSigner } from './publishing/guarded-signer.js';
import { createPublisher } from './publishing/publisher.js';
import { openDayCount } from './publishing/quota.js';
import { placesForPeers } from './purging/fates.js';
import { startPurger } from './purging/purger.js';
import { watchReturns } from './purging/returns.js';
import { systemRandom } from './random.js';
import { Registry } from './registry/registry.js';
import { rememberStates, watchStates } from './state-watch.js';
import { SCHEMA_VERSION } from './statements/entry.js';
import { hexText } from './statements/hex.js';
import { connectionStatuses, logStatuses } from './status.js';
import { openDerived } from './store/derived-database.js';
import { openLevelStore } from './store/level-store.js';
import { ed25519Signer } from './tlog/note.js';
import { afterUpgrade } from './upgrade.js';
import type { BulkSorter } from './views/bulk-sorter.js';
import type { FilledRange } from './views/following.js';
import { openerOf } from './views/opener.js';

export const SOFTWARE = 'icse-exchange/0.1.0';

export interface NodeOptions {
  readonly home: string;
  readonly log: OperationsLog;
  readonly passphrase?: string | undefined;
  /** Publish although nobody tells how long our own log is. */
  readonly appendAlone?: boolean | undefined;
  readonly clock?: Clock;
  readonly random?: (sizeBytes: number) => Uint8Array;
  /** Where to dial instead of an address (host:port): for networks in between that tests cut. */
  readonly route?: (address: string) => Promise<string>;
  /** Where the views sort out long logs; without it, on this thread. */
  readonly sorter?: BulkSorter;
}

export interface RunningNode {
  readonly api: NodeApi;
  readonly paths: HomePaths;
  /** host:port of the exchange, or empty. */
  readonly listen: string;
  close(reason: string): Promise<void>;
}

/** A dial that takes longer has failed. */
const DIAL_MS = 10_000;
/**
 * A listener that closes listens no more at once, and then waits for every connection, also for those that never
 * said a word: strangers must not keep a node from stopping.
 */
const LISTENER_GRACE_MS = 1000;

/** Starts the node of a home. Throws a Failure that says why it cannot start; nothing is left running then. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    // One that fails keeps none of the others from closing.
    for (const closer of closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    return await assemble(options, closers, close);
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function assemble(
  options: NodeOptions,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<RunningNode> {
  const { log } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom();
  const onError = (error: Error): void => log.error({ error: error.message }, error.message);
  const paths = homePaths(options.home);
  const identity = await loadIdentity(paths, options.passphrase);
  const config = await readConfig(paths.config);
  const me = identity.member;

  const store = await openLevelStore(paths.logs);
  closers.push(() => store.close());
  const journal = await openJournal(paths.journal, clock, config.journalDays, onError);
  closers.push(() => journal.close());
  const events = writeEvents(log, journal);
  const registry = await Registry.open(store, identity.anchors);
  const logs = await Logs.open(store, registry, (name, index, rule) =>
    events.refusedEntry(name, index, rule),
  );
  const database = await openPrivate(paths, closers, log);
  await afterUpgrade(database.release, SOFTWARE, logs);
  const book = await openReceiptBook(database.receipts);
  const purgedBook = await openPurgedBook(database.purged);

  const shown = { tls: identity.tls, notAfter: notAfterOf(identity.tls) };
  let filled: (range: FilledRange) => void = () => {};
  let places: ExchangeOptions['places'] = (read, from, to) => read.read(from, to);
  const exchange = new Exchange({
    clock,
    logs,
    me,
    sessionKey: identity.secrets.session,
    receiptKey: identity.secrets.receipt,
    book,
    purgedBook,
    software: SOFTWARE,
    schema: SCHEMA_VERSION,
    deny: new Set(config.peers.deny),
    random,
    dial: async (member) => {
      const address = addressOf(member, registry, identity);
      return dialExchange((await options.route?.(address)) ?? address, member, shown.tls, DIAL_MS);
    },
    onEvent: (event) => events.exchange(event),
    onSession: ({ sessionId, member, transcript: { open, acceptor, dialler } }) => {
      journal.record('session', {
        session: hexText(sessionId),
        member,
        open: toJson(OpenSchema, open),
        acceptor: toJson(HelloSchema, acceptor),
        dialler: toJson(HelloSchema, dialler),
      });
    },
    onFilled: (name, from, to) => filled({ log: name, from, to }),
    places: (read, from, to) => places(read, from, to),
    onFrame: (link, direction, record, messages) => {
      journal.frame(hexText(link.sessionId), direction, record, messages);
    },
  });
  // Once more when all else has stopped: a start that fails must leave no timer behind.
  closers.push(() => exchange.close(`${me} stops`));
  if (options.appendAlone === true) exchange.guard.appendAlone();

  const open = openerOf(identity.anchors.federation, me, identity.secrets.sealing);
  const knowledge = await openKnowledge({ paths, me, logs, clock, log, open, sorter: options.sorter });
  closers.push(() => knowledge.close());
  filled = (range) => knowledge.views.wake([range]);
  const { views, told } = knowledge;
  const trust = { views, now: () => clock.now(), clocksAgree: () => exchange.clocksAgree() };
  places = (read, from, to) => placesForPeers(read, from, to, trust);
  const suspended = (): string | undefined => suspensionOf(exchange);
  const publisher = createPublisher({
    clock,
    logs,
    me,
    logKey: identity.secrets.log,
    recordSecret: identity.secrets.recordSecret,
    guard: exchange.guard,
    count: await openDayCount(database.publishing, clock, onError),
    random,
    suspended,
    current: (recordIds) => knowledge.views.current(me, recordIds),
    viewedUpTo: (name) => knowledge.views.caughtUpTo(name),
    followed: (name) => knowledge.views.followed(name),
  });

  const purger = startPurger({
    ...trust,
    clock,
    logs,
    store,
    views,
    told,
    progress: database.purging,
    compareClocks: () => exchange.renewLinks(),
    onPurged(report) {
      events.purged(report);
      for (const [name, size] of report.upTo) exchange.tellPurged(name, size);
    },
    failed: (error) => onError(error as Error),
  });
  closers.push(() => purger.close());

  const closing = new AbortController();
  closers.push(() => closing.abort());
  const office = me === LYON ? await openOffice(closing.signal) : undefined;
  const listener =
    config.listen === undefined ? undefined : await openListener(parseAddress(config.listen, 'any-port'));
  const renewing = keepRenewed(
    {
      paths: paths.tls,
      clock,
      random,
      renew:
        office === undefined ? renewThroughHub(identity, clock) : () => office.office.enrolment.certifyHub(),
      onRenewed: (tls) => {
        shown.tls = tls;
        shown.notAfter = notAfterOf(tls);
        listener?.renew(tls);
        office?.listener.renew(tls);
        events.renewed(me, shown.notAfter);
        exchange.renewLinks().catch(onError);
      },
      onFailure: (error, retryMs) => events.renewalFailed(messageOf(error), retryMs),
      signal: closing.signal,
    },
    identity.tls,
  );
  closers.push(async () => {
    closing.abort();
    await renewing;
  });

  for (const member of wantedLinks(me, config)) exchange.keepLinkTo(member);
  // First of all when the node stops: what is being published is finished, and goes out before the Bye.
  closers.push(async () => {
    listener?.serving(false);
    await publisher.close();
    await exchange.close(`${me} stops`);
  });
  listener?.serving(true);
  const address =
    listener === undefined
      ? ''
      : addressText({ host: parseAddress(config.listen as string, 'any-port').host, port: listener.port });
  const rootAtHome = me === LYON && (await isRootAtHome(paths));
  const warnings = rootAtHome
    ? [`the root's keys lie in ${paths.root.directory}: move that folder to a safe place offline`]
    : [];
  for (const warning of warnings) log.warn({ event: 'root-at-home' }, warning);
  log.info(
    { event: 'started', member: me, listen: address },
    `${me} is up${address === '' ? '' : ` at ${address}`}`,
  );

  const memory = rememberStates(clock);
  const isReturn = watchReturns();
  closers.push(
    watchStates(
      clock,
      () => [
        ...connectionStatuses(exchange, wantedLinks(me, config), memory),
        ...logStatuses(exchange, book, memory),
      ],
      (change) => {
        events.state(change);
        if (isReturn(change)) purger.returned();
      },
    ),
  );
  const api = nodeApi({
    me,
    identity,
    config,
    memory,
    exchange,
    book,
    purgedBook,
    publisher,
    purger,
    knowledge,
    open,
    hub:
      office === undefined
        ? undefined
        : hubApi({
            office: office.office,
            exchange,
            book,
            clock,
            record: (kind, facts) => journal.record(kind, facts),
          }),
    shown,
    listen: address,
    software: SOFTWARE,
    suspended,
    warnings: () => warnings,
  });
  return {
    api,
    paths,
    listen: address,
    async close(reason) {
      log.info({ event: 'stopping', reason }, `${me} stops: ${reason}`);
      await close();
    },
  };

  async function openListener(at: Address): Promise<Listener> {
    const opened = await listenExchange(at.host, at.port, shown.tls, (wire) => exchange.accept(wire));
    closers.push(() => withinGrace(opened.close()));
    return opened;
  }

  async function openOffice(
    signal: AbortSignal,
  ): Promise<{ office: HubOffice; listener: EnrolmentListener }> {
    const { guard } = exchange;
    const signer = guardedSigner(ed25519Signer(registry.log.name, identity.secrets.log), () => {
      if (!guard.ready()) throw new NotReady('own-log', `the registry takes nothing: ${guard.why()}`);
    });
    const opened = await openHubOffice({
      registry,
      logs,
      clock,
      random,
      paths,
      identity,
      audit: (event) => events.hub(event),
      signal,
      onCrlFailure: (error) => onError(error as Error),
      whenReady: () => guard.whenReady((ms, act) => clock.after(ms, act)),
      appendToRegistry: async (entry) => (await registry.log.append([entry], signer)).size - 1,
    });
    const enrolment = await listenEnrolment({
      address: parseAddress(config.listenEnrol as string, 'any-port'),
      identity: shown.tls,
      handlers: opened.enrolment,
      clock,
      onError: (error) => onError(error as Error),
    });
    closers.push(() => withinGrace(enrolment.close()));
    return { office: opened, listener: enrolment };
  }
}

/** Resolves when the listener is closed, or when it has been waited for long enough. */
async function withinGrace(closed: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  // The machine's own timer, which keeps the process alive: what closes after the listener must still close.
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LISTENER_GRACE_MS);
  });
  await Promise.race([closed, grace]);
  clearTimeout(timer);
}

/** The small databases of what is nobody else's business. */
async function openPrivate(paths: HomePaths, closers: (() => Promise<void> | void)[], log: OperationsLog) {
  await mkdir(paths.private, { recursive: true, mode: 0o700 });
  const path = join(paths.private, 'state');
  const text = { keyEncoding: 'utf8', valueEncoding: 'utf8' } as const;
  // Receipts are asked for again; the day's quota begins anew.
  const database = await openDerived<string, string>(path, text, ({ why }) =>
    log.warn({ event: 'state-damaged', why }, `${path} is damaged (${why}): it is begun anew`),
  );
  closers.push(() => database.close());
  return {
    receipts: database.sublevel('receipts'),
    purged: database.sublevel('purged'),
    purging: database.sublevel('purging'),
    publishing: database.sublevel('publishing'),
    release: database.sublevel('release'),
  };
}

/** When the node's certificate ends. */
function notAfterOf({ leafPem }: TlsIdentity): Date {
  return readNodeCertificate(leafPem).notAfter;
}

/** The address of a member in the registry; of Lyon, before there is one, that of the invitation. Throws Failure. */
function addressOf(member: MemberCode, registry: Registry, identity: Identity): string {
  const known = registry.state.members.get(member)?.address ?? '';
  const address = known !== '' ? known : member === LYON ? identity.federation.hub.exchange : '';
  if (address === '') throw new Failure('no-address', `the registry has no address for ${member}`);
  return address;
}

/** Why the hub has suspended this member: by the registry, or by the hub's own word when it takes no stream. */
function suspensionOf(exchange: Exchange): string | undefined {
  const { me } = exchange;
  if (exchange.logs.registry.state.members.get(me)?.suspended === true)
    return `${me} is suspended in the registry`;
  if (exchange.linkTo(LYON) !== undefined) return undefined;
  const outcome = exchange.lastOutcome(LYON);
  return outcome?.code === 'suspended' ? outcome.reason : undefined;
}
