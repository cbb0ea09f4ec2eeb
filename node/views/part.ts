// The connected part of a thing: all that belongs together with it by what counts (standing-joins.ts), found by a
// walk in breadth over the views as they are now, which no order of arrival can have shaped.
//
// The walk is bounded: it goes to MAX_THINGS things, looks at twice as many, and reads MAX_READ statements and records.
// A part that is larger is told as truncated, with what is nearest to where the walk began. Things are visited in
// an order that is the same on every node.

import type { ThingKind } from '../statements/link.js';
import type { Reader } from './buffered-db.js';
import type { HashKey } from './hash-key.js';
import type { LiveRecord } from './live-records.js';
import type { LiveStatement } from './live-statements.js';
import type { LogTable } from './log-table.js';
import { joinsIn, thingsIn } from './naming.js';
import { memberNumberOf, type Position } from './position.js';
import { StandingJoins } from './standing-joins.js';
import { isMedia, ownerOf, type ThingKey } from './thing-key.js';

/** More than anybody looks at, and what a walk of some ten milliseconds reaches. */
export const MAX_THINGS = 2000;

const MAX_LOOKED_AT = 2 * MAX_THINGS;
const MAX_READ = 8192;
/** Things that are read at once. */
const TOGETHER = 64;

/** How a record joins two of its hashes. */
export const SAME_FILE = 'same-file';

export interface PartEdge {
  readonly from: ThingKey;
  readonly to: ThingKey;
  /** The word of a relation, of a kind of event, or SAME_FILE. */
  readonly relation: string;
  /** Undefined for events and records. */
  readonly confidence: string | undefined;
  /** The entry that says so. */
  readonly position: Position;
  /** False: it joins nothing; one of its ends may be no thing of the part. */
  readonly counts: boolean;
}

export interface Part {
  /** In the order of the walk. */
  readonly things: ReadonlySet<ThingKey>;
  /** The kinds of all things that are named, as statements say them, the owner's first of all. */
  readonly kinds: ReadonlyMap<ThingKey, ThingKind>;
  /** In the order of their entries. */
  readonly edges: readonly PartEdge[];
  /** Those that name one of the things, in the order of their places. */
  readonly statements: readonly LiveStatement[];
  /** Current records that bear one of the things, in the order of their places. */
  readonly records: readonly LiveRecord[];
  readonly truncated: boolean;
}

export interface PartSource {
  readonly reader: Reader;
  readonly logs: LogTable;
  readonly bearing: (hashes: readonly HashKey[]) => Promise<LiveRecord[][]>;
}

/** The connected part of the thing. */
export async function partOf(source: PartSource, start: ThingKey): Promise<Part> {
  const standing = new StandingJoins(source.reader, source.logs, source.bearing);
  const visited = new Set([start]);
  const lookedAt = new Set<ThingKey>();
  let isTruncated = await load([start]);
  let ring = [start];
  while (ring.length > 0) {
    const next: ThingKey[] = [];
    for (let at = 0; at < ring.length; at += TOGETHER) {
      const reached = ring.slice(at, at + TOGETHER).map((thing) => [thing, neighbours(thing)] as const);
      isTruncated = (await load(reached.flatMap(([, candidates]) => [...candidates.keys()]))) || isTruncated;
      for (const [thing, candidates] of reached) next.push(...visit(thing, candidates));
    }
    ring = next;
  }
  return partFrom(source.logs, standing, visited, isTruncated || standing.isCapped([...visited]));

  /** Looks at things, as far as the bounds let it; true when they do not. */
  async function load(things: readonly ThingKey[]): Promise<boolean> {
    const wanted = [...new Set(things)].filter((thing) => !lookedAt.has(thing));
    for (let at = 0; at < wanted.length; at += TOGETHER) {
      if (lookedAt.size >= MAX_LOOKED_AT || standing.statements.size + standing.records.size >= MAX_READ) {
        return true;
      }
      const together = wanted.slice(at, at + TOGETHER);
      await standing.load(together);
      for (const thing of together) lookedAt.add(thing);
    }
    return false;
  }

  /** What may belong together with a thing, sorted, and by which statements and records. */
  function neighbours(thing: ThingKey): Map<ThingKey, (Position | LiveRecord)[]> {
    const found = new Map<ThingKey, (Position | LiveRecord)[]>();
    const note = (other: ThingKey, by: Position | LiveRecord): void => {
      const known = found.get(other);
      if (known === undefined) found.set(other, [by]);
      else known.push(by);
    };
    for (const { said, position } of standing.statementsOf(thing)) {
      for (const { from, to } of joinsIn(said)) {
        if (from === thing) note(to, position);
        else if (to === thing) note(from, position);
      }
    }
    if (isMedia(thing)) {
      for (const record of standing.bearersOf(thing)) {
        if (!standing.isBorne(thing, record)) continue;
        for (const other of record.hashes) if (other !== thing) note(other, record);
      }
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  function visit(thing: ThingKey, candidates: ReadonlyMap<ThingKey, (Position | LiveRecord)[]>): ThingKey[] {
    const fresh: ThingKey[] = [];
    for (const [other, reasons] of candidates) {
      if (visited.has(other) || !lookedAt.has(other)) continue;
      const counts = reasons.some((by) =>
        typeof by === 'string'
          ? standing.stands({ from: thing, to: other }, by)
          : standing.isBorne(other, by),
      );
      if (!counts) continue;
      if (visited.size >= MAX_THINGS) {
        isTruncated = true;
        break;
      }
      visited.add(other);
      fresh.push(other);
    }
    return fresh;
  }
}

function partFrom(
  logs: LogTable,
  standing: StandingJoins,
  visited: ReadonlySet<ThingKey>,
  truncated: boolean,
): Part {
  const statements = new Map<Position, LiveStatement>();
  const records = new Map<Position, LiveRecord>();
  for (const thing of visited) {
    for (const statement of standing.statementsOf(thing)) statements.set(statement.position, statement);
    if (!isMedia(thing)) continue;
    for (const record of standing.bearersOf(thing)) records.set(record.position, record);
  }
  const inOrder = byPlace(logs);
  const said = [...statements.values()].sort(inOrder);
  const borne = [...records.values()].sort(inOrder);
  return {
    things: visited,
    kinds: kindsOf(logs, said),
    edges: [...edgesBySaying(standing, said), ...edgesByRecords(standing, visited, borne)],
    statements: said,
    records: borne,
    truncated,
  };
}

/** The order of members' codes, then of their logs: the same on every node. */
function byPlace(logs: LogTable): (a: { position: Position }, b: { position: Position }) => number {
  return (a, b) => {
    const [mine, other] = [memberNumberOf(a.position), memberNumberOf(b.position)];
    if (mine !== other) return logs.codeOf(mine) < logs.codeOf(other) ? -1 : 1;
    return a.position < b.position ? -1 : Number(a.position > b.position);
  };
}

const KINDS: readonly ThingKind[] = ['media', 'victim', 'suspect', 'place', 'series'];

/** The kind of each thing: as its owner says, else as others do; where they differ, the first of the list. */
function kindsOf(logs: LogTable, statements: readonly LiveStatement[]): Map<ThingKey, ThingKind> {
  const ranks = new Map<ThingKey, number>();
  for (const { said, position } of statements) {
    const { member } = logs.logAt(position);
    for (const { key, kind } of thingsIn(said)) {
      if (kind === undefined) continue;
      const rank = KINDS.indexOf(kind) + (ownerOf(key) === member ? 0 : KINDS.length);
      ranks.set(key, Math.min(rank, ranks.get(key) ?? rank));
    }
  }
  return new Map([...ranks].map(([thing, rank]) => [thing, KINDS[rank % KINDS.length] as ThingKind]));
}

function edgesBySaying(standing: StandingJoins, statements: readonly LiveStatement[]): PartEdge[] {
  return statements.flatMap(({ said, position }) =>
    joinsIn(said).map((join) => ({ ...join, position, counts: standing.stands(join, position) })),
  );
}

/** For each record edges from its strongest hash that counts to its others; each pair of hashes once. */
function edgesByRecords(
  standing: StandingJoins,
  visited: ReadonlySet<ThingKey>,
  records: readonly LiveRecord[],
): PartEdge[] {
  const edges = new Map<string, PartEdge>();
  for (const record of records) {
    const from = record.hashes.find((hash) => standing.isBorne(hash, record)) ?? record.hashes[0];
    if (from === undefined) continue;
    for (const to of record.hashes) {
      if (to === from || !(visited.has(from) || visited.has(to))) continue;
      const counts = standing.isBorne(from, record) && standing.isBorne(to, record);
      const known = edges.get(from + to);
      if (known !== undefined && (known.counts || !counts)) continue;
      const { position } = record;
      edges.set(from + to, { from, to, relation: SAME_FILE, confidence: undefined, position, counts });
    }
  }
  return [...edges.values()];
}
