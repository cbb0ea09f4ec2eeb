// Bytes to numbered lines of text, in one pass and in bounded memory: LF or CRLF, an optional byte order
// mark, an optional end of the last line. A line that is too long is counted and dropped as it streams by;
// bytes that are no UTF-8 text refuse the whole file, because then no line of it can be trusted.

import { isUtf8 } from 'node:buffer';
import { BadImport } from './bad-import.js';

/** A full record takes 1 KiB; 64 times that is a fault in the file, whatever is in the line. */
export const MAX_LINE_BYTES = 65_536;

const NEWLINE = 0x0a;

export interface TextLine {
  /** 1 for the first line of the file. */
  readonly number: number;
  readonly text: string;
}

export interface RefusedLine {
  readonly number: number;
  readonly reason: string;
}

export type Line = TextLine | RefusedLine;

/** True for a line that no format reads anything from. */
export function isBlank(line: Line): boolean {
  return 'text' in line && line.text.trim() === '';
}

/** Splits the bytes of one file. `push` and `end` throw BadImport when they are not text. */
export class LineSplitter {
  readonly #file: string;
  /** The start of the line that the next bytes go on with; at most MAX_LINE_BYTES. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #tooLong = false;
  /** Lines finished so far. */
  #lines = 0;
  /** Found behind lines that were good, and thrown when more is asked for. */
  #fault: BadImport | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** The lines that end in these bytes. A fault is thrown after the good lines before it were handed out. */
  push(chunk: Uint8Array): Line[] {
    if (this.#fault !== undefined) throw this.#fault;
    const lines: Line[] = [];
    const nul = chunk.indexOf(0);
    try {
      this.#split(nul < 0 ? chunk : chunk.subarray(0, nul), lines);
      if (nul >= 0) throw this.#nextLineIs('not text: it has a zero byte (save the file as UTF-8)');
    } catch (error) {
      if (!(error instanceof BadImport) || lines.length === 0) throw error;
      this.#fault = error;
    }
    return lines;
  }

  /** The last line, when the file does not end in a newline. */
  end(): Line[] {
    if (this.#fault !== undefined) throw this.#fault;
    return this.#heldBytes > 0 || this.#tooLong ? [this.#finish()] : [];
  }

  #split(chunk: Uint8Array, lines: Line[]): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#finish());
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
  }

  #hold(bytes: Uint8Array): void {
    if (this.#tooLong) return;
    if (this.#heldBytes + bytes.length > MAX_LINE_BYTES) {
      this.#tooLong = true;
      this.#held = [];
      this.#heldBytes = 0;
    } else if (bytes.length > 0) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
    }
  }

  #finish(): Line {
    if (this.#tooLong) {
      this.#tooLong = false;
      return { number: ++this.#lines, reason: `longer than ${MAX_LINE_BYTES / 1024} KiB` };
    }
    const [first] = this.#held;
    const bytes = this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    const text = this.#decode(bytes);
    return { number: ++this.#lines, text };
  }

  #decode(bytes: Uint8Array): string {
    let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    // Invalid bytes decode to U+FFFD, which may also stand in the file itself.
    if (text.includes('\ufffd') && !isUtf8(bytes)) {
      throw this.#nextLineIs('not text in UTF-8');
    }
    if (this.#lines === 0 && text.startsWith('\ufeff')) text = text.slice(1);
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  /** The fault of the line that comes after those finished. */
  #nextLineIs(what: string): BadImport {
    return new BadImport(this.#file, what, { line: this.#lines + 1 });
  }
}
