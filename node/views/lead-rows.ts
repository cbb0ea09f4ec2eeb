// Leads as the views' database has them: what was sealed for this member, or by it, and could be opened here.
//
//   L <position>   -> the serialised SealedContent

import { create, fromBinary as decode, toBinary as encode } from '@bufbuild/protobuf';
import { SealedContentSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import type { SealableStatement } from '../statements/sealed-content.js';
import { fromBinary, toBinary } from './binary.js';
import type { BufferedDb, Reader } from './buffered-db.js';
import type { LiveStatement } from './live-statements.js';
import type { Position } from './position.js';
import { SPACE } from './spaces.js';

/** A sealed statement that was opened here. */
export interface Lead {
  readonly position: Position;
  readonly statement: SealableStatement;
}

/** A lead that comes to life, with the entry that it was sealed in. */
export interface FreshLead extends Lead {
  readonly sealed: LiveStatement;
}

export function putLead(db: BufferedDb, { position, statement }: Lead): void {
  const content = encode(SealedContentSchema, create(SealedContentSchema, { statement }));
  db.put(SPACE.lead + position, toBinary(content));
}

export function deleteLead(db: BufferedDb, { position }: Lead): void {
  db.delete(SPACE.lead + position);
}

/** The leads at the positions; those where none is are left out. */
export async function leadsAt(db: Reader, positions: readonly Position[]): Promise<Lead[]> {
  if (positions.length === 0) return [];
  const rows = await db.getMany(positions.map((position) => SPACE.lead + position));
  return positions.flatMap((position, i) => {
    const row = rows[i];
    return row === undefined ? [] : [{ position, statement: statementOf(row) }];
  });
}

function statementOf(row: string): SealableStatement {
  return decode(SealedContentSchema, fromBinary(row)).statement as SealableStatement;
}
