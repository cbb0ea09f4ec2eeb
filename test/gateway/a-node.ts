// A node's face without a node behind it, for what the socket and the commands do by themselves: it keeps
// records, holdings and notices in memory. What commands mean to a real node is tested with real nodes.

import { create } from '@bufbuild/protobuf';
import type { HoldingItem, LookupAnswer, NodeApi, NodeStatus, Notice, WatchedEntry } from '../../node/api.js';
import { hashText, type NamedHash, strongestHash } from '../../node/statements/hashes.js';
import { recordToJson } from '../../node/statements/record-json.js';
import { statementToJson } from '../../node/statements/statement-json.js';
import { HandlingSchema } from '../../proto/gen/icse/v1/entry_pb.js';

export interface FakeNode {
  readonly api: NodeApi;
  /** Records that were published, in our JSON form. */
  readonly published: object[];
  readonly holdings: HoldingItem[];
  tell(kind: string, facts: object): Notice;
  /** The next entry of the log NL: 0, 1, ... */
  enter(): void;
  readonly listeners: () => number;
}

const NO_STATUS: NodeStatus = {
  member: 'NL',
  federation: 'f'.repeat(64),
  pid: process.pid,
  software: 'test',
  ready: true,
  why: '',
  listen: '127.0.0.1:7401',
  connections: [],
  logs: [],
  certificate: { notAfter: '2026-12-31T00:00:00.000Z' },
  warnings: [],
};

export const NO_FIGURES = {
  victimsIdentified: 0,
  victimsSafeguarded: 0,
  suspectsIdentified: 0,
  suspectsArrested: 0,
  placesIdentified: 0,
  records: 0,
  overlaps: 0,
};

/** A node of NL; `change` replaces parts of its face. */
export function aNode(change: Partial<NodeApi> = {}): FakeNode {
  const published: object[] = [];
  const index = new Map<string, number>();
  const holdings: HoldingItem[] = [];
  const notices: Notice[] = [];
  const onNotice = new Set<(notice: Notice) => void>();
  const entries: WatchedEntry[] = [];
  const onEntries = new Set<() => void>();

  const named = (hashes: readonly NamedHash[]) =>
    Object.fromEntries(hashes.map(({ algorithm, hash }) => [algorithm, hashText(algorithm, hash)]));

  const api: NodeApi = {
    member: 'NL',
    async publish(record, keepUntilDay) {
      const { algorithm, hash } = strongestHash(record);
      const key = hashText(algorithm, hash);
      const known = index.get(key);
      if (known !== undefined) return { outcome: 'known', member: 'NL', index: known, recordId: key };
      index.set(key, published.length);
      published.push(recordToJson(record, keepUntilDay));
      return { outcome: 'taken', member: 'NL', index: published.length - 1, recordId: key };
    },
    async say({ statement, keepUntilDay, readers }) {
      if (statement.case === 'mediaRecord') return await api.publish(statement.value, keepUntilDay);
      const handling = create(HandlingSchema, { keepUntilDay, audience: [...readers] });
      published.push(statementToJson({ statement, handling }) as object);
      return { outcome: 'taken', member: 'NL', index: published.length - 1, entry: 'ab'.repeat(32) };
    },
    publishAll: (records) =>
      Promise.all(
        records.map(({ record, keepUntilDay }) =>
          api.publish(record, keepUntilDay).catch((error: Error) => error),
        ),
      ),
    async lookup(hashes) {
      return hashes.map(({ algorithm, hash }): LookupAnswer => {
        const text = hashText(algorithm, hash);
        const at = index.get(text);
        const found = {
          member: 'NL',
          index: at ?? 0,
          recordId: text,
          hashes: { [algorithm]: text },
          classification: null,
        };
        return { hash: text, algorithm, records: at === undefined ? [] : [found], holdings: 0 };
      });
    },
    show: async (thing) => ({
      thing,
      nodes: [],
      edges: [],
      records: [],
      events: [],
      assessments: [],
      leads: [],
    }),
    status: async () => NO_STATUS,
    notices: async (from, limit) => notices.filter(({ sequence }) => sequence >= from).slice(0, limit),
    onNotice(listener) {
      onNotice.add(listener);
      return () => onNotice.delete(listener);
    },
    entries(after) {
      let next = after === undefined ? entries.length : Number(after[0]?.split(':')[1] ?? -1) + 1;
      return {
        async read(limit) {
          const read = entries.slice(next, next + limit);
          next += read.length;
          return read;
        },
      };
    },
    onEntries(listener) {
      onEntries.add(listener);
      return () => onEntries.delete(listener);
    },
    async addHoldings(items) {
      for (const { hashes, label } of items) holdings.push({ hashes: named(hashes), label: label ?? null });
      return { taken: items.length, known: 0 };
    },
    async *listHoldings(label) {
      yield* holdings.filter((holding) => label === undefined || holding.label === label);
    },
    removeHoldings: async () => holdings.splice(0).length,
    views: async () => ({ at: {}, viewsDigest: 'd', views: [] }),
    figures: async () => ({ ...NO_FIGURES, byMember: [], months: [] }),
    rebuildViews: async () => {},
    purge: async () => ({ purged: 0, holes: { retracted: 0, expired: 0 }, waiting: 0, seconds: 0 }),
    retractions: async () => [],
    faults: async () => [],
    ...change,
  };

  return {
    api,
    published,
    holdings,
    tell(kind, facts) {
      const at = new Date(1_700_000_000_000 + notices.length).toISOString();
      const notice = { sequence: notices.length + 1, kind, at, ...facts } as Notice;
      notices.push(notice);
      for (const listener of onNotice) listener(notice);
      return notice;
    },
    enter() {
      entries.push({
        kind: 'entry',
        log: 'NL',
        member: 'NL',
        index: entries.length,
        entry: 'ab',
        record: null,
      });
      for (const listener of onEntries) listener();
    },
    listeners: () => onNotice.size + onEntries.size,
  };
}
