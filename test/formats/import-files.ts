// Import files for tests: given as text or bytes, read through standard input or from a folder on disk.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type ReadOptions, readRecords } from '../../gateway/formats/read-records.js';
import type { RecordLine } from '../../gateway/formats/record-line.js';
import { recordToJson } from '../../node/statements/record-json.js';

export const MD5 = 'ab'.repeat(16);
export const SHA1 = 'cd'.repeat(20);
export const SHA256 = 'ef'.repeat(32);

/** All lines that a reading gives. */
export async function linesOf(reading: AsyncIterable<RecordLine[]>): Promise<RecordLine[]> {
  const lines: RecordLine[] = [];
  for await (const batch of reading) for (const line of batch) lines.push(line);
  return lines;
}

/** Reads text or bytes as standard input, in pieces of the given size. */
export function readInput(
  input: string | Uint8Array,
  options: ReadOptions & { pieceBytes?: number } = {},
): Promise<RecordLine[]> {
  const bytes = Buffer.from(input);
  const size = options.pieceBytes ?? 65_536;
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
  return linesOf(readRecords('-', { ...options, stdin: Readable.from(pieces) }));
}

/** What was read, short: `3: {"md5":"abab..."}` as JSON form, or `3: the reason`. */
export function shortly(lines: readonly RecordLine[]): string[] {
  return lines.map((line) =>
    'reason' in line
      ? `${line.line}: ${line.reason}`
      : `${line.line}: ${JSON.stringify(recordToJson(line.record, line.keepUntilDay))}`,
  );
}

/** A folder for one test file, and how to write into it and remove it. */
export function aFolder() {
  const path = mkdtempSync(join(tmpdir(), 'icse-formats-'));
  return {
    path,
    write(name: string, content: string | Uint8Array): string {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
    remove: () => rmSync(path, { recursive: true }),
  };
}
