// node dist/bench/bench/connections.js [--quick]: what links cost. A node's views on a real LevelDB, over logs in
// memory, with a million media records and 200,000 links by ten members: how long an entry takes to apply and a
// connected part to be shown. Then one member links a chain of 100,000 things while another says something every 50 ms:
// how long the steps are, how long the other waits until
// all is followed and searched, and how long the thread is held. Prints one line a figure; nothing else should run.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { ClassicLevel } from 'classic-level';
import { type FederationId, type LogName, logName, type MemberCode } from '../node/names.js';
import { DeconflictionSearch } from '../node/notices/deconfliction-search.js';
import { openTold, type Told } from '../node/notices/told.js';
import { showThing } from '../node/show.js';
import { encodeRecordEntry } from '../node/statements/encode-record.js';
import { encodeEntry } from '../node/statements/entry.js';
import { statementFromJson } from '../node/statements/statement-json.js';
import { openViews, type Views } from '../node/views/driver.js';
import type { ViewSource } from '../node/views/source.js';
import { parseThingKey } from '../node/views/thing-key.js';
import { EntrySchema, type MediaRecord, MediaRecordSchema } from '../proto/gen/icse/v1/entry_pb.js';
import { recordJson } from './media-records.js';

const FEDERATION = 'ab'.repeat(32) as FederationId;
const MADE_AT = 1_700_000_000;
const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const;
const VIEWS_DATABASE = { ...BYTES, compression: false, writeBufferSize: 16 * 1024 * 1024 };
const MEMBERS = ['AU', 'BE', 'DE', 'FR', 'IE', 'IT', 'NL', 'NO', 'SE', 'US'];

const isQuick = process.argv.includes('--quick');
const RECORDS = isQuick ? 50_000 : 1_000_000;
const LINKS = isQuick ? 10_000 : 200_000;
const CHAIN = isQuick ? 10_000 : 100_000;
/** Media that are linked to one victim. */
const MEDIA_OF_A_VICTIM = 8;

/** The entries of a log one behind the other, so that the collector of garbage has a million things less to look at. */
class PackedLog {
  #bytes = Buffer.alloc(1 << 20);
  readonly #ends: number[] = [];

  get size(): number {
    return this.#ends.length;
  }

  push(entry: Uint8Array): void {
    const from = this.#ends.at(-1) ?? 0;
    if (from + entry.length > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length);
    }
    this.#bytes.set(entry, from);
    this.#ends.push(from + entry.length);
  }

  read(from: number, to: number): Uint8Array[] {
    return this.#ends
      .slice(from, to)
      .map((end, i) => Uint8Array.from(this.#bytes.subarray(this.#ends[from + i - 1] ?? 0, end)));
  }
}

class Logs implements ViewSource {
  readonly #logs = new Map<LogName, PackedLog>();

  say(member: string, entries: readonly Uint8Array[]): void {
    const log = logName(FEDERATION, member as MemberCode);
    const known = this.#logs.get(log) ?? new PackedLog();
    this.#logs.set(log, known);
    for (const entry of entries) known.push(entry);
  }

  logs() {
    return [...this.#logs].map(([log, { size }]) => ({
      log,
      member: log.slice(log.lastIndexOf('/') + 1) as MemberCode,
      countedTo: size,
    }));
  }

  read(log: LogName, from: number, to: number): Promise<Uint8Array[]> {
    return Promise.resolve(this.#logs.get(log)?.read(from, to) ?? []);
  }
}

/** How long the steps of the views are, one behind the other. */
class Steps {
  readonly times: number[] = [];
  #last = 0;

  begin(): void {
    this.times.splice(0);
    this.#last = performance.now();
  }

  made(): void {
    const now = performance.now();
    this.times.push(now - this.#last);
    this.#last = now;
  }
}

function said(member: string, statement: object): Uint8Array {
  const { statement: read } = statementFromJson(statement, member as MemberCode);
  return encodeEntry(
    create(EntrySchema, { salt: randomBytes(16), schema: 1, madeAt: BigInt(MADE_AT), statement: read }),
  );
}

function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

function hash(n: number): string {
  return (n + 1).toString(16).padStart(64, '0');
}

function depicts(sha256: string, victim: string): object {
  return { link: 'depicts', from: sha256, to: `victim:${victim}`, confidence: 'probable' };
}

/** Links of media on record to victims, some of whom are the same. */
function links(sha256Of: (n: number) => string): Map<string, Uint8Array[]> {
  const byMember = new Map<string, Uint8Array[]>(MEMBERS.map((member) => [member, []]));
  for (let n = 0; n < LINKS; n++) {
    const member = MEMBERS[n % MEMBERS.length] as string;
    const victim = Math.floor(n / MEDIA_OF_A_VICTIM);
    const subject = `NL/${uuid(victim)}`;
    const statement =
      n % 16 === 15
        ? {
            link: 'same-as',
            from: `victim:${subject}`,
            to: `victim:NL/${uuid(victim - 1)}`,
            confidence: 'possible',
          }
        : depicts(sha256Of((n * 7919) % RECORDS), subject);
    byMember.get(member)?.push(said(member, statement));
  }
  return byMember;
}

function print(name: string, value: number, unit: string): void {
  process.stdout.write(`${name.padEnd(34)} ${value.toFixed(value < 100 ? 2 : 0)} ${unit}\n`);
}

function printTimes(name: string, times: number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  print(`${name}.p50`, at(0.5), 'ms');
  print(`${name}.p99`, at(0.99), 'ms');
  print(`${name}.max`, at(1), 'ms');
}

const directory = await mkdtemp(join(tmpdir(), 'icse-connections-'));
const viewsDb = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'views'), VIEWS_DATABASE);
const toldDb = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'told'), BYTES);
try {
  await Promise.all([viewsDb.open(), toldDb.open()]);
  await measure(await openTold(toldDb));
} finally {
  await Promise.all([viewsDb.close(), toldDb.close()]);
  await rm(directory, { recursive: true });
}

async function measure(told: Told): Promise<void> {
  const logs = new Logs();
  const search = new DeconflictionSearch({
    me: 'LYON' as MemberCode,
    told,
    now: () => Date.now(),
    onError: (error) => process.stderr.write(`${error.stack}\n`),
  });
  const steps = new Steps();
  const views = await openViews(viewsDb, logs, {
    today: () => 20_000,
    log: { info: () => undefined, error: (facts, message) => process.stderr.write(`${message} ${facts}\n`) },
    async beforeCommit(step) {
      search.note(step.joined);
      steps.made();
    },
  });
  search.start(views);

  await records(logs, views);
  const byMember = links((n) => recordJson('linked', n).sha256);
  await timed(views, 'apply.link', LINKS, () => {
    for (const [member, entries] of byMember) logs.say(member, entries);
  });
  await shows(views, logs);
  await search.idle();
  await hostile(logs, views, search, steps);
  await search.close();
  await views.close();
}

function recordOf(n: number): MediaRecord {
  const { sha256, sha1, md5, series = '' } = recordJson('linked', n);
  const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
  return create(MediaRecordSchema, {
    recordId: bytes(series.replaceAll('-', '')),
    sha256: bytes(sha256),
    sha1: bytes(sha1),
    md5: bytes(md5),
  });
}

async function records(logs: Logs, views: Views): Promise<void> {
  const salt = randomBytes(16);
  const entries = Array.from({ length: RECORDS }, (_, n) =>
    encodeRecordEntry({ salt, madeAt: MADE_AT, keepUntilDay: 0, record: recordOf(n) }),
  );
  await timed(views, 'apply.record.bulk', RECORDS, () => logs.say('AU', entries));
}

/** The time from when `act` has said everything. */
async function timed(views: Views, name: string, entries: number, act: () => void): Promise<void> {
  act();
  const before = performance.now();
  await views.settled();
  print(name, ((performance.now() - before) * 1000) / entries, 'us an entry');
}

async function shows(views: Views, logs: Logs): Promise<void> {
  const times: number[] = [];
  const sizes: number[] = [];
  for (let n = 0; n < 2000; n++) {
    const victim = Math.floor((n * 104_729) % (LINKS / MEDIA_OF_A_VICTIM));
    const thing = parseThingKey(`victim:NL/${uuid(victim)}`, 'NL' as MemberCode);
    const before = performance.now();
    const { nodes } = await showThing(views.connections, thing);
    times.push(performance.now() - before);
    sizes.push(nodes.length);
  }
  printTimes('show', times);
  print('show.nodes', sizes.reduce((sum, size) => sum + size, 0) / sizes.length, 'things on average');
  // A star as large as a part may be: the members each say what counts of one victim.
  for (const [i, member] of MEMBERS.entries()) {
    logs.say(
      member,
      Array.from({ length: 250 }, (_, n) => said(member, depicts(hash(1e9 + i * 250 + n), `BE/${uuid(1)}`))),
    );
  }
  await views.settled();
  const before = performance.now();
  const { nodes, truncated } = await showThing(views.connections, parseThingKey(uuid(1), 'BE' as MemberCode));
  print(
    'show.largest',
    performance.now() - before,
    `ms, ${nodes.length} things${truncated ? ', truncated' : ''}`,
  );
}

/** A chain by SE while NL says something every 50 ms and two investigations are open, so that everything is searched. */
async function hostile(logs: Logs, views: Views, search: DeconflictionSearch, steps: Steps): Promise<void> {
  logs.say('NL', [
    said('NL', { event: 'investigation-opened', case: uuid(1), subject: `NL/${uuid(0xffff_fff0)}` }),
  ]);
  logs.say('US', [said('US', { event: 'investigation-opened', case: uuid(2), media: [hash(2e9)] })]);
  await views.settled();
  await search.idle();
  const chain = Array.from({ length: CHAIN }, (_, n) =>
    said('SE', {
      link: 'near-duplicate',
      from: hash(2e9 + n),
      to: hash(2e9 + n + 1),
      confidence: 'possible',
    }),
  );
  const waits: number[] = [];
  logs.say('SE', chain);
  const held = monitorEventLoopDelay({ resolution: 5 });
  const cpu = process.cpuUsage();
  const before = performance.now();
  let isSearched = false;
  let appliedMs = 0;
  held.enable();
  steps.begin();
  const searched = views.followed(logName(FEDERATION, 'SE' as MemberCode)).then(async () => {
    appliedMs = performance.now() - before;
    printTimes('hostile.step', steps.times);
    await search.idle();
    isSearched = true;
  });
  for (let n = 0; !isSearched; n++) {
    const sent = performance.now();
    logs.say('NL', [said('NL', depicts(hash(3e9 + n), `NL/${uuid(n)}`))]);
    await views.followed(logName(FEDERATION, 'NL' as MemberCode));
    waits.push(performance.now() - sent);
    await Promise.race([searched, pause(50)]);
  }
  await searched;
  held.disable();
  print('hostile.apply', (appliedMs * 1000) / CHAIN, 'us an entry, all the while');
  printTimes('hostile.otherWaits', waits);
  print('hostile.threadHeld.p99', held.percentile(99) / 1e6, 'ms');
  print('hostile.threadHeld.max', held.max / 1e6, 'ms');
  print('hostile.searched', performance.now() - before, 'ms after it began');
  const longest = performance.now();
  await showThing(views.connections, parseThingKey(hash(2e9 + CHAIN / 2), 'SE' as MemberCode));
  print('show.chain', performance.now() - longest, 'ms, the longest way there is');
  print('hostile.cpu', process.cpuUsage(cpu).user / 1000, 'ms in all');
}
