// Whole federations of simulated countries in one process: real homes and disks, real certificates, real gRPC on
// loopback with ports that the system picks, joined the way that members join.

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { parseDocument } from 'yaml';
import type { NodeStatus, Notice, PublishedRecord, PublishedStatement } from '../../node/api.js';
import { type Clock, systemClock } from '../../node/clock.js';
import { parseInvitation } from '../../node/enrolment/invitation-file.js';
import { join as joinFederation } from '../../node/enrolment/join.js';
import type { OperationsLog } from '../../node/events-log.js';
import { createHub } from '../../node/hub/create.js';
import { parseMemberCode } from '../../node/names.js';
import { type RunningNode, startNode } from '../../node/node.js';
import { type RecordJson, recordFromJson } from '../../node/statements/record-json.js';
import { statementFromJson } from '../../node/statements/statement-json.js';
import { type MediaRecord, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';

import { wiresBetween } from './wires.js';

export const random = (sizeBytes: number): Uint8Array => new Uint8Array(randomBytes(sizeBytes));

export interface FederationOptions {
  readonly countries: readonly string[];
  /** Countries that keep a stream of their own to others: { NL: ['FR'] }. */
  readonly dial?: Readonly<Record<string, readonly string[]>>;
  readonly clock?: Clock;
  /** Nodes dial one another without a wire in between that could be cut, or lose the last words of a stream. */
  readonly direct?: boolean;
}

export interface Federation {
  readonly lyon: RunningNode;
  node(code: string): RunningNode;
  home(code: string): string;
  /** Lines of a node's operations log. */
  logOf(code: string): readonly { level: string; event?: string; message: string }[];
  stop(code: string): Promise<void>;
  start(code: string, options?: { appendAlone?: boolean }): Promise<RunningNode>;
  /** Invites a country and lets it join and start. */
  welcome(code: string, options?: { listen?: string; replace?: boolean }): Promise<RunningNode>;
  /** A country publishes a record in our JSON form; resolves when it is on its disk under a signed checkpoint. */
  publish(code: string, record: RecordJson): Promise<PublishedRecord>;
  /** A country says anything else in our JSON form: an event, a link, an assessment, a retraction. */
  say(code: string, statement: object): Promise<PublishedRecord | PublishedStatement>;
  /** The country's next hit, past or to come: each call gives the one after that of the call before. */
  nextHit(code: string): Promise<Notice>;
  /** Cuts all wires of a country, so that its node runs on alone; returns how to mend them. */
  cut(code: string): () => void;
  /** Resolves with the first notice of a country that fits, past or to come. */
  hears(code: string, fits: (notice: Notice) => boolean): Promise<Notice>;
  /** Resolves when the status of a node fits. */
  sees(code: string, fits: (status: NodeStatus) => boolean): Promise<NodeStatus>;
  close(): Promise<void>;
}

/** A federation with Lyon and the countries named, all connected. */
export async function aFederation(options: FederationOptions): Promise<Federation> {
  const directory = await mkdtemp(join(tmpdir(), 'icse-federation-'));
  const clock = options.clock ?? systemClock;
  const nodes = new Map<string, RunningNode>();
  const lines = new Map<string, { level: string; event?: string; message: string }[]>();
  const home = (code: string): string => join(directory, code);
  const wires = wiresBetween();
  await createHub({ home: home('LYON'), listen: '127.0.0.1:0', clock, random });

  async function start(code: string, { appendAlone = false } = {}): Promise<RunningNode> {
    const node = await startNode({
      home: home(code),
      log: collect(code),
      clock,
      random,
      appendAlone,
      ...(options.direct === true ? {} : { route: (address) => wires.route(code, address) }),
    });
    nodes.set(code, node);
    return node;
  }

  function collect(code: string): OperationsLog {
    const kept = lines.get(code) ?? [];
    lines.set(code, kept);
    const at = (level: string) => (facts: object, message: string) => kept.push({ level, ...facts, message });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  function running(code: string): RunningNode {
    const node = nodes.get(code);
    if (node === undefined) throw new Error(`${code} is not running`);
    return node;
  }

  const lyon = await start('LYON');

  async function welcome(
    code: string,
    { listen = '127.0.0.1:0', replace = false } = {},
  ): Promise<RunningNode> {
    const invitation = await running('LYON').api.hub?.invite({ member: code, confirm: false, replace });
    await joinFederation({
      home: home(code),
      invitation: parseInvitation(code, Buffer.from(invitation ?? ''), clock.now()),
      listen,
      clock,
      random,
      onFingerprint: () => {},
      signal: new AbortController().signal,
    });
    const dial = options.dial?.[code];
    if (dial !== undefined) await configure(home(code), dial);
    return start(code);
  }

  /** By country, the sequence of the hit that was given last. */
  const lastHits = new Map<string, number>();

  const federation: Federation = {
    lyon,
    node: running,
    home,
    logOf: (code) => lines.get(code) ?? [],
    async stop(code) {
      await running(code).close('the test stops it');
      nodes.delete(code);
    },
    start,
    welcome,
    async publish(code, form) {
      const { record, keepUntilDay } = recordFromJson(form);
      return running(code).api.publish(record, keepUntilDay);
    },
    async say(code, statement) {
      return running(code).api.say(statementFromJson(statement, parseMemberCode(code)));
    },
    async nextHit(code) {
      const last = lastHits.get(code) ?? 0;
      const hit = await federation.hears(code, ({ kind, sequence }) => kind === 'hit' && sequence > last);
      lastHits.set(code, hit.sequence);
      return hit;
    },
    cut: (code) => wires.cut(code, running(code).listen),
    async hears(code, fits) {
      const { api } = running(code);
      return new Promise((resolve, reject) => {
        const stop = api.onNotice((notice) => settle([notice]));
        const settle = (notices: readonly Notice[]): void => {
          const found = notices.find(fits);
          if (found === undefined) return;
          stop();
          resolve(found);
        };
        api.notices(1, 100_000).then(settle, reject);
      });
    },
    async sees(code, fits) {
      for (;;) {
        const status = await running(code).api.status();
        if (fits(status)) return status;
        // A status tells of links and receipts too, which no event of a log announces.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close() {
      await Promise.all([...nodes.values()].map((node) => node.close('the test is over')));
      await wires.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await Promise.all(options.countries.map((code) => welcome(code)));
  for (const code of options.countries) await federation.sees(code, ({ ready }) => ready);
  return federation;
}

async function configure(home: string, dial: readonly string[]): Promise<void> {
  const path = join(home, 'icse.yaml');
  const document = parseDocument(await readFile(path, 'utf8'));
  document.setIn(['peers', 'dial'], [...dial]);
  await writeFile(path, document.toString());
}

/** A media record with a SHA-256 hash of its own unless it is given one. */
export function aMediaRecord(fields: MessageInitShape<typeof MediaRecordSchema> = {}): MediaRecord {
  return create(MediaRecordSchema, { sha256: random(32), ...fields });
}
