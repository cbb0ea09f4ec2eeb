import { create, createFileRegistry, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalScanner, NotCanonical } from '../../node/statements/canonical.js';
import {
  AssessmentReason,
  Confidence,
  type Entry,
  EntrySchema,
  EventKind,
  MediaFlag,
  MediaKind,
  MimeType,
  Relation,
  RetractionReason,
  Verdict,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { AmendSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import { anyDamage, anyEntry } from './samples.js';

const scanEntry = canonicalScanner(EntrySchema);

function accepts(bytes: Uint8Array): boolean {
  try {
    scanEntry(bytes);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(NotCanonical);
    return false;
  }
}

/** The definition that the scan stands in for: decoding and encoding again gives the same bytes. */
function isCanonical(bytes: Uint8Array): boolean {
  try {
    const entry = fromBinary(EntrySchema, bytes, { readUnknownFields: false });
    return hasKnownValues(entry) && Buffer.compare(toBinary(EntrySchema, entry), bytes) === 0;
  } catch {
    return false;
  }
}

function hasKnownValues({ statement }: Entry): boolean {
  switch (statement.case) {
    case 'mediaRecord': {
      const { kind, mime, flags } = statement.value;
      return kind in MediaKind && mime in MimeType && flags.every((flag) => flag in MediaFlag);
    }
    case 'event':
      return statement.value.kind in EventKind;
    case 'link':
      return statement.value.relation in Relation && statement.value.confidence in Confidence;
    case 'assessment':
      return statement.value.verdict in Verdict && statement.value.reason in AssessmentReason;
    case 'retraction':
      return statement.value.reason in RetractionReason;
    default:
      return true;
  }
}

function refusal(...bytes: number[]): string {
  try {
    scanEntry(Uint8Array.from(bytes));
  } catch (error) {
    return error instanceof NotCanonical ? `${error.code}: ${error.message}` : String(error);
  }
  return 'accepted';
}

describe('the canonical scan of an entry', () => {
  test('accepts every entry that we encode', () => {
    fc.assert(fc.property(anyEntry, (entry) => accepts(toBinary(EntrySchema, entry))));
  });

  test('accepts damaged bytes exactly when decoding and encoding gives them back', () => {
    const damages = fc.array(anyDamage, { minLength: 1, maxLength: 3 });
    let accepted = 0;
    fc.assert(
      fc.property(anyEntry, damages, (entry, list) => {
        const bytes = list.reduce<Uint8Array>((input, damage) => damage(input), toBinary(EntrySchema, entry));
        if (accepts(bytes)) accepted++;
        expect(accepts(bytes)).toBe(isCanonical(bytes));
      }),
      { numRuns: 4000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test('accepts arbitrary bytes exactly when decoding and encoding gives them back', () => {
    const likely = fc.constantFrom(0x0a, 0x10, 0x18, 0x22, 0x42, 0x01, 0x02, 0x40, 0x6a, 0x08);
    fc.assert(
      fc.property(fc.array(fc.oneof(likely, fc.nat(255)), { maxLength: 12 }), (list) => {
        expect(accepts(Uint8Array.from(list))).toBe(isCanonical(Uint8Array.from(list)));
      }),
      { numRuns: 4000 },
    );
  });

  test.each<[string, number[], string]>([
    ['a number in more bytes than it needs', [0x10, 0x81, 0x00], 'schema: a number longer than it need be'],
    ['a tag in more bytes than it needs', [0x90, 0x00, 0x01], 'message: a number longer than it need be'],
    ['a length in more bytes than it needs', [0x0a, 0x81, 0x00, 7], 'salt: a number longer than it need be'],
    ['a zero written out', [0x10, 0x00], 'schema: zero written out'],
    ['a 64-bit zero written out', [0x18, 0x00], 'madeAt: zero written out'],
    ['empty bytes written out', [0x0a, 0x00], 'salt: empty but written out'],
    ['fields out of order', [0x18, 0x01, 0x10, 0x01], 'schema: out of order'],
    ['a field twice', [0x10, 0x01, 0x10, 0x02], 'schema: given twice'],
    ['an unknown field', [0x28, 0x01], 'message: field 5 of wire type 0 is unknown'],
    [
      'an unknown field in a message inside',
      [0x42, 0x03, 0xf2, 0x01, 0x00],
      'mediaRecord: field 30 of wire type 2',
    ],
    [
      'a known field with another wire type',
      [0x12, 0x01, 0x01],
      'message: field 2 of wire type 2 is unknown',
    ],
    ['a group', [0x43, 0x44], 'message: field 8 of wire type 3 is unknown'],
    ['an unknown value of a closed list', [0x42, 0x02, 0x40, 0x63], 'mediaRecord.kind: value 99 is unknown'],
    ['an unknown flag', [0x42, 0x03, 0x6a, 0x01, 0x63], 'mediaRecord.flags: value 99 is unknown'],
    [
      'flags that are not packed',
      [0x42, 0x02, 0x68, 0x01],
      'mediaRecord: field 13 of wire type 0 is unknown',
    ],
    ['an empty list written out', [0x42, 0x02, 0x6a, 0x00], 'mediaRecord.flags: empty but written out'],
    ['two statements', [0x42, 0x00, 0x82, 0x01, 0x00], 'admit: a second member of a choice of one'],
    ['text that is not UTF-8', [0x22, 0x03, 0x12, 0x01, 0xff], 'handling.audience: not UTF-8'],
    ['a number over 32 bits', [0x10, 0xff, 0xff, 0xff, 0xff, 0x1f], 'schema: a number over 32 bits'],
    ['a number over 64 bits', [0x18, ...Array(9).fill(0xff), 0x02], 'madeAt: a number over 64 bits'],
    ['more bytes announced than there are', [0x0a, 0x05, 0x01], 'salt: 5 bytes announced, 1 left'],
    ['an end in the middle of a number', [0x10, 0x80], 'schema: ends in the middle of a number'],
    [
      'a message inside that runs over its end',
      [0x42, 0x03, 0x12, 0x20, 0x00, 0x00],
      'mediaRecord.sha256: 32 bytes announced, 1 left',
    ],
  ])('refuses %s', (_what, bytes, message) => {
    expect(refusal(...bytes)).toContain(`not-canonical: ${message}`);
  });

  test('keeps an optional field that is present and empty', () => {
    expect(() => canonicalScanner(AmendSchema)(Uint8Array.from([0x12, 0x00]))).not.toThrow();
  });

  test('goes 16 messages deep and no deeper', () => {
    const scan = canonicalScanner(aRecursiveMessage());
    const nested = (depth: number): number[] => {
      let bytes: number[] = [];
      for (let n = 0; n < depth; n++) bytes = [0x0a, bytes.length, ...bytes];
      return bytes;
    };
    expect(() => scan(Uint8Array.from(nested(16)))).not.toThrow();
    expect(() => scan(Uint8Array.from(nested(17)))).toThrow('more than 16 messages deep');
  });

  test('is not prepared for a type that it cannot scan', () => {
    expect(() => canonicalScanner(TimestampSchema)).toThrow(TypeError);
  });
});

/** message Doll { Doll inside = 1; } */
function aRecursiveMessage(): DescMessage {
  const type = FieldDescriptorProto_Type.MESSAGE;
  const field = {
    name: 'inside',
    number: 1,
    type,
    label: FieldDescriptorProto_Label.OPTIONAL,
    typeName: '.Doll',
  };
  const file = create(FileDescriptorProtoSchema, {
    name: 'doll.proto',
    syntax: 'proto3',
    messageType: [{ name: 'Doll', field: [field] }],
  });
  const desc = createFileRegistry(file, () => undefined).getMessage('Doll');
  if (desc === undefined) throw new Error('the descriptor was not built');
  return desc;
}
