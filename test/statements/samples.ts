// Sample statements, and fast-check arbitraries of all that an entry can be, good or bad.

import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  AssessmentSchema,
  type Entry,
  EntryReferenceSchema,
  EntrySchema,
  IdentificationEventSchema,
  LinkSchema,
  type MediaHash,
  MediaHashSchema,
  type MediaRecord,
  MediaRecordSchema,
  RetractionSchema,
  SealedSchema,
  SubjectSchema,
  type Thing,
  ThingSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import {
  AdmitSchema,
  AmendSchema,
  EpochSchema,
  ReinstateSchema,
  RotateSchema,
  SchemaChangeSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';

/** Bytes that are told apart by one number. */
export function bytesOf(sizeBytes: number, fill: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes).fill(fill);
}

/** A random source for tests: the same each time. */
export const sameBytes = (sizeBytes: number) => bytesOf(sizeBytes, 7);

type Fields<T> = Partial<Omit<T, '$typeName' | '$unknown'>>;

/** A good media record with a SHA-256. */
export function aRecord(fields: Fields<MediaRecord> = {}): MediaRecord {
  return create(MediaRecordSchema, { recordId: bytesOf(16, 1), sha256: bytesOf(32, 2), ...fields });
}

/** A good entry with that record in it. */
export function anEntry(fields: Fields<Entry> = {}): Entry {
  return create(EntrySchema, {
    salt: bytesOf(16, 3),
    schema: 1,
    madeAt: 1_800_000_000n,
    statement: { case: 'mediaRecord', value: aRecord() },
    ...fields,
  });
}

const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 40 }));
const uint32 = fc.oneof(fc.constant(0), fc.nat(300), fc.integer({ min: 0, max: 0xffffffff }));
const uint64 = fc.oneof(fc.constant(0n), fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** 64n - 1n));
const keys = fc.record({ log: bytes, receipt: bytes, session: bytes, sealing: bytes });
const cut = fc.record({ log: text, size: uint64, root: bytes });
const quota = fc.record({ entries: uint64, bytes: uint64 });
const sometimes = { requiredKeys: [] };

/** Any media record at all, most of which break rules. */
export const anyMediaRecord: fc.Arbitrary<MediaRecord> = fc
  .record(
    {
      recordId: bytes,
      sha256: bytes,
      sha1: bytes,
      md5: bytes,
      pdq: bytes,
      pdqQuality: uint32,
      photodna: bytes,
      kind: fc.nat(2),
      size: uint64,
      mime: fc.constantFrom(0, 1, 2, 16, 24),
      classification: fc.record({ scheme: text, code: text }),
      series: bytes,
      flags: fc.array(fc.nat(6), { maxLength: 5 }),
    },
    sometimes,
  )
  .map((fields) => create(MediaRecordSchema, fields));

const mediaRecord = anyMediaRecord.map((value) => ({ case: 'mediaRecord' as const, value }));

const media = fc
  .record({ case: fc.constantFrom('sha256', 'sha1', 'md5', 'photodna', 'pdq'), value: bytes })
  .map((hash) => create(MediaHashSchema, { hash: hash as MediaHash['hash'] }));
const subject = fc.record({ member: text, id: bytes }, sometimes);
const reference = fc.record({ member: text, generation: uint32, index: uint64 }, sometimes);
const thing = fc
  .oneof(
    media.map((value) => ({ case: 'media' as const, value })),
    fc
      .record({ case: fc.constantFrom('victim', 'suspect', 'place', 'series'), value: subject })
      .map(({ case: kind, value }) => ({ case: kind, value: create(SubjectSchema, value) })),
  )
  .map((value) => create(ThingSchema, { thing: value as Thing['thing'] }));

/** Any statement but a media record, most of which break rules. */
export const anyStatement: fc.Arbitrary<Entry['statement']> = fc.oneof(
  fc
    .record(
      {
        kind: fc.nat(9),
        subject,
        media: fc.array(media, { maxLength: 3 }),
        series: subject,
        caseId: bytes,
        answers: reference,
      },
      sometimes,
    )
    .map((fields) => ({ case: 'event' as const, value: create(IdentificationEventSchema, fields) })),
  fc
    .record({ from: thing, relation: fc.nat(5), to: thing, confidence: fc.nat(3) }, sometimes)
    .map((fields) => ({ case: 'link' as const, value: create(LinkSchema, fields) })),
  fc
    .record({ entry: reference, verdict: fc.nat(2), reason: fc.nat(5) }, sometimes)
    .map((fields) => ({ case: 'assessment' as const, value: create(AssessmentSchema, fields) })),
  fc
    .record({
      target: fc.oneof(
        reference.map((value) => ({
          case: 'entry' as const,
          value: create(EntryReferenceSchema, value),
        })),
        bytes.map((value) => ({ case: 'recordId' as const, value })),
      ),
      reason: fc.nat(6),
    })
    .map((fields) => ({ case: 'retraction' as const, value: create(RetractionSchema, fields) })),
  fc
    .record(
      { ephemeralKey: bytes, wrappedKeys: fc.array(bytes, { maxLength: 4 }), ciphertext: bytes },
      sometimes,
    )
    .map((fields) => ({ case: 'sealed' as const, value: create(SealedSchema, fields) })),
);

const registryAct = fc.oneof(
  fc
    .record({ member: text, keys, address: text, quota }, sometimes)
    .map((fields) => ({ case: 'admit' as const, value: create(AdmitSchema, fields) })),
  fc
    .record({ member: text, address: text, quota }, sometimes)
    .map((fields) => ({ case: 'amend' as const, value: create(AmendSchema, fields) })),
  fc
    .record({ member: text, cut }, sometimes)
    .map((fields) => ({ case: 'suspend' as const, value: create(SuspendSchema, fields) })),
  fc
    .record({ member: text, resume: cut }, sometimes)
    .map((fields) => ({ case: 'reinstate' as const, value: create(ReinstateSchema, fields) })),
  fc
    .record({ member: text, keys, cut, rootSignature: bytes }, sometimes)
    .map((fields) => ({ case: 'rotate' as const, value: create(RotateSchema, fields) })),
  fc
    .record({ schema: uint32 })
    .map((fields) => ({ case: 'schemaChange' as const, value: create(SchemaChangeSchema, fields) })),
  fc
    .record({ previous: cut, keys, address: text, rootSignature: bytes }, sometimes)
    .map((fields) => ({ case: 'epoch' as const, value: create(EpochSchema, fields) })),
);

/** Any value of the type Entry, whether it keeps the rules or not. */
export const anyEntry: fc.Arbitrary<Entry> = fc
  .record(
    {
      salt: bytes,
      schema: uint32,
      madeAt: uint64,
      handling: fc.record({ keepUntilDay: uint32, audience: fc.array(text, { maxLength: 3 }) }, sometimes),
      statement: fc.oneof(
        { weight: 2, arbitrary: mediaRecord },
        { weight: 2, arbitrary: anyStatement },
        { weight: 1, arbitrary: registryAct },
      ),
    },
    sometimes,
  )
  .map((fields) => create(EntrySchema, fields));

/** Small damage to bytes: a byte changed, inserted, removed, or a run of them repeated. */
export const anyDamage: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .record({
    kind: fc.constantFrom('change', 'insert', 'remove', 'repeat', 'swap'),
    /** Where in the bytes, in parts of a thousand. */
    at: fc.nat(999),
    value: fc.oneof(fc.constantFrom(0, 1, 0x80, 0x81), fc.nat(255)),
    run: fc.integer({ min: 1, max: 24 }),
  })
  .map(({ kind, at, value, run }) => (input) => {
    const place = Math.floor((at * input.length) / 1000);
    const [before, rest] = [[...input.subarray(0, place)], [...input.subarray(place)]];
    switch (kind) {
      case 'change':
        return Uint8Array.from([...before, value, ...rest.slice(1)]);
      case 'insert':
        return Uint8Array.from([...before, value, ...rest]);
      case 'remove':
        return Uint8Array.from([...before, ...rest.slice(1)]);
      case 'repeat':
        return Uint8Array.from([...before, ...rest.slice(0, run), ...rest]);
      default:
        return Uint8Array.from([...before, ...rest.slice(run), ...rest.slice(0, run)]);
    }
  });
