// Which joins count. A join by a statement counts when the statement is among those that count at both of its ends, so
// that it is the same seen from either side; and "the same as" between two subjects only when the owner of one of them
// says so: made it, or agrees with it by its last live assessment. Media are joined by the current records that bear
// both of their hashes; a hash that contradicts a stronger one (hash-key.ts) joins nothing.

import type { Hash } from 'node:crypto';
import { Relation } from '../../proto/gen/icse/v1/entry_pb.js';
import { assessmentsOf } from './assessments.js';
import { type Binary, fromBinary } from './binary.js';
import { getMany, type Reader, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { type EntryKey, entryKeyAt } from './entry-key.js';
import { type HashKey, strongerThan } from './hash-key.js';
import type { LiveRecord } from './live-records.js';
import { type LiveStatement, statementsAt } from './live-statements.js';
import { type LogTable, placeText } from './log-table.js';
import { type Join, joinsIn } from './naming.js';
import { memberNumberOf, type Position, splitPositions } from './position.js';
import { rangeOf, SPACE } from './spaces.js';
import { isMedia, ownerOf, type ThingKey } from './thing-key.js';

/**
 * How many statements of one member about one thing count; its first ones do. A series of more pictures than that
 * is told of by its first ones; and a member that says ten thousand things of one victim makes neither each arrival
 * nor each question about that victim ten thousand times as dear.
 */
export const STATEMENTS_OF_A_MEMBER = 256;

/** Things of which the digest is made at a time. */
const DIGEST_THINGS = 256;

const NOBODY: ReadonlyMap<Position, LiveRecord> = new Map();

/** What is needed to tell which joins count, as far as it was read. */
export class StandingJoins {
  readonly #reader: Reader;
  readonly #logs: LogTable;
  readonly #bearing: (hashes: readonly HashKey[]) => Promise<LiveRecord[][]>;
  /** By thing the statements that count. */
  readonly #lists = new Map<ThingKey, ReadonlySet<Position>>();
  readonly #bearers = new Map<HashKey, ReadonlyMap<Position, LiveRecord>>();
  readonly #contradicted = new Set<HashKey>();
  /** Statements that count nothing, whatever lists they are in. */
  readonly #unconfirmed = new Set<Position>();
  readonly statements = new Map<Position, LiveStatement>();
  readonly records = new Map<Position, LiveRecord>();

  /** `bearing` tells the current records that bear each hash. */
  constructor(
    reader: Reader,
    logs: LogTable,
    bearing: (hashes: readonly HashKey[]) => Promise<LiveRecord[][]>,
  ) {
    this.#reader = reader;
    this.#logs = logs;
    this.#bearing = bearing;
  }

  /** Reads what counts at the things. */
  async load(things: readonly ThingKey[]): Promise<void> {
    const wanted = [...new Set(things)].filter((thing) => !this.#lists.has(thing));
    const media = wanted.filter(isMedia);
    const [rows, bearers] = await Promise.all([
      this.#reader.getMany(wanted.map((thing) => SPACE.thing + thing)),
      this.#bearing(media),
    ]);
    for (const [i, hash] of media.entries()) this.#noteBearers(hash, bearers[i] ?? []);
    const lists = rows.map((row) => splitPositions(row ?? ''));
    for (const [i, thing] of wanted.entries()) this.#lists.set(thing, new Set(lists[i]));
    const unread = lists.flat().filter((position) => !this.statements.has(position));
    const read = await statementsAt(this.#reader, unread);
    for (const [position, statement] of read) this.statements.set(position, statement);
    await this.#confirm([...read.values()]);
  }

  /** The statements that count at a thing that was loaded. */
  statementsOf(thing: ThingKey): LiveStatement[] {
    return [...(this.#lists.get(thing) ?? [])].flatMap((position) => this.statements.get(position) ?? []);
  }

  /** The current records that bear a hash that was loaded. */
  bearersOf(hash: HashKey): LiveRecord[] {
    return [...(this.#bearers.get(hash) ?? NOBODY).values()];
  }

  /** True when both ends were loaded and the join counts at both. */
  stands({ from, to }: Pick<Join, 'from' | 'to'>, position: Position): boolean {
    if (this.#unconfirmed.has(position)) return false;
    return [from, to].every((end) => this.#lists.get(end)?.has(position) === true);
  }

  /** True when the hash was loaded, the record counts under it, and nothing contradicts it. */
  isBorne(hash: HashKey, { position }: LiveRecord): boolean {
    return !this.#contradicted.has(hash) && (this.#bearers.get(hash) ?? NOBODY).has(position);
  }

  /** True when a member says as much of one of the things as counts, or more. */
  isCapped(things: readonly ThingKey[]): boolean {
    return things.some((thing) => {
      const list = this.#lists.get(thing);
      if (list === undefined || list.size < STATEMENTS_OF_A_MEMBER) return false;
      const counts = new Map<Binary, number>();
      for (const position of list) {
        const member = memberNumberOf(position);
        counts.set(member, (counts.get(member) ?? 0) + 1);
      }
      return [...counts.values()].some((count) => count >= STATEMENTS_OF_A_MEMBER);
    });
  }

  #noteBearers(hash: HashKey, records: readonly LiveRecord[]): void {
    for (const record of records) this.records.set(record.position, record);
    this.#bearers.set(hash, new Map(records.map((record) => [record.position, record])));
    if (isContradicted(hash, records)) this.#contradicted.add(hash);
  }

  /** Tells those that need an owner's word from those that have it. */
  async #confirm(statements: readonly LiveStatement[]): Promise<void> {
    const open = new Map<EntryKey, { position: Position; owners: readonly unknown[] }>();
    for (const { position, said } of statements) {
      if (said.case !== 'link' || said.value.relation !== Relation.SAME_AS) continue;
      const [join] = joinsIn(said);
      if (join === undefined) continue;
      const owners = [ownerOf(join.from), ownerOf(join.to)];
      if (owners.includes(this.#logs.logAt(position).member)) continue;
      open.set(entryKeyAt(this.#logs, position), { position, owners });
    }
    if (open.size === 0) return;
    const assessments = await assessmentsOf(this.#reader, this.#logs, [...open.keys()]);
    for (const [entry, { position, owners }] of open) {
      const agrees = (assessments.get(entry) ?? []).some(
        ({ by, verdict }) => verdict === 'agree' && owners.includes(by),
      );
      if (!agrees) this.#unconfirmed.add(position);
    }
  }
}

/** True when two of the records that bear the hash contradict each other. */
function isContradicted(hash: HashKey, records: readonly LiveRecord[]): boolean {
  const saidFirst = new Map<string | undefined, HashKey>();
  for (const { hashes } of records) {
    for (const stronger of strongerThan(hashes, hash)) {
      const [algorithm] = stronger;
      if ((saidFirst.get(algorithm) ?? stronger) !== stronger) return true;
      saidFirst.set(algorithm, stronger);
    }
  }
  return false;
}

/** Feeds every join of statements that counts: its ends, its relation and its place, as on every node. */
export async function digestJoins(
  db: ViewsDatabase,
  snapshot: Snapshot,
  logs: LogTable,
  hash: Hash,
): Promise<void> {
  const reader: Reader = { getMany: (keys) => getMany(db, keys, snapshot) };
  const noRecords = (hashes: readonly HashKey[]): Promise<LiveRecord[][]> =>
    Promise.resolve(hashes.map(() => []));
  let things: ThingKey[] = [];
  for await (const [key] of scan(db, ...rangeOf(SPACE.thing), { snapshot })) {
    things.push(key.slice(1));
    if (things.length === DIGEST_THINGS) await feed();
  }
  await feed();

  async function feed(): Promise<void> {
    const standing = new StandingJoins(reader, logs, noRecords);
    await standing.load(things);
    const joins = things.map((thing) =>
      standing
        .statementsOf(thing)
        .flatMap(({ position, said }) => joinsIn(said).map((join) => ({ ...join, position })))
        .filter(({ from }) => from === thing),
    );
    await standing.load(joins.flat().map(({ to }) => to));
    for (const joined of joins) {
      const lines = joined
        .filter((join) => standing.stands(join, join.position))
        .map(({ from, to, relation, position }) => `${from}${to}${relation} ${placeText(logs, position)}\n`);
      hash.update(fromBinary(lines.sort().join('')));
    }
    things = [];
  }
}
