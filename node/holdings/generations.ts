// The directory of the holdings. What is deleted from LevelDB stays in its write-ahead log, in tables that no
// compaction has reached and in its manifest; so 'gone from disk' is done by copying what is left into a new
// database beside the old one and deleting the old one whole.
//
//   holdings/7      the database
//   holdings/8.new  a copy being made; worthless after a crash

import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassicLevel } from 'classic-level';
import { Failure } from '../failure.js';
import { openDatabase as openLevel } from '../store/open-database.js';

export type HoldingsDatabase = ClassicLevel<Uint8Array, Uint8Array>;

export interface Generation {
  readonly number: number;
  readonly db: HoldingsDatabase;
}

/** Rows in one write of a copy. */
const COPY_ROWS = 5000;

const NEW = '.new';

/** What follows when damaged holdings are moved away: nobody else has them. */
const HOLDINGS_ANEW = 'holdings are nowhere else: restore them from a backup, or import their lists again';

/**
 * Opens the newest whole database in the directory, deletes all others, and makes the first if there is none.
 * Throws DatabaseDamaged, Failure ('database-unusable').
 */
export async function openNewest(directory: string): Promise<Generation> {
  const names = await namesIn(directory);
  const numbers = names.filter((name) => /^[1-9][0-9]*$/.test(name)).map(Number);
  const newest = Math.max(1, ...numbers);
  for (const name of names) {
    if (name.endsWith(NEW) || numbers.some((number) => number < newest && name === `${number}`)) {
      await rm(join(directory, name), { recursive: true });
    }
  }
  return { number: newest, db: await openDatabase(join(directory, `${newest}`)) };
}

/** Copies the database beside itself; the copy counts from the moment that this returns. Nobody may write meanwhile. */
export async function copyToNext(directory: string, { number, db }: Generation): Promise<Generation> {
  const path = join(directory, `${number + 1}`);
  await rm(path + NEW, { recursive: true, force: true });
  const copy = await openDatabase(path + NEW);
  const rows = db.iterator();
  try {
    for (let page = await rows.nextv(COPY_ROWS); page.length > 0; page = await rows.nextv(COPY_ROWS)) {
      await copy.batch(
        page.map(([key, value]) => ({ type: 'put', key, value })),
        { sync: true },
      );
    }
  } finally {
    await rows.close();
    await copy.close();
  }
  await rename(path + NEW, path);
  await syncDirectory(directory);
  return { number: number + 1, db: await openDatabase(path) };
}

/** Deletes the database, which is closed. */
export async function deleteGeneration(directory: string, number: number): Promise<void> {
  await rm(join(directory, `${number}`), { recursive: true });
  await syncDirectory(directory);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return await readdir(directory);
  } catch (error) {
    const { message } = error as Error;
    throw new Failure('database-unusable', `${directory} cannot be opened: ${message}`, error);
  }
}

function openDatabase(path: string): Promise<HoldingsDatabase> {
  const bytes = { keyEncoding: 'view', valueEncoding: 'view' } as const;
  return openLevel<Uint8Array, Uint8Array>(path, bytes, HOLDINGS_ANEW);
}

/** Without it a power cut could bring the old name back. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory);
  await handle.sync();
  await handle.close();
}
