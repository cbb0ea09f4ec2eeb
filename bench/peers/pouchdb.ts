// The part of PouchDB that is used here.

import { peer } from './install.js';

/** A record as a document. */
export interface RecordDocument {
  readonly _id: string;
  readonly _rev?: string;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  readonly [field: string]: unknown;
}

interface Rows {
  readonly rows: readonly { readonly id: string; readonly doc?: RecordDocument }[];
}

export interface Pouch {
  bulkDocs(documents: readonly object[], options?: { new_edits: boolean }): Promise<readonly unknown[]>;
  allDocs(options: { include_docs: boolean; limit: number; startkey: string; skip: number }): Promise<Rows>;
  put(document: object): Promise<unknown>;
  query(view: string, options: { key?: string; limit?: number }): Promise<Rows>;
}

export interface PouchSettings {
  readonly auto_compaction?: boolean;
  readonly revs_limit?: number;
}

/** Opens the database of the folder, over LevelDB. */
export function openPouch(folder: string, settings: PouchSettings = {}): Pouch {
  const PouchDB = peer<new (folder: string, settings: object) => Pouch>('pouchdb');
  return new PouchDB(folder, { adapter: 'leveldb', ...settings });
}

const BY_HASH = 'by-hash';
const MAP = 'function (doc) { emit(doc.sha256); emit(doc.sha1); emit(doc.md5); }';

/** Adds the one view, with three keys a record. */
export async function addView(pouch: Pouch): Promise<void> {
  await pouch.put({ _id: `_design/${BY_HASH}`, views: { [BY_HASH]: { map: MAP } } });
}

/** Finds records by any of their hashes, once the view has followed. */
export async function find(pouch: Pouch, key: string): Promise<number> {
  return (await pouch.query(BY_HASH, { key })).rows.length;
}

/** Lets the view follow. */
export async function follow(pouch: Pouch): Promise<void> {
  await pouch.query(BY_HASH, { limit: 1 });
}
