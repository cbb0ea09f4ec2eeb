// The log store on LevelDB, the embedded default. Each write is one synced batch; the heads are also in memory,
// so that comparing them costs no read. LevelDB's own block checksums are out of our reach (classic-level does
// not offer verify_checksums, and compaction gives bad blocks new ones), so each value carries a checksum.
//
//   head     icse/<federation>/NL 00 'h'            object   icse/<federation>/NL 00 'o' <object key>
//   value    the bytes, then CRC-32 of bytes and key (4 bytes, little-endian)

import { mkdir } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ClassicLevel } from 'classic-level';
import type { Failure } from '../failure.js';
import { BadName, type LogName, parseLogName } from '../names.js';
import { CommitQueue } from './commit-queue.js';
import { createGate } from './gate.js';
import { findLoss } from './level-recovery.js';
import {
  type Commit,
  checkObjectKey,
  type LogStore,
  StoreClosed,
  StoreDamaged,
  StoreLocked,
  StoreUnreadable,
  StoreUnwritable,
} from './log-store.js';
import { scrub } from './scrub.js';

type Database = ClassicLevel<string, Uint8Array>;

/** Settings of LevelDB, but for where it lies. */
export const LEVEL_OPTIONS = {
  keyEncoding: 'utf8',
  valueEncoding: 'view',
  /** Nearly all of an entry is hashes and salt, which do not compress. */
  compression: false,
  /** Measured: as fast as 16 MB, and faster than 4, 64 and 256. Up to two are in memory, and one is read at a start. */
  writeBufferSize: 8 * 1024 * 1024,
  /**
   * As large as the write buffer: 100 million records are then about 3,200 files, not 12,000. A compaction has many files
   * in memory as a whole, and with 16 MB a node that took a million records peaked 90 MB higher.
   */
  maxFileSize: 8 * 1024 * 1024,
  /** A bundle or tile (8 to 60 KB) has a block to itself whatever this is; only small pieces share one. */
  blockSize: 16 * 1024,
  /** The tails that peers and views read again and again; whoever catches up reads each bundle once. */
  cacheSize: 16 * 1024 * 1024,
} as const;

const CHECKSUM_BYTES = 4;

/**
 * Opens the store, or makes it (mode 0700).
 * Throws StoreLocked, StoreDamaged, StoreUnwritable or StoreUnreadable.
 */
export async function openLevelStore(directory: string): Promise<LogStore> {
  await prepareDirectory(directory);
  const db: Database = new ClassicLevel(directory, LEVEL_OPTIONS);
  try {
    await db.open();
  } catch (error) {
    throw openFailure(directory, (error as Error).cause ?? error);
  }
  try {
    return storeOver(db, directory, await readHeads(db, directory));
  } catch (error) {
    await db.close();
    throw error;
  }
}

function storeOver(db: Database, directory: string, heads: ReadonlyMap<LogName, Uint8Array>): LogStore {
  const gate = createGate();
  const queue = new CommitQueue(heads, (commits) => gate.use(() => writeBatch(db, directory, commits)));
  let isClosed = false;
  const checkOpen = () => {
    if (isClosed || db.status === 'closed') throw new StoreClosed();
  };
  const objects = async (log: LogName, keys: readonly string[]) => {
    checkOpen();
    keys.forEach(checkObjectKey);
    const stored = keys.map((key) => objectKey(log, key));
    const values = await gate
      .use(() => db.getMany(stored))
      .catch((error) => {
        throw readFailure(directory, error);
      });
    return stored.map((key, i) => {
      const value = values[i];
      return value === undefined ? undefined : checkedValue(directory, key, value);
    });
  };
  return {
    async logs() {
      checkOpen();
      return queue.logs();
    },
    async head(log) {
      checkOpen();
      return queue.head(log);
    },
    async object(log, key) {
      const [value] = await objects(log, [key]);
      return value;
    },
    objects,
    async keys(log, prefix) {
      checkOpen();
      const from = objectKey(log, prefix);
      try {
        // 0x7f is above every character of an object key.
        const found = await gate.use(() => db.keys({ gte: from, lt: `${from}\x7f` }).all());
        return found.map((key) => key.slice(objectKey(log, '').length));
      } catch (error) {
        throw readFailure(directory, error);
      }
    },
    commit: (commits) => queue.commit(commits),
    async scrub() {
      checkOpen();
      try {
        await scrub(db, gate);
      } catch (error) {
        throw openFailure(directory, (error as Error).cause ?? error);
      }
    },
    async close() {
      await queue.close();
      isClosed = true;
      await gate.alone(() => db.close());
    },
  };
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StoreUnwritable(directory, cause);
  }
  let loss: string | undefined;
  try {
    loss = await findLoss(directory);
  } catch (cause) {
    throw new StoreUnreadable(directory, cause);
  }
  if (loss !== undefined) throw new StoreDamaged(directory, new Error(loss));
}

/** A log's head sorts before its objects, so one seek a log finds them all. */
async function readHeads(db: Database, directory: string): Promise<Map<LogName, Uint8Array>> {
  const heads = new Map<LogName, Uint8Array>();
  const iterator = db.iterator();
  try {
    for (let entry = await iterator.next(); entry !== undefined; entry = await iterator.next()) {
      const [key, value] = entry;
      const log = key.slice(0, -2) as LogName;
      parseLogName(log);
      if (key !== headKey(log)) throw new StoreDamaged(directory, new Error(`${log} has no head`));
      heads.set(log, checkedValue(directory, key, value));
      iterator.seek(`${log}\x01`);
    }
    return heads;
  } catch (error) {
    if (error instanceof StoreDamaged) throw error;
    if (error instanceof BadName) throw new StoreDamaged(directory, error);
    throw readFailure(directory, error);
  } finally {
    await iterator.close();
  }
}

async function writeBatch(db: Database, directory: string, commits: readonly Commit[]): Promise<void> {
  const batch = commits.flatMap(({ log, head, puts, deletes }) => [
    ...deletes.map((key) => ({ type: 'del' as const, key: objectKey(log, key) })),
    ...puts.map(([key, value]) => put(objectKey(log, key), value)),
    put(headKey(log), head),
  ]);
  try {
    await db.batch(batch, { sync: true });
  } catch (error) {
    if (codeOf(error) === 'LEVEL_CORRUPTION') throw new StoreDamaged(directory, error);
    throw new StoreUnwritable(directory, error);
  }
}

function put(key: string, bytes: Uint8Array) {
  const value = Buffer.allocUnsafe(bytes.length + CHECKSUM_BYTES);
  value.set(bytes);
  value.writeUInt32LE(checksum(key, bytes), bytes.length);
  return { type: 'put' as const, key, value };
}

function checkedValue(directory: string, key: string, stored: Uint8Array): Uint8Array {
  const sizeBytes = stored.length - CHECKSUM_BYTES;
  const bytes = stored.subarray(0, Math.max(sizeBytes, 0));
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  if (sizeBytes < 0 || view.getUint32(sizeBytes, true) !== checksum(key, bytes)) {
    throw new StoreDamaged(directory, new Error(`checksum mismatch at ${JSON.stringify(key)}`));
  }
  return bytes;
}

/** The key comes last because zlib forgets what came before when it is handed no bytes, as in an empty value. */
function checksum(key: string, bytes: Uint8Array): number {
  return crc32(key, crc32(bytes));
}

function headKey(log: LogName): string {
  return `${log}\0h`;
}

function objectKey(log: LogName, key: string): string {
  return `${log}\0o${key}`;
}

function openFailure(directory: string, error: unknown): Failure {
  if (codeOf(error) === 'LEVEL_LOCKED') return new StoreLocked(directory, error);
  // LevelDB writes when it opens. It hands on no errno, only its text.
  if (/No space left|Read-only|quota exceeded|Permission denied/.test(String(error))) {
    return new StoreUnwritable(directory, error);
  }
  return readFailure(directory, error);
}

function readFailure(directory: string, error: unknown): Failure {
  if (error instanceof StoreDamaged) return error;
  if (/_NOT_OPEN$/.test(codeOf(error))) return new StoreClosed();
  if (codeOf(error) === 'LEVEL_IO_ERROR' && !/No such file/.test(String(error))) {
    return new StoreUnreadable(directory, error);
  }
  return new StoreDamaged(directory, error);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}
