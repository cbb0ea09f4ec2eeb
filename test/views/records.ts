// Entries for tests of views: small records whose hashes are named by short words.

import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { type FederationId, type LogName, logName, type MemberCode } from '../../node/names.js';
import { encodeEntry } from '../../node/statements/entry.js';
import { HASH_BYTES, type HashAlgorithm, type NamedHash } from '../../node/statements/hashes.js';
import { statementFromJson } from '../../node/statements/statement-json.js';
import { EntrySchema, HandlingSchema, MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';

export const FEDERATION = 'ab'.repeat(32) as FederationId;

export interface RecordParts {
  /** Words that stand for hashes: `{ sha256: 'cat' }`. */
  readonly sha256?: string;
  readonly sha1?: string;
  readonly md5?: string;
  readonly photodna?: string;
  readonly pdq?: string;
  /** A word that stands for the record id; by default it follows from the hashes. */
  readonly id?: string;
  readonly keepUntilDay?: number;
}

/** A hash of the algorithm's length that the word stands for; the first eight bytes come from what is before a '/'. */
export function hashOf(algorithm: HashAlgorithm, word: string): NamedHash {
  const hash = new Uint8Array(HASH_BYTES[algorithm]);
  const [prefix] = word.split('/');
  hash.set(digest(`${algorithm} ${word}`).subarray(0, Math.min(32, hash.length)));
  hash.set(digest(`prefix ${prefix}`).subarray(0, 8));
  return { algorithm, hash };
}

export function recordIdOf(word: string): Uint8Array {
  return digest(`id ${word}`).subarray(0, 16);
}

/** The bytes of an entry with the record. */
export function entryOf(parts: RecordParts): Uint8Array {
  const { id = JSON.stringify(parts), keepUntilDay = 0, ...words } = parts;
  const record = create(MediaRecordSchema, { recordId: recordIdOf(id) });
  for (const [algorithm, word] of Object.entries(words)) {
    record[algorithm as HashAlgorithm] = hashOf(algorithm as HashAlgorithm, word).hash;
  }
  return encodeEntry(
    create(EntrySchema, {
      salt: digest('salt').subarray(0, 16),
      schema: 1,
      madeAt: 1n,
      statement: { case: 'mediaRecord', value: record },
      ...(keepUntilDay === 0 ? {} : { handling: create(HandlingSchema, { keepUntilDay }) }),
    }),
  );
}

/** An entry by a member that makes the statement, as people write it (statement-json.ts). */
export function saidBy(member: string, statement: object): Uint8Array {
  const read = statementFromJson(statement, member as MemberCode);
  return encodeEntry(
    create(EntrySchema, {
      salt: digest('salt').subarray(0, 16),
      schema: 1,
      madeAt: 1n,
      statement: read.statement,
      ...(read.keepUntilDay === 0
        ? {}
        : { handling: create(HandlingSchema, { keepUntilDay: read.keepUntilDay }) }),
    }),
  );
}

/** The log named as in commands: `NL`, `NL.2`. */
export function logOf(short: string): LogName {
  const [member, generation = '1'] = short.split('.');
  return logName(FEDERATION, member as MemberCode, Number(generation));
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
