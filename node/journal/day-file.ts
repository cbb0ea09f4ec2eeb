// One day's file of the journal: whole lines, appended, those of some hundredths of a second in one write. What a crash or a full disk left of a line is closed off
// by a line end, so that the lines after it stay readable. A file that failed is opened again, and then says how
// many lines are missing: a gap is never silent.

import { closeSync, createWriteStream, fstatSync, openSync, readSync, type WriteStream } from 'node:fs';

/** After a failure the file is opened again at most so often: a full disk is not hammered. */
const REOPEN_MS = 1000;
/** Lines of so long, or of so many characters, go into one write: each is a way to another thread and back. */
export const GATHER_MS = 50;
const GATHER_CHARACTERS = 64 * 1024;
/** Lines that may wait for a slow disk; beyond, they are counted as missing and not kept in memory. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export interface DayFile {
  write(line: string): void;
  /** Resolves when all that can be written is handed to the disk. */
  close(): Promise<void>;
}

export interface DayFileAround {
  now(): number;
  /** Calls once after so many milliseconds; returns how to cancel. */
  after(ms: number, act: () => void): () => void;
  onError(error: Error): void;
  /** The line that tells of lines that are missing before it. */
  gap(lines: number): string;
}

export function openDayFile(path: string, { now, after, onError, gap }: DayFileAround): DayFile {
  let stream: WriteStream | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let missing = 0;
  let gathered = '';
  let lines = 0;
  let stopGathering: (() => void) | undefined;

  function opened(): WriteStream | undefined {
    if (stream !== undefined && !stream.destroyed) return stream;
    if (now() - failedAt < REOPEN_MS) return undefined;
    const fresh = createWriteStream(path, { flags: 'a', mode: 0o600 });
    fresh.on('error', (error) => {
      failedAt = now();
      onError(error);
    });
    if (endsInsideLine(path)) fresh.write('\n');
    stream = fresh;
    return fresh;
  }

  function countMissing(error: Error | null | undefined, count: number): void {
    if (error != null) missing += count;
  }

  function writeGathered(): void {
    stopGathering?.();
    stopGathering = undefined;
    if (lines === 0) return;
    const [text, count] = [gathered, lines];
    gathered = '';
    lines = 0;
    const file = opened();
    if (file === undefined || file.writableLength > MAX_WAITING_BYTES) {
      missing += count;
      return;
    }
    const before = missing;
    missing = 0;
    // What was in the stream when it failed is missing as well.
    if (before > 0) file.write(gap(before), (error) => countMissing(error, before));
    file.write(text, (error) => countMissing(error, count));
  }

  return {
    write(line) {
      gathered += line;
      lines += 1;
      if (gathered.length >= GATHER_CHARACTERS) writeGathered();
      else stopGathering ??= after(GATHER_MS, writeGathered);
    },
    async close() {
      writeGathered();
      const file = stream;
      if (file === undefined || file.closed) return;
      await new Promise<void>((resolve) => {
        file.once('close', resolve);
        file.end();
      });
    },
  };
}

function endsInsideLine(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
  } catch {
    // A file that is not there, or cannot be read: writing to it says why.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
