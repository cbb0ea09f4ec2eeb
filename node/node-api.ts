// A node's face towards people and tools, over its parts: it turns what they know into plain values.

import type { HoldingItem, HubApi, LookupAnswer, NodeApi } from './api.js';
import { entryFeed } from './entry-feed.js';
import { faultDocument } from './evidence/fault-document.js';
import type { Exchange } from './exchange/exchange.js';
import type { PurgedBook } from './exchange/purged-book.js';
import type { ReceiptBook } from './exchange/receipt-book.js';
import type { TlsIdentity } from './exchange/tls.js';
import { federationFigures } from './federation-figures.js';
import type { NodeConfig } from './home/config.js';
import type { Identity } from './home/identity.js';
import type { Knowledge } from './knowledge.js';
import { LYON, type MemberCode } from './names.js';
import type { Publisher } from './publishing/publisher.js';
import type { Purger } from './purging/purger.js';
import { reportRetractions } from './purging/retraction-report.js';
import { hashTexts, recordAnswer } from './record-answers.js';
import { showThing } from './show.js';
import type { StateMemory } from './state-watch.js';
import { hashText, type NamedHash } from './statements/hashes.js';
import { connectionStatuses, logStatuses } from './status.js';
import { entryKeyAt } from './views/entry-key.js';
import type { Opener } from './views/opener.js';
import { parseThingKey } from './views/thing-key.js';

export interface NodeParts {
  readonly me: MemberCode;
  readonly identity: Identity;
  readonly config: NodeConfig;
  readonly exchange: Exchange;
  readonly book: ReceiptBook;
  readonly purgedBook: PurgedBook;
  readonly publisher: Publisher;
  readonly purger: Purger;
  readonly knowledge: Knowledge;
  readonly open: Opener;
  readonly hub: HubApi | undefined;
  /** The certificate that is shown now, and when it ends. */
  readonly shown: { readonly tls: TlsIdentity; readonly notAfter: Date };
  readonly listen: string;
  readonly software: string;
  /** Why the hub has suspended us; undefined when it has not. */
  suspended(): string | undefined;
  warnings(): readonly string[];
  readonly memory: StateMemory;
}

/** Members with which this node keeps a stream of its own making. */
export function wantedLinks(me: MemberCode, config: NodeConfig): MemberCode[] {
  return [...(me === LYON ? [] : [LYON]), ...config.peers.dial].filter((member) => member !== me);
}

/** The face of a running node. */
export function nodeApi(parts: NodeParts): NodeApi {
  const { me, exchange, knowledge, publisher } = parts;
  const { views, told, holdings } = knowledge;
  const { logs } = exchange;
  const { memory } = parts;

  async function lookup(hashes: readonly NamedHash[]): Promise<LookupAnswer[]> {
    const { connections } = views;
    const [records, held] = await Promise.all([views.lookup(hashes), holdings.match(hashes)]);
    const entryOf = ({ position }: { position: string }): string => entryKeyAt(connections.logs, position);
    const assessments = await connections.assessments([...new Set(records.flat().map(entryOf))]);
    return hashes.map(({ algorithm, hash }, at) => ({
      hash: hashText(algorithm, hash),
      algorithm,
      records: (records[at] ?? []).map((record) => recordAnswer(record, assessments.get(entryOf(record)))),
      holdings: held[at]?.length ?? 0,
    }));
  }

  return {
    member: me,
    publish: (record, keepUntilDay) => publisher.publish(record, keepUntilDay),
    async say(read) {
      const { statement, keepUntilDay, readers } = read;
      return statement.case === 'mediaRecord' && readers.length === 0
        ? await publisher.publish(statement.value, keepUntilDay)
        : await publisher.say(read);
    },
    publishAll: (records) => publisher.publishAll(records),
    lookup,
    show: async (thing) => showThing(views.connections, parseThingKey(thing, me)),
    async status() {
      const why = parts.suspended() ?? exchange.guard.why();
      return {
        member: me,
        federation: logs.registry.state.federation,
        pid: process.pid,
        software: parts.software,
        ready: why === '',
        why,
        listen: parts.listen,
        connections: connectionStatuses(exchange, wantedLinks(me, parts.config), memory),
        logs: logStatuses(exchange, parts.book, memory),
        certificate: { notAfter: parts.shown.notAfter.toISOString() },
        warnings: parts.warnings(),
      };
    },
    notices: (from, limit) => told.read(from, limit),
    onNotice: (listener) =>
      told.subscribe((notices) => {
        for (const notice of notices) listener(notice);
      }),
    entries: (after) =>
      entryFeed(
        { federation: logs.registry.state.federation, all: () => logs.all(), open: parts.open },
        after,
      ),
    onEntries: (listener) => logs.onChange(() => listener()),
    addHoldings: (items) => knowledge.hold(items),
    listHoldings: (label) => listed(holdings, label),
    removeHoldings: (which) => knowledge.release(which),
    views: () => views.status(),
    figures: () => federationFigures(views),
    rebuildViews: () => views.rebuild(),
    async purge() {
      const { retracted, expired, waiting, seconds } = await parts.purger.purgeNow();
      return { purged: retracted + expired, holes: { retracted, expired }, waiting, seconds };
    },
    retractions: async () =>
      reportRetractions(await views.retractionsOf(me), logs.registry.state, me, {
        purged: parts.purgedBook,
        receipts: parts.book,
      }),
    async faults() {
      const { rootKey, rootKeySignature } = parts.identity.federation;
      const vouchers = { rootPem: parts.identity.tls.rootPem, rootKey, rootKeySignature };
      const forked = logs.all().flatMap((log) => (log.fault === undefined ? [] : [log.fault]));
      return Promise.all(forked.map((fault) => faultDocument(vouchers, logs.registry.log, fault)));
    },
    ...(parts.hub === undefined ? {} : { hub: parts.hub }),
  };
}

async function* listed(
  holdings: Knowledge['holdings'],
  label: string | undefined,
): AsyncGenerator<HoldingItem> {
  for await (const holding of holdings.list(label === undefined ? {} : { label })) {
    yield { hashes: hashTexts(holding.hashes), label: holding.label ?? null };
  }
}
