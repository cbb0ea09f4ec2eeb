// Sealed entries for the tests, as a party makes them with the registry that it has.

import { create } from '@bufbuild/protobuf';
import type { MemberCode } from '../../node/names.js';
import { sealStatement } from '../../node/publishing/sealing.js';
import type { RegistryState } from '../../node/registry/state.js';
import { buildEntry } from '../../node/statements/build.js';
import type { EntryBytes } from '../../node/statements/entry.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { EventKind, IdentificationEventSchema, SubjectSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { random } from './random.js';

export interface Seal {
  readonly from: string;
  readonly to: readonly string[];
  readonly statement?: SealableStatement;
  readonly keepUntilDay?: number;
  readonly now?: number;
}

/** The victim, by the author's pseudonym, has been identified. */
export function aLead(from: string, subject = random(16)): SealableStatement {
  const value = create(IdentificationEventSchema, {
    kind: EventKind.VICTIM_IDENTIFIED,
    subject: create(SubjectSchema, { member: from, id: subject }),
  });
  return { case: 'event', value };
}

/** The bytes of a sealed entry for the author's first log. */
export function aSealedEntry(registry: RegistryState, { from, to, ...said }: Seal): EntryBytes {
  const { statement = aLead(from), keepUntilDay = 0, now = Math.floor(Date.now() / 1000) } = said;
  return buildEntry(
    sealStatement({
      statement,
      keepUntilDay,
      now,
      registry,
      random,
      author: { member: from as MemberCode, generation: 1 },
      readers: to as readonly MemberCode[],
    }),
  );
}
