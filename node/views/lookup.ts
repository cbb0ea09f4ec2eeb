// Exact look-up: which current records bear a hash. Built for a thousand hashes at a time: the index is asked
// once, and the entries are read bundle by bundle and not one by one.

import type { MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import type { LogName, MemberCode } from '../names.js';
import { decodeEntry } from '../statements/entry.js';
import type { NamedHash } from '../statements/hashes.js';
import type { Binary } from './binary.js';
import { getMany, type ViewsDatabase } from './buffered-db.js';
import { hashKey, shortKey, tailOf } from './hash-key.js';
import type { LogTable } from './log-table.js';
import { indexOf, logNumberOf, type Position, positionOf } from './position.js';
import { postingsIn } from './postings.js';
import type { Runs } from './runs.js';
import type { ViewSource } from './source.js';
import { SPACE } from './spaces.js';

/** A current record that bears the hash. */
export interface RecordAnswer {
  readonly member: MemberCode;
  readonly log: LogName;
  readonly index: number;
  readonly record: MediaRecord;
}

/** Records kept decoded for the next look-up, at 1 to 2 kB each. */
const CACHED_RECORDS = 4096;

/** Entries are stored in bundles of this many, so what lies in one is read at once. */
const BUNDLE_ENTRIES = 256;

export class Lookup {
  readonly #db: ViewsDatabase;
  readonly #source: ViewSource;
  /** In the order of use, the oldest first. */
  readonly #cache = new Map<Position, MediaRecord>();

  constructor(db: ViewsDatabase, source: ViewSource) {
    this.#db = db;
    this.#source = source;
  }

  /** For each hash the records that bear it, in the order of member codes, then of their logs. */
  async find(logs: LogTable, runs: Runs, hashes: readonly NamedHash[]): Promise<RecordAnswer[][]> {
    const keys = hashes.map(hashKey);
    const rows = await getMany(
      this.#db,
      keys.map((key) => SPACE.posting + shortKey(key)),
    );
    const withoutRow = keys.filter((_key, i) => rows[i] === undefined);
    const inRuns = await runs.findCommitted(this.#db, withoutRow.map(shortKey));
    let next = 0;
    const values = rows.map((row) => row ?? inRuns[next++]);
    const places = keys.map((key, i) =>
      postingsIn({ key: shortKey(key), value: values[i] ?? '' })
        .filter(({ tail = tailOf(key) }) => tail === tailOf(key))
        .map(({ position }) => position),
    );
    const records = await this.#recordsAt(logs, new Set(places.flat()));
    return hashes.map(({ algorithm, hash }, i) => {
      const answers: RecordAnswer[] = [];
      for (const position of places[i] ?? []) {
        const record = records.get(position);
        // A record that stands alone in the index is known there by the first bytes of its hash only.
        if (record === undefined || Buffer.compare(record[algorithm], hash) !== 0) continue;
        const { member, name } = logs.logAt(position);
        answers.push({ member, log: name, index: indexOf(position), record });
      }
      return answers.sort((a, b) => (a.member < b.member ? -1 : Number(a.member > b.member)));
    });
  }

  async #recordsAt(logs: LogTable, positions: ReadonlySet<Position>): Promise<Map<Position, MediaRecord>> {
    const found = new Map<Position, MediaRecord>();
    const missing: Position[] = [];
    for (const position of positions) {
      const kept = this.#cache.get(position);
      if (kept === undefined) {
        missing.push(position);
        continue;
      }
      found.set(position, kept);
      this.#cache.delete(position);
      this.#cache.set(position, kept);
    }
    for (const bundle of inBundles(missing)) {
      for (const [position, record] of await this.#readBundle(logs, bundle)) {
        found.set(position, record);
        this.#cache.set(position, record);
      }
    }
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= CACHED_RECORDS) break;
      this.#cache.delete(oldest);
    }
    return found;
  }

  async #readBundle(logs: LogTable, positions: readonly Position[]): Promise<[Position, MediaRecord][]> {
    const indices = positions.map(indexOf);
    const from = Math.min(...indices);
    const { name } = logs.logAt(positions[0] as Position);
    const entries = await this.#source.read(name, from, Math.max(...indices) + 1);
    const records: [Position, MediaRecord][] = [];
    for (const [i, position] of positions.entries()) {
      const bytes = entries[(indices[i] as number) - from];
      if (bytes === undefined) continue;
      // A copy, because a decoded entry is a window and would keep the whole bundle in memory.
      const { statement } = decodeEntry(bytes.slice());
      if (statement.case === 'mediaRecord') records.push([position, statement.value]);
    }
    return records;
  }
}

function inBundles(positions: readonly Position[]): Iterable<Position[]> {
  const bundles = new Map<Binary, Position[]>();
  for (const position of positions) {
    const bundle = positionOf(logNumberOf(position), Math.floor(indexOf(position) / BUNDLE_ENTRIES));
    const together = bundles.get(bundle);
    if (together === undefined) bundles.set(bundle, [position]);
    else together.push(position);
  }
  return bundles.values();
}
