// The live statements that are no media records, as their entries came, and when they end. Kept so that one can be
// taken back out of every view when its bytes are gone, and so that what was said can be shown.
//
//   s <position>        -> the entry
//   d <day> <position>  -> nothing (as of live records)

import { fromBinary as fromProtobuf } from '@bufbuild/protobuf';
import { type Entry, EntrySchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { type Binary, fromBinary } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import { expiryKey } from './live-records.js';
import type { Position } from './position.js';
import { readLink, type SaidLink, saidLink } from './said-links.js';
import { SPACE } from './spaces.js';

/** Statements of members but for media records. */
export type Said =
  | Extract<Entry['statement'], { case: 'event' | 'assessment' | 'retraction' | 'sealed' }>
  | { readonly case: 'link'; readonly value: SaidLink };

export interface LiveStatement {
  readonly position: Position;
  /** UTC seconds, as the author claims. */
  readonly madeAt: number;
  /** 0 = no end. */
  readonly keepUntilDay: number;
  /** The entry as it came. */
  readonly bytes: Binary;
  readonly said: Said;
}

/** The statement in a decoded entry; undefined when it is a media record, or none of a member. */
export function statementIn(entry: Entry, bytes: Binary, position: Position): LiveStatement | undefined {
  const said = saidIn(entry);
  if (said === undefined) return undefined;
  const { madeAt, handling } = entry;
  return { position, madeAt: Number(madeAt), keepUntilDay: handling?.keepUntilDay ?? 0, bytes, said };
}

function saidIn({ statement }: Entry): Said | undefined {
  switch (statement.case) {
    case 'link':
      return { case: 'link', value: saidLink(statement.value) };
    case 'event':
    case 'assessment':
    case 'retraction':
    case 'sealed':
      return statement;
    default:
      return undefined;
  }
}

/** A link that can be read without decoding its entry; undefined for everything else. */
export function linkIn(bytes: Binary, position: Position): LiveStatement | undefined {
  const read = readLink(bytes);
  if (read === undefined) return undefined;
  const { madeAt, keepUntilDay, link } = read;
  return { position, madeAt, keepUntilDay, bytes, said: { case: 'link', value: link } };
}

export function putStatement(db: BufferedDb, statement: LiveStatement): void {
  db.put(SPACE.statement + statement.position, statement.bytes);
  if (statement.keepUntilDay !== 0) db.put(expiryKey(statement), '');
}

export function deleteStatement(db: BufferedDb, statement: LiveStatement): void {
  db.delete(SPACE.statement + statement.position);
  if (statement.keepUntilDay !== 0) db.delete(expiryKey(statement));
}

/** The live statements at the positions; those where none is are left out. */
export async function statementsAt(
  db: Reader,
  positions: Iterable<Position>,
): Promise<Map<Position, LiveStatement>> {
  const wanted = [...new Set(positions)];
  const rows = await db.getMany(wanted.map((position) => SPACE.statement + position));
  const found = new Map<Position, LiveStatement>();
  for (const [i, position] of wanted.entries()) {
    const row = rows[i];
    if (row !== undefined) found.set(position, parseStatement(position, row));
  }
  return found;
}

/** A statement from its row. */
export function parseStatement(position: Position, row: Binary): LiveStatement {
  return linkIn(row, position) ?? (statementIn(entryOf({ bytes: row }), row, position) as LiveStatement);
}

/** The whole entry of a statement. Its canonical form was checked when it came. */
export function entryOf({ bytes }: Pick<LiveStatement, 'bytes'>): Entry {
  return fromProtobuf(EntrySchema, fromBinary(bytes), { readUnknownFields: false });
}
