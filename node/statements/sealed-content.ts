// What is inside a sealed statement, and what its ciphertext is bound to. The content is held to the rules of an open
// statement by the same author; it is canonical as entries are.
//
//   additional data   "icse/sealed/v1\n" <federation> "\n" <author> "\n" <the entry without its ciphertext>
//
// The entry without its ciphertext is the serialised Entry in which only `ciphertext` is left out: salt, time, handling
// (readers and end) and all keys are in it, so that nobody can pass any of it off as another's or change it.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Entry,
  EntrySchema,
  type Sealed,
  type SealedContent,
  SealedContentSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { Failure } from '../failure.js';
import type { FederationId, MemberCode } from '../names.js';
import { RulesBroken } from './build.js';
import { canonicalScanner } from './canonical.js';
import type { Author } from './references.js';
import { checkMemberStatement } from './rules.js';
import { MAX_CONTENT_BYTES } from './sealed.js';

/** What can be said to named members alone. */
export type SealableStatement = Exclude<SealedContent['statement'], { case: undefined }>;

/** An entry whose statement is sealed. */
export type SealedEntry = Entry & { statement: { case: 'sealed'; value: Sealed } };

/** Something was opened that breaks the rules: `code` is 'bad-content', `reasons` has every one of them. */
export class BadContent extends Failure {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[], cause?: unknown) {
    super('bad-content', `the sealed statement breaks the rules: ${reasons.join('; ')}`, cause);
    this.reasons = reasons;
  }
}

const LABEL = 'icse/sealed/v1\n';
const scanContent = canonicalScanner(SealedContentSchema);

/** True for an entry whose statement is sealed. */
export function isSealedEntry(entry: Entry): entry is SealedEntry {
  return entry.statement.case === 'sealed';
}

/** Serialises what is to be sealed. Throws RulesBroken with every rule that it breaks. */
export function encodeContent(statement: SealableStatement, author: Author): Uint8Array {
  const content = toBinary(SealedContentSchema, create(SealedContentSchema, { statement }), {
    writeUnknownFields: false,
  });
  const reasons = brokenContentRules(statement, content.length, author);
  if (reasons.length > 0) throw new RulesBroken(reasons);
  return content;
}

/** Reads what was sealed. Throws BadContent. */
export function decodeContent(bytes: Uint8Array, author: Author): SealableStatement {
  const { statement } = canonicalContent(bytes);
  const reasons = brokenContentRules(statement, bytes.length, author);
  if (reasons.length > 0) throw new BadContent(reasons);
  return statement as SealableStatement;
}

/** The additional data of the entry's ciphertext; whether that is there already does not matter. */
export function sealingContext(federation: FederationId, author: MemberCode, entry: SealedEntry): Uint8Array {
  const { value } = entry.statement;
  const statement = { case: 'sealed' as const, value: { ...value, ciphertext: new Uint8Array() } };
  const withoutCiphertext = toBinary(EntrySchema, { ...entry, statement }, { writeUnknownFields: false });
  return Buffer.concat([Buffer.from(`${LABEL}${federation}\n${author}\n`), withoutCiphertext]);
}

function canonicalContent(bytes: Uint8Array): SealedContent {
  try {
    scanContent(bytes);
    return fromBinary(SealedContentSchema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw new BadContent([(cause as Error).message], cause);
  }
}

function brokenContentRules(
  statement: SealedContent['statement'],
  sizeBytes: number,
  author: Author,
): string[] {
  const reasons: string[] = [];
  if (sizeBytes > MAX_CONTENT_BYTES) {
    reasons.push(`content: ${sizeBytes} bytes, must be at most ${MAX_CONTENT_BYTES}`);
  }
  checkMemberStatement({ statement, handling: undefined }, author, reasons);
  return reasons;
}
