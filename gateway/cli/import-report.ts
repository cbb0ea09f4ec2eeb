// What an import did: counts, and each refusal as one line on standard error, `FILE:LINE: reason`. With --json
// also one document, whose list of refusals is printed as it grows, because it may be as long as the file.
//
//   {"refused":[{"line":3,"reason":"md5: \"9f86\" (4 characters), must be 32 hex digits"}],"taken":1234,"known":12}

import type { Progress } from './progress.js';
import { wholeText } from './table.js';
import { OutputClosed, oneLine, type Terminal } from './terminal.js';

/** The file as a whole, or no line that is known; lines count from 1. */
const WHOLE_FILE = 0;

export interface ReportOptions {
  /** As messages name it. */
  readonly file: string;
  readonly json: boolean;
  /** Nothing is sent: the counts are of what would be. */
  readonly isDryRun: boolean;
  readonly progress: Progress;
}

export class ImportReport {
  readonly #terminal: Terminal;
  readonly #options: ReportOptions;
  taken = 0;
  known = 0;
  #refused = 0;

  constructor(terminal: Terminal, options: ReportOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  get refused(): number {
    return this.#refused;
  }

  /** One line that was not taken. */
  async refuseLine(line: number, reason: string): Promise<void> {
    await this.#refuse(line, reason, `${this.#options.file}:${line}: ${reason}`);
  }

  /** What ended the import, or kept it from beginning. */
  async refuseFile(reason: string): Promise<void> {
    await this.#refuse(WHOLE_FILE, reason, `${this.#options.file}: ${reason}`);
  }

  /** Prints the summary; what was refused makes the command fail. */
  async end(): Promise<void> {
    const { json, file, isDryRun, progress } = this.#options;
    progress.end();
    if (this.#refused > 0) this.#terminal.exitCode = 1;
    const { taken, known } = this;
    if (json) {
      const counts = `"taken":${taken},"known":${known}}\n`;
      await this.#print(this.#refused > 0 ? `],${counts}` : `{"refused":[],${counts}`);
      return;
    }
    const would = isDryRun ? 'would be ' : '';
    const parts = [`${wholeText(taken)} ${would}taken`];
    if (!isDryRun) parts.push(`${wholeText(known)} known already`);
    parts.push(`${wholeText(this.#refused)} ${would}refused`);
    await this.#print(`${file}: ${parts.join(', ')}\n`);
  }

  async #refuse(line: number, reason: string, sentence: string): Promise<void> {
    this.#options.progress.clear();
    this.#terminal.complain(sentence);
    this.#refused++;
    if (!this.#options.json) return;
    const head = this.#refused === 1 ? '{"refused":[' : ',';
    await this.#print(head + JSON.stringify({ line, reason: oneLine(reason) }));
  }

  /** An import goes on when nobody reads what it says. */
  async #print(text: string): Promise<void> {
    try {
      await this.#terminal.print(text);
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error;
    }
  }
}
