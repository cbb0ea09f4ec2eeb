// What LevelDB passes over in silence when it opens a directory, and what must not be passed over in a store
// of promises: a lost CURRENT file (it would begin an empty database), damaged records in its write-ahead log
// and its manifest (it would drop them, and with them what follows), and tables that were cut short (it would
// see that only when it reads them). Format: LevelDB's doc/log_format.md.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from './crc32c.js';
import { tablesIn } from './level-manifest.js';

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const TYPE_AT = 6;
/** Record types: a whole record, or its first, middle or last part. */
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/** Says what was lost from the LevelDB in the directory, or undefined when it may be opened. */
export async function findLoss(directory: string): Promise<string | undefined> {
  const files = await readdir(directory);
  // A first start that was cut short leaves a manifest alone, without data.
  if (!files.includes('CURRENT') && files.some((file) => /\.(?:log|ldb)$/.test(file))) {
    return 'the file CURRENT is missing';
  }
  for (const file of files.filter((name) => /^MANIFEST-|\.log$/.test(name))) {
    if (hasLostRecords(await readFile(join(directory, file)))) return `records in ${file} are damaged`;
  }
  return await findShortTable(directory, files);
}

/** Only what the manifest names counts: a table that was being written at a crash is nobody's. */
async function findShortTable(directory: string, files: readonly string[]): Promise<string | undefined> {
  if (!files.includes('CURRENT')) return undefined;
  const manifest = (await readFile(join(directory, 'CURRENT'), 'latin1')).trim();
  if (!files.includes(manifest)) return 'the file CURRENT names no manifest that is there';
  for (const [number, sizeBytes] of tablesIn(await readFile(join(directory, manifest)))) {
    const name = String(number).padStart(6, '0');
    const file = [`${name}.ldb`, `${name}.sst`].find((candidate) => files.includes(candidate));
    if (file === undefined) return `the file ${name}.ldb is missing`;
    const found = (await stat(join(directory, file))).size;
    if (found !== sizeBytes) return `${file} has ${found} bytes and not ${sizeBytes}`;
  }
  return undefined;
}

/**
 * True when a damaged record has a later one behind it. Writes go one at a time, each synced before the next,
 * so damage at the very end is a write that the power cut short and nobody was told of, but a record that
 * begins behind the damage shows that the damaged one had been on disk. So does a last record that is whole
 * but for its length, which to LevelDB looks like one cut short.
 *
 *     block    32768 bytes: records, then zeros when fewer than 7 bytes are left
 *     record   masked CRC-32C of type and data (4, little-endian), length (2), type (1), data
 */
export function hasLostRecords(file: Uint8Array): boolean {
  let isDamaged = false;
  for (let start = 0; start < file.length; start += BLOCK_BYTES) {
    const block = file.subarray(start, start + BLOCK_BYTES);
    let offset = 0;
    while (offset + HEADER_BYTES <= block.length) {
      const record = block.subarray(offset);
      const sizeBytes = HEADER_BYTES + new DataView(record.buffer, record.byteOffset).getUint16(4, true);
      if (isWhole(record, sizeBytes)) {
        if (isDamaged && (record[TYPE_AT] === FULL || record[TYPE_AT] === FIRST)) return true;
        offset += sizeBytes;
      } else {
        if (!isDamaged && isWhole(record, record.length)) return true;
        isDamaged = true;
        offset += 1;
      }
    }
  }
  return false;
}

/** True when the first `sizeBytes` bytes are a record, whatever length it gives itself. */
function isWhole(record: Uint8Array, sizeBytes: number): boolean {
  const type = record[TYPE_AT] ?? 0;
  if (type < FULL || type > LAST || sizeBytes > record.length) return false;
  const crc = crc32c(record.subarray(TYPE_AT, sizeBytes));
  // Masked, because a CRC over data that holds CRCs is weak.
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  return masked === new DataView(record.buffer, record.byteOffset).getUint32(0, true);
}
