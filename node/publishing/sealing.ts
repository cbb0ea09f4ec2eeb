// Sealing a statement for named members and for its author, with the sealing keys that the registry has for them. The
// ciphertext is bound to the entry around it, so what comes out are the parts of that entry, its salt and time included.

import { create } from '@bufbuild/protobuf';
import { SealedSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import { BadSealingKey, seal } from '../keys/sealing.js';
import type { MemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { type EntryParts, withEnvelope } from '../statements/build.js';
import type { Author } from '../statements/references.js';
import { SALT_BYTES } from '../statements/rules.js';
import { MAX_READERS } from '../statements/sealed.js';
import {
  encodeContent,
  type SealableStatement,
  type SealedEntry,
  sealingContext,
} from '../statements/sealed-content.js';

/** Members for whom nothing can be sealed: `code` is 'bad-readers', `reasons` names each of them. */
export class BadReaders extends Failure {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super('bad-readers', `the statement cannot be sealed: ${reasons.join('; ')}`);
    this.reasons = reasons;
  }
}

export interface ToSeal {
  /** A media record has its record id. */
  readonly statement: SealableStatement;
  /** Who may read it beside the author, in any order. */
  readonly readers: readonly MemberCode[];
  readonly author: Author;
  /** Last UTC day on which the entry may be kept; 0 or absent = no end. */
  readonly keepUntilDay?: number;
  /** UTC seconds since 1970. */
  readonly now: number;
  readonly registry: RegistryState;
  /** Unpredictable bytes of the given length. */
  readonly random: (sizeBytes: number) => Uint8Array;
}

/**
 * The parts of the sealed entry, for `buildEntry` as they are: with another salt, time or handling nobody opens it.
 * Throws BadReaders, and RulesBroken when the statement breaks rules.
 */
export function sealStatement(toSeal: ToSeal): EntryParts {
  const { statement, author, keepUntilDay = 0, now, registry, random } = toSeal;
  const content = encodeContent(statement, author);
  const audience = [...toSeal.readers].sort();
  const keys = sealingKeys([...audience, author.member], author.member, registry);
  const salt = random(SALT_BYTES);
  const partsWith = (value: ReturnType<typeof sealedOf>): EntryParts & { salt: Uint8Array } => ({
    statement: { case: 'sealed', value },
    author,
    audience,
    keepUntilDay,
    now,
    salt,
    random,
  });
  try {
    const sealed = seal(
      content,
      keys,
      (wrapped) => {
        const parts = partsWith(sealedOf({ ...wrapped, ciphertext: new Uint8Array() }));
        const entry = withEnvelope(parts, salt) as SealedEntry;
        return sealingContext(registry.federation, author.member, entry);
      },
      random,
    );
    return partsWith(sealedOf(sealed));
  } catch (error) {
    if (!(error instanceof BadSealingKey)) throw error;
    const owner = audience[error.owner] ?? author.member;
    throw new BadReaders([`${owner} has a sealing key for which nothing can be sealed`]);
  }
}

function sealedOf({ ephemeralKey, wrappedKeys, ciphertext }: ReturnType<typeof seal>) {
  return create(SealedSchema, { ephemeralKey, wrappedKeys: [...wrappedKeys], ciphertext });
}

/** The sealing key of each owner, of whom the author is the last. Throws BadReaders with all that is wrong. */
function sealingKeys(
  owners: readonly MemberCode[],
  author: MemberCode,
  registry: RegistryState,
): Uint8Array[] {
  const reasons: string[] = [];
  const readers = owners.slice(0, -1);
  if (readers.length === 0) reasons.push('no reader is named');
  if (readers.length > MAX_READERS) {
    throw new BadReaders([`${readers.length} readers are named, and at most ${MAX_READERS} can be`]);
  }
  for (const [place, code] of readers.entries()) {
    const member = registry.members.get(code);
    if (code === readers[place - 1]) reasons.push(`${code} is named twice`);
    else if (code === author) reasons.push(`${code} is the author, who can read it anyway`);
    else if (member === undefined) reasons.push(`${code} is not a member`);
    else if (member.suspended) reasons.push(`${code} is suspended`);
  }
  const keys = owners.flatMap((code) => registry.members.get(code)?.keys.sealing ?? []);
  if (keys.length < owners.length && reasons.length === 0)
    reasons.push(`${author} is not yet in the registry`);
  if (reasons.length > 0) throw new BadReaders(reasons);
  return keys;
}
