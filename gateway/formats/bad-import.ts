// The refusal of an import file as a whole; faults of single lines are reported line by line instead.

import { Failure } from '../../node/failure.js';

export interface BadImportDetails {
  /** The line that will not do, where it is one: 1 for the first of the file. */
  readonly line?: number | undefined;
  readonly cause?: unknown;
}

/** A file that cannot be imported: `code` is 'bad-import', the message starts with the file's name and the line. */
export class BadImport extends Failure {
  readonly line: number | undefined;
  /** The message without the place. */
  readonly why: string;

  constructor(file: string, why: string, { line, cause }: BadImportDetails = {}) {
    super('bad-import', `${file}${line === undefined ? '' : `:${line}`}: ${why}`, cause);
    this.line = line;
    this.why = why;
  }
}
