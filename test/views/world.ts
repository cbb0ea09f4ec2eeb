// A world for tests of views: logs in memory that grow, are cut and have holes filled, and a node's views on
// a real LevelDB in a temporary directory, which can be closed and opened again.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { type MemberCode, shortLogName } from '../../node/names.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { getMany, scan } from '../../node/views/buffered-db.js';
import { openViews, type Views } from '../../node/views/driver.js';
import type { FollowingOptions } from '../../node/views/following.js';
import { leadsAt } from '../../node/views/lead-rows.js';
import { placeText } from '../../node/views/log-table.js';
import type { BulkOptions } from '../../node/views/short-index.js';
import type { SourceLog, ViewSource } from '../../node/views/source.js';
import { rangeOf, SPACE } from '../../node/views/spaces.js';
import { entryOf, logOf, type RecordParts } from './records.js';

interface WorldLog {
  readonly entries: (Uint8Array | undefined)[];
  /** Places whose bytes are gone for good. */
  readonly purged: Set<number>;
  cut: number;
}

/** The logs as one node has them; logs are named as in commands. */
export class World implements ViewSource {
  readonly #logs = new Map<string, WorldLog>();
  today = 100;

  publish(log: string, ...records: (RecordParts | Uint8Array | undefined)[]): void {
    const known = this.#logs.get(log);
    const entries = known?.entries ?? [];
    for (const record of records) {
      entries.push(record === undefined || record instanceof Uint8Array ? record : entryOf(record));
    }
    if (known === undefined)
      this.#logs.set(log, { entries, purged: new Set(), cut: Number.POSITIVE_INFINITY });
  }

  cut(log: string, size: number): void {
    const known = this.#logs.get(log);
    if (known !== undefined) known.cut = size;
  }

  /** Fills a hole. */
  fill(log: string, index: number, record: RecordParts | Uint8Array): void {
    const known = this.#logs.get(log);
    if (known !== undefined && index < known.entries.length)
      known.entries[index] = record instanceof Uint8Array ? record : entryOf(record);
  }

  /** How many places the log has. */
  size(log: string): number {
    return this.#logs.get(log)?.entries.length ?? 0;
  }

  /** True where bytes are missing that may come. */
  isHole(log: string, index: number): boolean {
    const { entries, purged } = this.#logs.get(log) ?? { entries: [], purged: new Set() };
    return index < entries.length && entries[index] === undefined && !purged.has(index);
  }

  /** Drops the bytes at the place for good. */
  purge(log: string, index: number): void {
    const known = this.#logs.get(log);
    if (known === undefined) return;
    known.entries[index] = undefined;
    known.purged.add(index);
  }

  /** The same world as a node sees it to which the logs came in the opposite order. */
  inReverse(): World {
    const world = new World();
    world.logs = () => this.logs().reverse();
    world.read = (log, from, to) => this.read(log, from, to);
    Object.defineProperty(world, 'today', { get: () => this.today });
    return world;
  }

  logs(): SourceLog[] {
    return [...this.#logs].map(([short, { entries, cut }]) => ({
      log: logOf(short),
      member: short.split('.')[0] as MemberCode,
      countedTo: Math.min(entries.length, cut),
    }));
  }

  read(log: string, from: number, to: number): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(
      this.#logs.get(shortLogName(log as SourceLog['log']))?.entries.slice(from, to) ?? [],
    );
  }
}

/** Follows in bulk whatever is more than one entry, and merges whatever is more than one run. */
export const EAGER_BULK: BulkOptions = { least: 2, most: 32, gatherMs: 100, fanIn: 2 };

export type NodeOptions = Partial<
  Pick<FollowingOptions, 'beforeCommit' | 'bulk' | 'open' | 'log' | 'sorter'>
>;

/** A node's views over the world. */
export class Node {
  readonly directory: string;
  readonly #world: World;
  readonly #options: NodeOptions;
  #db: ClassicLevel<Uint8Array, Uint8Array>;
  views: Views;

  private constructor(
    directory: string,
    world: World,
    options: NodeOptions,
    db: ClassicLevel<Uint8Array, Uint8Array>,
    views: Views,
  ) {
    this.directory = directory;
    this.#world = world;
    this.#options = options;
    this.#db = db;
    this.views = views;
  }

  static async start(world: World, options: NodeOptions = {}): Promise<Node> {
    const directory = await mkdtemp(join(tmpdir(), 'icse-views-'));
    const [db, views] = await open(directory, world, options);
    return new Node(directory, world, options, db, views);
  }

  async restart(): Promise<void> {
    await this.views.close();
    await this.#db.close();
    [this.#db, this.views] = await open(this.directory, this.#world, this.#options);
  }

  async viewsDigest(): Promise<string> {
    await this.views.settled();
    return (await this.views.status()).viewsDigest;
  }

  /** Purges what is dead by now, from the views and then from the world; `cutShort` leaves it at that. */
  async purge(cutShort = false): Promise<void> {
    await this.views.settled();
    for (const log of await this.views.logsWithDead()) {
      const short = shortLogName(log);
      const dead = await this.views.deadIn(log, 0, this.#world.size(short));
      const read = (index: number) => this.#world.read(log, index, index + 1);
      const entries = dead.map(async (index) => ({ index, bytes: (await read(index))[0] }));
      await this.views.forget(log, await Promise.all(entries));
      for (const index of dead) this.#world.purge(short, index);
      if (!cutShort) await this.views.forgotten(log, dead);
    }
  }

  /** What was sealed and could be opened here, as the views keep it. */
  async leads(): Promise<{ place: string; statement: SealableStatement }[]> {
    await this.views.settled();
    const reader = { getMany: (keys: readonly string[]) => getMany(this.#db, keys) };
    const positions: string[] = [];
    for await (const [key] of scan(this.#db, ...rangeOf(SPACE.lead))) positions.push(key.slice(1));
    const { logs } = this.views.connections;
    return (await leadsAt(reader, positions)).map(({ position, statement }) => ({
      place: placeText(logs, position),
      statement,
    }));
  }

  async rebuiltDigest(): Promise<string> {
    await this.views.rebuild();
    return await this.viewsDigest();
  }

  async stop(): Promise<void> {
    await this.views.close();
    await this.#db.close();
    await rm(this.directory, { recursive: true });
  }
}

async function open(
  directory: string,
  world: World,
  options: NodeOptions,
): Promise<[ClassicLevel<Uint8Array, Uint8Array>, Views]> {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    multithreading: true,
  });
  await db.open();
  const views = await openViews(db, world, {
    today: () => world.today,
    log: { info: () => undefined, error: (facts) => console.error(facts) },
    ...options,
  });
  return [db, views];
}
