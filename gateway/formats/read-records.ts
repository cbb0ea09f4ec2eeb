// Import files as a stream of records, whatever their format: opens, recognises, reads line by line, and
// hands on batches. Memory is bounded by a chunk of the file and its records, however large the file.

import type { Readable } from 'node:stream';
import { BadImport } from './bad-import.js';
import { checksumListReader } from './checksum-list.js';
import { CsvReader } from './csv.js';
import { detectFormat, type Format } from './detect.js';
import { openImportFile, standardInput } from './import-file.js';
import { jsonLinesReader } from './json-lines.js';
import { isBlank, type Line, LineSplitter, type TextLine } from './lines.js';
import {
  checkDefaults,
  type FormatReader,
  type RecordDefaults,
  type RecordLine,
  refusedLine,
} from './record-line.js';

/** Lines that are looked at for the format: the first of a list may be its bad ones. */
const MAX_UNTOLD = 100;

/** Records in a batch: enough to share a disk sync, few enough to be done within one turn. */
export const MAX_BATCH = 1000;

export interface ReadOptions {
  readonly format?: 'auto' | Format | undefined;
  readonly defaults?: RecordDefaults | undefined;
  /** `totalBytes` is undefined where it cannot be known, as in a pipe. */
  readonly onProgress?: ((bytesRead: number, totalBytes: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the path `-` stands for; process.stdin unless given. */
  readonly stdin?: Readable | undefined;
}

/**
 * The records of a file, or of standard input for the path `-`, in batches of at most MAX_BATCH. Faults of
 * a line are told in its place. Throws BadImport where the file as a whole will not do, which may be after
 * some batches, and BadRecord for bad defaults.
 */
export async function* readRecords(path: string, options: ReadOptions = {}): AsyncGenerator<RecordLine[]> {
  const defaults = options.defaults ?? {};
  checkDefaults(defaults);
  const isStdin = path === '-';
  const file = isStdin
    ? standardInput(options.stdin ?? process.stdin, options.signal)
    : await openImportFile(path, options.signal);
  const splitter = new LineSplitter(file.name);
  const format = options.format ?? 'auto';
  let reader = format === 'auto' ? undefined : readerOf(format, file.name, defaults);
  /** Lines before the one that tells the format; at most MAX_UNTOLD of those that are not too long. */
  let held: Line[] = [];
  let untold = 0;
  let bytesRead = 0;
  let sawLine = false;

  for await (const chunk of file.chunks) {
    bytesRead += chunk.length;
    options.onProgress?.(bytesRead, file.totalBytes);
    yield* batches(take(splitter.push(chunk)));
  }
  yield* batches(take(splitter.end()));
  if (!sawLine) throw new BadImport(file.name, bytesRead === 0 ? 'is empty' : 'has nothing but blank lines');
  yield* batches(finish());

  function take(lines: Line[]): RecordLine[] {
    sawLine ||= lines.some((line) => !isBlank(line));
    if (reader !== undefined) return reader.read(lines);
    for (let n = 0; n < lines.length; n++) {
      const line = lines[n] as Line;
      if (isBlank(line)) continue;
      held.push(line);
      if ('reason' in line) continue;
      const found = formatBy(line);
      if (found !== undefined) return begin(found, lines.slice(n + 1));
      if (++untold === MAX_UNTOLD) throw unknownFormat();
    }
    return [];
  }

  function finish(): RecordLine[] {
    if (reader !== undefined) return reader.end();
    if (untold > 0) throw unknownFormat();
    // All are too long: whatever the format is, that is what is wrong with them.
    const found = detectFormat(nameOf(path), undefined);
    if (found !== undefined) {
      const named = readerOf(found, file.name, defaults);
      return [...named.read(held), ...named.end()];
    }
    return held.flatMap((line) => ('reason' in line ? [refusedLine(line.number, [line.reason])] : []));
  }

  /** Only the first line may be the header of a CSV file. */
  function formatBy({ text }: TextLine): Format | undefined {
    const found = detectFormat(nameOf(path), text);
    return found === 'csv' && untold > 0 ? undefined : found;
  }

  function begin(found: Format, more: readonly Line[]): RecordLine[] {
    reader = readerOf(found, file.name, defaults);
    const waiting = held;
    held = [];
    return reader.read([...waiting, ...more]);
  }

  function unknownFormat(): BadImport {
    return new BadImport(
      file.name,
      'its format is not recognised: JSON lines, CSV with a header, and checksum lists are',
      { line: held.find((line) => 'text' in line)?.number },
    );
  }
}

/** Standard input has no name that could tell a format. */
const nameOf = (path: string) => (path === '-' ? '' : path);

function readerOf(format: Format, file: string, defaults: RecordDefaults): FormatReader {
  switch (format) {
    case 'jsonl':
      return jsonLinesReader(defaults);
    case 'csv':
      return new CsvReader(file, defaults);
    case 'checksums':
      return checksumListReader(defaults);
  }
}

function* batches(lines: RecordLine[]): Generator<RecordLine[]> {
  for (let start = 0; start < lines.length; start += MAX_BATCH) yield lines.slice(start, start + MAX_BATCH);
}
