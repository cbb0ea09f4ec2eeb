// The hashes view: under which hash which current records stand. It is what exact look-up, overlaps and hits
// are made from.
//
//   h <short key>          -> postings that count, sorted (postings.ts)
//   x <short key> <entry>  -> nothing: beyond POSTINGS_OF_A_MEMBER

import type { Hash } from 'node:crypto';
import { type Binary, fromBinary, u48 } from './binary.js';
import { type Row, type Snapshot, scan, type ViewsDatabase } from './buffered-db.js';
import { type HashKey, shortKey, tailOf } from './hash-key.js';
import { kindOf, RECORD_KIND } from './index-key.js';
import type { LogTable } from './log-table.js';
import { indexOf, POSITION_BYTES, type Position } from './position.js';
import { packPostings, postingsIn, unpackPostings } from './postings.js';
import { editLists, type ListChange, ListEdits, type ListEntry } from './ranked-lists.js';
import { rowsOfRuns } from './run-rows.js';
import { rangeOf, SPACE } from './spaces.js';
import type { Step, View } from './view.js';

/**
 * How many records of one member under one hash (strictly: under its first eight bytes) are looked up,
 * compared and told; its first ones count. One file is one record, or a few when it belongs to several
 * series; a member that puts ten thousand records under one hash must not make every look-up and every
 * arrival under it ten thousand times as dear.
 */
export const POSTINGS_OF_A_MEMBER = 64;

export const hashesView: View = {
  name: 'hashes',
  version: 1,

  async follow(step: Step): Promise<void> {
    const edits = new ListEdits();
    for (const { hashes, position } of step.reversed) {
      for (const key of hashes) edits.remove(shortKey(key), position + tailOf(key));
    }
    for (const { hashes, position } of step.applied) {
      for (const key of hashes) edits.add(shortKey(key), position + tailOf(key));
    }
    const changes = await editLists(
      step.db,
      {
        space: SPACE.posting,
        furtherSpace: SPACE.furtherPosting,
        cap: POSTINGS_OF_A_MEMBER,
        order: 'first',
        pack: packPostings,
        unpack: (lists) => unpackPostings(step.db, [...step.applied, ...step.reversed], lists),
        indexKey: (key) => key,
        index: step.index,
        inRuns: (keys) => step.index.runs.find(step.db, keys),
      },
      edits,
    );
    step.postings = byWholeHash(changes);
  },

  async digest(db: ViewsDatabase, snapshot: Snapshot, logs: LogTable, hash: Hash): Promise<void> {
    for await (const [key, value] of allPostings(db, snapshot)) {
      const places = postingsIn({ key, value }).map(
        ({ position, tail = '' }) => `${placeText(logs, position)}${tail}`,
      );
      hash.update(fromBinary(`${key}${places.sort().join('')}\n`));
    }
  },
};

/** The lists under all short keys, in order: those in rows, and those in runs that no row replaces. */
async function* allPostings(db: ViewsDatabase, snapshot: Snapshot): AsyncGenerator<Row> {
  const rows = scan(db, ...rangeOf(SPACE.posting), { snapshot });
  let row = await rows.next();
  for await (const [key, position] of rowsOfRuns(db, snapshot)) {
    if (kindOf(key) === RECORD_KIND) continue;
    while (row.done !== true && row.value[0].slice(1) < key) {
      if (row.value[1] !== '') yield [row.value[0].slice(1), row.value[1]];
      row = await rows.next();
    }
    if (row.done === true || row.value[0].slice(1) !== key) yield [key, position];
  }
  for (; row.done !== true; row = await rows.next()) {
    if (row.value[1] !== '') yield [row.value[0].slice(1), row.value[1]];
  }
}

/** Changes under short keys, told apart by the tails of their entries. */
function byWholeHash(changes: ReadonlyMap<Binary, ListChange>): Map<HashKey, ListChange> {
  const byHash = new Map<HashKey, { before: Position[]; now: Position[] }>();
  const put = (short: Binary, entries: readonly ListEntry[], side: 'before' | 'now'): void => {
    for (const entry of entries) {
      const key = short + entry.slice(POSITION_BYTES);
      let change = byHash.get(key);
      if (change === undefined) {
        change = { before: [], now: [] };
        byHash.set(key, change);
      }
      change[side].push(entry.slice(0, POSITION_BYTES));
    }
  };
  for (const [short, { before, now }] of changes) {
    const [alone = ''] = now;
    if (before.length === 0 && now.length === 1) {
      byHash.set(short + alone.slice(POSITION_BYTES), { before: [], now: [alone.slice(0, POSITION_BYTES)] });
      continue;
    }
    put(short, before, 'before');
    put(short, now, 'now');
  }
  return byHash;
}

/** `<log name> 00 <index, six bytes>`: the same on every node. */
function placeText(logs: LogTable, position: Position): Binary {
  return `${logs.logAt(position).name}\0${u48(indexOf(position))}`;
}
