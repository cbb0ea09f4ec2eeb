// Import files as a stream of records, whatever their format: opens, recognises, reads line by line, and
// hands on batches. Memory is bounded by a chunk of the file and its records, however large the file.

import type { Readable } from 'node:stream';
import { BadImport } from './bad-import.js';
import { checksumListReader } from './checksum-list.js';
import { CsvReader } from './csv.js';
import { detectFormat, type Format } from './detect.js';
import { openImportFile, standardInput } from './import-file.js';
import { jsonLinesReader } from './json-lines.js';
import { isBlank, type Line, LineSplitter } from './lines.js';
import { checkDefaults, type FormatReader, type RecordDefaults, type RecordLine } from './record-line.js';

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
  /** Lines before the one that tells the format: only such as are too long, and those are short here. */
  let held: Line[] = [];
  let bytesRead = 0;
  let sawLine = false;

  for await (const chunk of file.chunks) {
    bytesRead += chunk.length;
    options.onProgress?.(bytesRead, file.totalBytes);
    yield* batches(take(splitter.push(chunk)));
  }
  yield* batches(take(splitter.end()));
  if (!sawLine) throw new BadImport(file.name, bytesRead === 0 ? 'is empty' : 'has nothing but blank lines');
  reader ??= recognise(undefined);
  yield* batches([...reader.read(held), ...reader.end()]);

  function take(lines: Line[]): RecordLine[] {
    sawLine ||= lines.some((line) => !isBlank(line));
    if (reader === undefined) {
      for (const line of lines) if (!isBlank(line)) held.push(line);
      const first = held.find((line) => 'text' in line);
      if (first === undefined) return [];
      reader = recognise(first.text);
      const waiting = held;
      held = [];
      return reader.read(waiting);
    }
    return reader.read(lines);
  }

  function recognise(firstLine: string | undefined): FormatReader {
    const found = detectFormat(isStdin ? '' : path, firstLine);
    if (found === undefined) {
      throw new BadImport(
        file.name,
        'its format is not recognised: JSON lines, CSV with a header, and checksum lists are',
      );
    }
    return readerOf(found, file.name, defaults);
  }
}

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
