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

  constructor(file: string) {
    this.#file = file;
  }

  /** The lines that end in these bytes. */
  push(chunk: Uint8Array): Line[] {
    this.#refuseNul(chunk);
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#finish());
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
    return lines;
  }

  /** The last line, when the file does not end in a newline. */
  end(): Line[] {
    return this.#heldBytes > 0 || this.#tooLong ? [this.#finish()] : [];
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
    const number = ++this.#lines;
    if (this.#tooLong) {
      this.#tooLong = false;
      return { number, reason: `longer than ${MAX_LINE_BYTES / 1024} KiB` };
    }
    const [first] = this.#held;
    const bytes = this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return { number, text: this.#decode(bytes, number) };
  }

  #decode(bytes: Uint8Array, number: number): string {
    let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    // Invalid bytes decode to U+FFFD, which may also stand in the file itself.
    if (text.includes('\ufffd') && !isUtf8(bytes)) {
      throw new BadImport(this.#file, `line ${number} is not text in UTF-8`);
    }
    if (number === 1 && text.startsWith('\ufeff')) text = text.slice(1);
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  #refuseNul(chunk: Uint8Array): void {
    const nul = chunk.indexOf(0);
    if (nul < 0) return;
    let number = this.#lines + 1;
    for (let at = chunk.indexOf(NEWLINE); at >= 0 && at < nul; at = chunk.indexOf(NEWLINE, at + 1)) number++;
    throw new BadImport(
      this.#file,
      `line ${number} is not text: it has a zero byte (save the file as UTF-8)`,
    );
  }
}
