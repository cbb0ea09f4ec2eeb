// The work of a bulk step that needs no database: tells the records that stand alone from the others, and makes
// the sorted run and the packs of those. A function of bytes, so that it can run on a thread of its own.

import { isLiveOn } from '../statements/day.js';
import {
  HASH_SIZES,
  newPlainScan,
  type PlainScan,
  RECORD_ID_BYTES,
  scanPlain,
} from '../statements/plain-scan.js';
import { Bloom } from './bloom.js';
import type { IndexKey } from './index-key.js';
import { KeyColumns } from './key-columns.js';
import { PACK_HEAD_BYTES, PACK_RECORDS } from './packs.js';
import type { LogNumber } from './position.js';
import { BLOCK_BYTES, noteBlock, RUN_ROW_BYTES, type RunContent } from './runs.js';

/** Entries of one log in a row. */
export interface Stretch {
  readonly log: LogNumber;
  /** The index of the first. */
  readonly from: number;
  /** The UTC day for which is asked what is live. */
  readonly day: number;
  /** All their bytes, one after the other. */
  readonly bytes: Uint8Array;
  /** The length of each; 0 = a hole. */
  readonly lengths: Uint32Array;
}

export interface SortedOut {
  /** For each entry PLAIN, SINGLE, or 0: a hole, or not live. */
  readonly fates: Uint8Array;
  /** The index keys of the plain ones, which no other record has. */
  readonly run: RunContent;
  /** Packs of the plain ones (packs.ts), and of each pack the offset of its first entry, and where it ends. */
  readonly packs: Uint8Array;
  readonly packStarts: readonly number[];
  readonly packEnds: readonly number[];
  /** The offsets of plain ones that are not kept for ever, and their last days. */
  readonly expiring: readonly (readonly [offset: number, day: number])[];
}

/** A live record whose id and hashes nobody else has. */
export const PLAIN = 1;
/** Everything else, which takes the way that single entries take. */
export const SINGLE = 2;

/** A scheme of 16 and a code of 8 characters, with their tags and lengths. */
const MAX_CLASSIFICATION_BYTES = 28;

/** The day and the length of the classification: all else in a pack takes no more bytes than in the entry. */
const MORE_THAN_ENTRY_BYTES = 4 + 1;

/** `filters` are the Bloom filters of all keys that records have already. */
export function sortOut(stretch: Stretch, filters: readonly Uint8Array[]): SortedOut {
  const entries = entriesOf(stretch);
  const keys = new KeyColumns(stretch.log, entries.length);
  const fates = fatesOf(stretch, entries, keys);
  const sorted = keys.sorted();
  const single = (owner: number): void => {
    fates[owner] = SINGLE;
  };
  keys.alike(sorted, single);
  keys.known(
    filters.map((bytes) => new Bloom(bytes)),
    single,
  );
  const rows = keys.rows(sorted, (owner) => fates[owner] === PLAIN, stretch.from);
  return { fates, run: runOf(rows), ...packsOf(stretch, entries, fates) };
}

function entriesOf({ bytes, lengths }: Stretch): (Uint8Array | undefined)[] {
  const entries: (Uint8Array | undefined)[] = [];
  let at = 0;
  for (const length of lengths) {
    entries.push(length === 0 ? undefined : bytes.subarray(at, at + length));
    at += length;
  }
  return entries;
}

/** Says of each entry which way it takes, as far as it alone can tell, and collects the keys of the plain ones. */
function fatesOf(
  { from, day }: Stretch,
  entries: readonly (Uint8Array | undefined)[],
  keys: KeyColumns,
): Uint8Array {
  const fates = new Uint8Array(entries.length);
  const scan = newPlainScan();
  // A pack is written whole or not at all.
  const firstPacked = placesToPack(from);
  const endPacked = entries.length - ((from + entries.length) % PACK_RECORDS);
  for (const [offset, bytes] of entries.entries()) {
    if (bytes === undefined) continue;
    if (offset < firstPacked || offset >= endPacked || !isPlain(bytes, scan)) {
      fates[offset] = SINGLE;
    } else if (isLiveOn(scan.keepUntilDay, day)) {
      fates[offset] = PLAIN;
      keys.add(offset, bytes, scan);
    }
  }
  return fates;
}

function runOf(rows: Buffer): RunContent {
  const bloom = Bloom.forKeys(rows.length / RUN_ROW_BYTES);
  const fences: IndexKey[] = [];
  for (let at = 0; at < rows.length; at += BLOCK_BYTES)
    noteBlock({ fences, bloom }, rows.subarray(at, at + BLOCK_BYTES));
  return { rows, fences, filter: bloom.bytes };
}

function packsOf(
  { from, bytes: all }: Stretch,
  entries: readonly (Uint8Array | undefined)[],
  fates: Uint8Array,
): Pick<SortedOut, 'packs' | 'packStarts' | 'packEnds' | 'expiring'> {
  const scan = newPlainScan();
  const packStarts: number[] = [];
  const packEnds: number[] = [];
  const expiring: [number, number][] = [];
  const packCount = Math.ceil(entries.length / PACK_RECORDS);
  const packs = Buffer.allocUnsafe(
    all.length + packCount * (PACK_HEAD_BYTES + PACK_RECORDS * MORE_THAN_ENTRY_BYTES),
  );
  let begin = 0;
  for (let start = placesToPack(from); start + PACK_RECORDS <= entries.length; start += PACK_RECORDS) {
    let end = begin + PACK_HEAD_BYTES;
    for (let place = 0; place < PACK_RECORDS; place++) {
      const bytes = entries[start + place];
      const isPlain = bytes !== undefined && fates[start + place] === PLAIN && scanPlain(bytes, scan);
      const next = isPlain ? writeRecord(packs, end, bytes, scan) : end;
      packs.writeUInt16BE(next - end, begin + place * 2);
      if (isPlain && scan.keepUntilDay !== 0) expiring.push([start + place, scan.keepUntilDay]);
      end = next;
    }
    if (end === begin + PACK_HEAD_BYTES) continue;
    packStarts.push(start);
    packEnds.push(end);
    begin = end;
  }
  return { packs: packs.slice(0, begin), packStarts, packEnds, expiring };
}

/** Places up to the next one with which a pack begins. */
function placesToPack(index: number): number {
  return (PACK_RECORDS - (index % PACK_RECORDS)) % PACK_RECORDS;
}

/** A record that this scan knows to the last byte, and whose classification has the form that the rules ask for. */
function isPlain(bytes: Uint8Array, scan: PlainScan): boolean {
  return scanPlain(bytes, scan) && scan.classificationEnd - scan.classificationAt <= MAX_CLASSIFICATION_BYTES;
}

/** Writes the length and the text of the classification, from its message: tag, length, scheme, tag, length, code. */
function writeClassification(into: Buffer, from: number, bytes: Uint8Array, scan: PlainScan): number {
  const { classificationAt, classificationEnd } = scan;
  if (classificationAt === 0) {
    into[from] = 0;
    return from + 1;
  }
  const schemeEnd = classificationAt + 2 + (bytes[classificationAt + 1] as number);
  const scheme = bytes.subarray(classificationAt + 2, schemeEnd);
  const code = bytes.subarray(schemeEnd + 2, classificationEnd);
  into[from] = scheme.length + 1 + code.length;
  into.set(scheme, from + 1);
  into[from + 1 + scheme.length] = ':'.charCodeAt(0);
  into.set(code, from + 2 + scheme.length);
  return from + 2 + scheme.length + code.length;
}

/** Writes the record as live-records.ts keeps it; returns where it ends. */
function writeRecord(into: Buffer, from: number, bytes: Uint8Array, scan: PlainScan): number {
  let at = into.writeUInt32BE(scan.keepUntilDay, from);
  into.set(bytes.subarray(scan.recordIdAt, scan.recordIdAt + RECORD_ID_BYTES), at);
  at += RECORD_ID_BYTES;
  at = writeClassification(into, at, bytes, scan);
  for (let place = 0; place < scan.hashAt.length; place++) {
    const hashAt = scan.hashAt[place] as number;
    if (hashAt === 0) continue;
    const size = HASH_SIZES[place] as number;
    into[at++] = place + 1;
    into.set(bytes.subarray(hashAt, hashAt + size), at);
    at += size;
  }
  return at;
}
