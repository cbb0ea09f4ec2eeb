import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HASH_SIZES, newPlainScan } from '../../node/statements/plain-scan.js';
import { KeyColumns } from '../../node/views/key-columns.js';
import { RUN_ROW_BYTES } from '../../node/views/runs.js';

const LOG = '\x00\x07\x00\x01';

/** A record's bytes, as far as keys are read from them: its id, and one hash of each kind behind it. */
function recordBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** Few different bytes, so that many keys begin alike, and some are equal. */
const part = fc.uint8Array({ minLength: 32, maxLength: 32, max: 3 });
const record = fc.array(part, { minLength: 1 + HASH_SIZES.length, maxLength: 1 + HASH_SIZES.length });

/** The rows of all records, sorted. */
function rowsOf(records: readonly (readonly Uint8Array[])[], from: number): string[] {
  const keys = new KeyColumns(LOG, records.length);
  const scan = newPlainScan();
  scan.recordIdAt = 0;
  for (const place of HASH_SIZES.keys()) scan.hashAt[place] = (place + 1) * 32;
  for (const [owner, parts] of records.entries()) keys.add(owner, recordBytes(parts), scan);
  const rows = keys.rows(keys.sorted(), () => true, from).toString('latin1');
  return Array.from({ length: rows.length / RUN_ROW_BYTES }, (_, i) =>
    rows.slice(i * RUN_ROW_BYTES, (i + 1) * RUN_ROW_BYTES),
  );
}

/** What stands under each key, as runs.ts lays it down. */
function expected(records: readonly (readonly Uint8Array[])[], from: number): string[] {
  return records.flatMap((parts, owner) => {
    const index = Buffer.alloc(6);
    index.writeUIntBE(from + owner, 0, 6);
    const position = LOG + index.toString('latin1');
    return parts.map((bytes, kind) => {
      const begin = Buffer.from(bytes).toString('latin1', 0, kind === 0 ? 6 : 8);
      return String.fromCharCode(kind) + (kind === 0 ? LOG.slice(0, 2) : '') + begin + position;
    });
  });
}

describe('the keys of many records', () => {
  it('come out sorted by kind and bytes, each with its place, however many begin alike', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60 }), fc.nat({ max: 2 ** 40 }), (records, from) => {
        const rows = rowsOf(records, from);
        const keys = rows.map((row) => row.slice(0, 9));
        expect(keys).toEqual([...keys].sort());
        expect([...rows].sort()).toEqual(expected(records, from).sort());
      }),
    );
  });

  it('of thousands that all begin alike are sorted in the time that others take', () => {
    const alike = Array.from({ length: 5000 }, (_, i) => {
      const bytes = new Uint8Array(32);
      new DataView(bytes.buffer).setUint32(4, Math.imul(i, 0x9e3779b1));
      return new Array<Uint8Array>(1 + HASH_SIZES.length).fill(bytes);
    });
    const keys = rowsOf(alike, 0).map((row) => row.slice(0, 9));
    expect(keys).toEqual([...keys].sort());
  });
});
