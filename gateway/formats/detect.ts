// Which format a file is in: its first line decides; where that says nothing, the end of its name does.

import { basename, extname } from 'node:path';
import { isChecksumLine } from './checksum-list.js';
import { isCsvHeader } from './csv.js';

export type Format = 'jsonl' | 'csv' | 'checksums';

const EXTENSIONS: ReadonlyMap<string, Format> = new Map([
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.json', 'jsonl'],
  ['.csv', 'csv'],
  ['.md5', 'checksums'],
  ['.sha1', 'checksums'],
  ['.sha256', 'checksums'],
]);

/** The format, or undefined when nothing tells. `firstLine` is the first that is neither blank nor too long. */
export function detectFormat(path: string, firstLine: string | undefined): Format | undefined {
  if (firstLine?.trimStart().startsWith('{')) return 'jsonl';
  if (firstLine !== undefined && isChecksumLine(firstLine)) return 'checksums';
  if (firstLine !== undefined && isCsvHeader(firstLine)) return 'csv';
  if (/^(?:MD5|SHA1|SHA256)SUMS?$/.test(basename(path))) return 'checksums';
  return EXTENSIONS.get(extname(path).toLowerCase());
}
