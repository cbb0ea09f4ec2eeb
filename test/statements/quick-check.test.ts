// The quick check and the rules never disagree: what it calls good breaks no rule, and what is common it knows.

import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkEntryBytes, decodeEntry, encodeEntry } from '../../node/statements/entry.js';
import { isGoodRecord } from '../../node/statements/quick-check.js';
import { brokenRules } from '../../node/statements/rules.js';
import { ClassificationSchema, HandlingSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { anEntry, anyEntry, aRecord, bytesOf } from './samples.js';

const aHash = (size: number) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.uint8Array({ minLength: size, maxLength: size }) },
    { weight: 6, arbitrary: fc.constant(new Uint8Array(0)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: size + 1 }) },
  );

/** Media records near the edges of the rules. */
const nearlyGood = fc
  .record({
    recordId: fc.oneof(fc.constant(bytesOf(16, 7)), fc.uint8Array({ maxLength: 17 })),
    sha256: aHash(32),
    sha1: aHash(20),
    md5: aHash(16),
    pdq: aHash(32),
    photodna: aHash(144),
    size: fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 51n), fc.constantFrom(2n ** 50n, 2n ** 50n + 1n)),
    series: fc.oneof(
      fc.constant(new Uint8Array(0)),
      fc.constant(bytesOf(16, 3)),
      fc.constant(bytesOf(15, 3)),
    ),
    scheme: fc.constantFrom(
      undefined,
      undefined,
      'INTERPOL',
      'INTERPOL',
      'A'.repeat(16),
      'A'.repeat(17),
      'low',
      '',
    ),
    code: fc.constantFrom('1', '1', '2', 'A.B-1', '', 'too long a code'),
    keepUntilDay: fc.constantFrom(
      undefined,
      undefined,
      undefined,
      0,
      1,
      20_000,
      2_932_896,
      2_932_897,
      4_000_000_000,
    ),
    madeAt: fc.constantFrom(
      1n,
      1_800_000_000n,
      1_800_000_001n,
      1_800_000_002n,
      7_258_118_399n,
      7_258_118_400n,
      2n ** 63n,
    ),
    salt: fc.constantFrom(16, 16, 16, 16, 16, 15, 0),
    schema: fc.constantFrom(1, 1, 1, 1, 1, 2),
  })
  .map(({ scheme, code, keepUntilDay, madeAt, salt, schema, ...fields }) => {
    const classification =
      scheme === undefined ? {} : { classification: create(ClassificationSchema, { scheme, code }) };
    return anEntry({
      salt: bytesOf(salt, 1),
      schema,
      madeAt,
      ...(keepUntilDay === undefined ? {} : { handling: create(HandlingSchema, { keepUntilDay }) }),
      statement: { case: 'mediaRecord', value: aRecord({ ...fields, ...classification }) },
    });
  });

describe('the quick check of a media record', () => {
  test('calls good just what breaks no rule, where there are neither flags nor a PDQ quality', () => {
    let good = 0;
    fc.assert(
      fc.property(nearlyGood, (entry) => {
        const bytes = encodeEntry(entry);
        const breaksNone = brokenRules(decodeEntry(bytes), 'member').length === 0;
        expect(isGoodRecord(bytes)).toBe(breaksNone);
        good += Number(breaksNone);
      }),
      { numRuns: 3000 },
    );
    expect(good).toBeGreaterThan(50);
  });

  test('calls nothing else good that breaks a rule', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const bytes = encodeEntry(entry);
        if (isGoodRecord(bytes)) expect(brokenRules(decodeEntry(bytes), 'member')).toEqual([]);
      }),
    );
  });

  test('agrees with the rules about bytes that are altered and still canonical', () => {
    const bytes = encodeEntry(anEntry());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const altered = Uint8Array.from(bytes);
        altered[at] = value;
        try {
          checkEntryBytes(altered);
        } catch {
          return;
        }
        if (isGoodRecord(altered as typeof bytes)) {
          expect(brokenRules(decodeEntry(altered), 'member')).toEqual([]);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
