// Where an import reads from. With --strict everything is read twice, so standard input is first spooled to a
// private temporary file; memory stays bounded either way.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { utcDay } from '../../node/clock.js';
import { Failure } from '../../node/failure.js';
import { dayText } from '../../node/statements/day.js';
import { type ReadOptions, readRecords } from '../formats/read-records.js';
import type { RecordLine } from '../formats/record-line.js';
import { UsedWrongly } from './terminal.js';

export interface ImportSource {
  /** As messages name it. */
  readonly name: string;
  /** The lines, from the beginning at each call; a stream that is not spooled can be read once. */
  read(options: ReadOptions): AsyncIterable<RecordLine[]>;
  close(): Promise<void>;
}

/** A file, or standard input for `-`. */
export async function importSource(
  path: string,
  stdin: Readable,
  { twice, signal }: { readonly twice: boolean; readonly signal: AbortSignal },
): Promise<ImportSource> {
  if (path !== '-') {
    if (twice) await refusePipe(path);
    return { name: path, read: (options) => notEnded(readRecords(path, options)), async close() {} };
  }
  const name = 'standard input';
  if (!twice)
    return { name, read: (options) => notEnded(readRecords('-', { ...options, stdin })), async close() {} };
  const folder = await mkdtemp(join(tmpdir(), 'icse-import-'));
  const spool = join(folder, 'input');
  try {
    await pipeline(stdin, createWriteStream(spool, { flags: 'wx', mode: 0o600 }), { signal });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    signal.throwIfAborted();
    throw new Failure(
      'cannot-spool',
      `standard input cannot be kept in ${folder}: ${(error as Error).message}`,
      error,
    );
  }
  return {
    name,
    read: (options) => notEnded(readRecords('-', { ...options, stdin: createReadStream(spool) })),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function refusePipe(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile() || found.isDirectory()) return;
  throw new UsedWrongly(`--strict reads ${path} twice, so it must be a file; or write - for standard input`);
}

/** What the node would refuse at publishing is refused here, so that --strict and --dry-run know it as well. */
async function* notEnded(batches: AsyncIterable<RecordLine[]>): AsyncGenerator<RecordLine[]> {
  const today = utcDay(Date.now());
  for await (const batch of batches) {
    yield batch.map((read) =>
      'record' in read && read.keepUntilDay !== 0 && read.keepUntilDay < today
        ? { line: read.line, reason: `keepUntil: ${dayText(read.keepUntilDay)} is in the past` }
        : read,
    );
  }
}
