// The quick encoder makes what the general one makes, for every record.

import { createHmac } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRecordEntry } from '../../node/statements/encode-record.js';
import { EntryTooLarge, encodeEntry } from '../../node/statements/entry.js';
import { hmacSha256Under } from '../../node/statements/hmac.js';
import { EntrySchema, HandlingSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { anyMediaRecord, aRecord, bytesOf } from './samples.js';

describe('the quick encoder of records', () => {
  test('makes what the general encoder makes', () => {
    fc.assert(
      fc.property(
        anyMediaRecord,
        fc.constantFrom(0, 1, 20_000, 0xffffffff),
        fc.nat(7_258_118_400),
        (record, keepUntilDay, madeAt) => {
          const salt = bytesOf(16, 5);
          const entry = create(EntrySchema, {
            salt,
            schema: 1,
            madeAt: BigInt(madeAt),
            ...(keepUntilDay === 0 ? {} : { handling: create(HandlingSchema, { keepUntilDay }) }),
            statement: { case: 'mediaRecord', value: record },
          });
          const quick = encodeRecordEntry({ salt, madeAt, keepUntilDay, record });
          expect(Buffer.from(quick).toString('hex')).toBe(Buffer.from(encodeEntry(entry)).toString('hex'));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('refuses what is too large for an entry', () => {
    const record = aRecord({ sha256: bytesOf(9000, 1) });
    const parts = { salt: bytesOf(16, 1), madeAt: 1, keepUntilDay: 0, record };
    expect(() => encodeRecordEntry(parts)).toThrow(EntryTooLarge);
  });
});

test('the HMAC of record ids is the one of RFC 2104', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 }), { minLength: 1 }),
      (key, messages) => {
        const hmac = hmacSha256Under(key);
        for (const parts of messages) {
          const expected = createHmac('sha256', key).update(Buffer.concat(parts)).digest('hex');
          expect(Buffer.from(hmac(...parts)).toString('hex')).toBe(expected);
        }
      },
    ),
  );
});
