// The refusal of an import file as a whole; faults of single lines are reported line by line instead.

import { Failure } from '../../node/failure.js';

/** A file that cannot be imported: `code` is 'bad-import', the message starts with the file's name. */
export class BadImport extends Failure {
  constructor(file: string, why: string, cause?: unknown) {
    super('bad-import', `${file}: ${why}`, cause);
  }
}
