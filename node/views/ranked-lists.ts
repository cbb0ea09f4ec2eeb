// Lists of entries under a key, of which only the first few of each member count; the rest is kept in order
// beside them and moves up when one that counted goes. So however many entries one member puts under one key,
// a change costs the same, and what counts is a function of what is there, not of the order in which it came.
//
//   <space> <key>                  -> the entries that count, sorted, as packed by the list's owner
//   <further space> <key> <entry>  -> nothing
//
// An entry is a position, or a position with something behind it. A list of one entry that came in bulk stands in
// a sorted run instead (runs.ts), until it changes for the first time; an empty row then says that it is gone.

import { type Binary, cut } from './binary.js';
import type { BufferedDb } from './buffered-db.js';
import type { IndexKey } from './index-key.js';
import { memberNumberOf, type Position } from './position.js';
import type { ShortIndex } from './short-index.js';

export type ListEntry = Position | Binary;

export interface ListRules {
  readonly space: string;
  readonly furtherSpace: string;
  /** How many entries of one member count. */
  readonly cap: number;
  /** Which of a member's entries count: its first ones or its last ones. */
  readonly order: 'first' | 'last';
  readonly pack: (entries: readonly ListEntry[]) => Binary;
  /** The entries of each list, in the order of the lists. */
  readonly unpack: (lists: readonly PackedList[]) => Promise<readonly ListEntry[][]>;
  /** False for a key that has no row, as far as that is known without looking; without it, each is looked for. */
  readonly mayHaveRow?: (key: Binary) => boolean;
  /** By what the sorted runs would have a list. */
  readonly indexKey: (key: Binary) => IndexKey;
  readonly index: Pick<ShortIndex, 'noteRow' | 'runsMayHave'>;
  /** The lists under these keys as sorted runs have them, packed. */
  readonly inRuns: (keys: readonly Binary[]) => Promise<readonly (Binary | undefined)[]>;
}

/** Lists whose entries are equally long and stand one after another. */
export function entriesOf(entryBytes: number): Pick<ListRules, 'pack' | 'unpack'> {
  return {
    pack: (entries) => entries.join(''),
    unpack: (lists) => Promise.resolve(lists.map(({ value }) => cut(value, entryBytes))),
  };
}

/** For lists that never come in bulk: no sorted run has any of them. */
export const NEVER_IN_BULK: Pick<ListRules, 'indexKey' | 'index' | 'inRuns'> = {
  indexKey: (key) => key,
  index: { noteRow: () => undefined, runsMayHave: () => false },
  inRuns: () => Promise.resolve([]),
};

export interface PackedList {
  readonly key: Binary;
  readonly value: Binary;
}

/** Entries that come and go under one key. */
interface ListEdit {
  adds: ListEntry[];
  removes: ListEntry[];
}

/** The entries that counted before and count now. */
export interface ListChange {
  readonly before: readonly ListEntry[];
  readonly now: readonly ListEntry[];
}

/** Shared and never added to: most edits add one entry under a key under which nothing stood. */
const NONE: ListEntry[] = [];

/** The edits of a batch. */
export class ListEdits {
  readonly byKey = new Map<Binary, ListEdit>();

  add(key: Binary, entry: ListEntry): void {
    const edit = this.byKey.get(key);
    if (edit === undefined) this.byKey.set(key, { adds: [entry], removes: NONE });
    else if (edit.adds.length === 0) edit.adds = [entry];
    else edit.adds.push(entry);
  }

  remove(key: Binary, entry: ListEntry): void {
    const edit = this.byKey.get(key);
    if (edit === undefined) this.byKey.set(key, { adds: NONE, removes: [entry] });
    else if (edit.removes.length === 0) edit.removes = [entry];
    else edit.removes.push(entry);
  }
}

/** Carries out the edits and says what changed; keys under which nothing changed that counts are left out. */
export async function editLists(
  db: BufferedDb,
  rules: ListRules,
  { byKey }: ListEdits,
): Promise<Map<Binary, ListChange>> {
  const keys = [...byKey.keys()];
  const values = await rowsOf(db, rules, keys);
  const inRuns = await withoutRow(keys, values, rules);
  const changes = new Map<Binary, ListChange>();
  const lists: PackedList[] = [];
  let next = 0;
  for (const [key, edit] of byKey) {
    const value = values[next++] ?? inRuns.get(key);
    if (value === undefined && edit.adds.length === 1) {
      rules.index.noteRow(rules.indexKey(key));
      db.put(rules.space + key, rules.pack(edit.adds));
      changes.set(key, { before: NONE, now: edit.adds });
    } else {
      lists.push({ key, value: value ?? '' });
    }
  }
  const unpacked = await rules.unpack(lists);
  for (const [i, { key, value }] of lists.entries()) {
    const before = unpacked[i] as ListEntry[];
    const now = await editList(db, rules, key, before, byKey.get(key) as ListEdit);
    const written = rules.pack(now);
    if (written === value) continue;
    rules.index.noteRow(rules.indexKey(key));
    if (written === '' && !rules.index.runsMayHave(rules.indexKey(key))) db.delete(rules.space + key);
    else db.put(rules.space + key, written);
    changes.set(key, { before, now });
  }
  return changes;
}

/** The rows of the keys, as far as they have any. */
async function rowsOf(
  db: BufferedDb,
  { space, mayHaveRow }: Pick<ListRules, 'space' | 'mayHaveRow'>,
  keys: readonly Binary[],
): Promise<(Binary | undefined)[]> {
  const wanted: Binary[] = [];
  const places: number[] = [];
  for (const [place, key] of keys.entries()) {
    if (mayHaveRow?.(key) === false) continue;
    wanted.push(space + key);
    places.push(place);
  }
  const rows = await db.getMany(wanted);
  if (rows.length === keys.length) return rows;
  const values = new Array<Binary | undefined>(keys.length);
  for (const [i, place] of places.entries()) values[place] = rows[i];
  return values;
}

/** Of the keys that have no row, the lists that sorted runs have. */
async function withoutRow(
  keys: readonly Binary[],
  values: readonly (Binary | undefined)[],
  { index, indexKey, inRuns }: ListRules,
): Promise<Map<Binary, Binary>> {
  const found = new Map<Binary, Binary>();
  const wanted = keys.filter((key, i) => values[i] === undefined && index.runsMayHave(indexKey(key)));
  if (wanted.length === 0) return found;
  for (const [i, list] of (await inRuns(wanted)).entries()) {
    if (list !== undefined) found.set(wanted[i] as Binary, list);
  }
  return found;
}

async function editList(
  db: BufferedDb,
  rules: ListRules,
  key: Binary,
  before: readonly ListEntry[],
  edit: ListEdit,
): Promise<ListEntry[]> {
  const [added] = edit.adds;
  if (added !== undefined && edit.adds.length === 1 && edit.removes.length === 0) {
    const member = memberNumberOf(added);
    const isFull = before.filter((entry) => entry.startsWith(member)).length >= rules.cap;
    if (!isFull && !before.includes(added)) return [...before, added].sort();
  }
  const members = new Set([...edit.adds, ...edit.removes].map(memberNumberOf));
  const now = before.filter((entry) => !members.has(memberNumberOf(entry)));
  for (const member of members) {
    const ofMember = (entry: ListEntry): boolean => memberNumberOf(entry) === member;
    const counted = before.filter(ofMember);
    const own = { adds: edit.adds.filter(ofMember), removes: edit.removes.filter(ofMember) };
    now.push(...(await editMember(db, rules, key, counted, own)));
  }
  return now.sort();
}

/** Edits one member's part of a list and returns what counts of it now. */
async function editMember(
  db: BufferedDb,
  rules: ListRules,
  key: Binary,
  counted: readonly ListEntry[],
  { adds, removes }: ListEdit,
): Promise<ListEntry[]> {
  const further = rules.furtherSpace + key;
  const gone = new Set(removes);
  const candidates = new Set(counted.filter((entry) => !gone.has(entry)));
  // Only a full list has others behind it.
  if (counted.length === rules.cap) {
    const wanted = counted.length - candidates.size;
    for (const entry of removes) if (!counted.includes(entry)) db.delete(further + entry);
    for (const entry of await nextInRank(db, rules, key, counted[0] as ListEntry, wanted, gone)) {
      db.delete(further + entry);
      candidates.add(entry);
    }
  }
  for (const entry of adds) candidates.add(entry);
  const ranked = [...candidates].sort();
  if (rules.order === 'last') ranked.reverse();
  for (const entry of ranked.slice(rules.cap)) db.put(further + entry, '');
  return ranked.slice(0, rules.cap);
}

/** The best-ranked entries of a member that do not count yet, without those that are gone. */
async function nextInRank(
  db: BufferedDb,
  rules: ListRules,
  key: Binary,
  anyOfMember: ListEntry,
  wanted: number,
  gone: ReadonlySet<ListEntry>,
): Promise<ListEntry[]> {
  const found: ListEntry[] = [];
  if (wanted === 0) return found;
  const prefix = rules.furtherSpace + key;
  const from = prefix + memberNumberOf(anyOfMember);
  // Nine bytes of 0xff sort behind the eight that follow the member's number in each of its positions.
  const to = from + '\xff'.repeat(9);
  for await (const [row] of db.scan(from, to, { reverse: rules.order === 'last' })) {
    const entry = row.slice(prefix.length);
    if (gone.has(entry)) continue;
    found.push(entry);
    if (found.length === wanted) break;
  }
  return found;
}
