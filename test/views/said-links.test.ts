// A link that is read from its bytes says what the decoder says, or is left to it.

import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberCode } from '../../node/names.js';
import { decodeEntry, encodeEntry } from '../../node/statements/entry.js';
import { ALGORITHMS, HASH_BYTES } from '../../node/statements/hashes.js';
import { toBinary } from '../../node/views/binary.js';
import { linkIn, statementIn } from '../../node/views/live-statements.js';
import {
  Confidence,
  EntrySchema,
  HandlingSchema,
  LinkSchema,
  MediaHashSchema,
  Relation,
  SubjectSchema,
  ThingSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';

import { saidBy } from './records.js';

const AT = '\0\0\0\x01\0\0\0\0\0\x05';

function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

const aHash = fc
  .constantFrom(...ALGORITHMS)
  .chain((algorithm) => bytesOf(HASH_BYTES[algorithm]).map((value) => ({ case: algorithm, value })));

const aThing = fc.oneof(
  aHash.map((hash) =>
    create(ThingSchema, { thing: { case: 'media', value: create(MediaHashSchema, { hash }) } }),
  ),
  fc
    .tuple(
      fc.constantFrom('victim' as const, 'suspect' as const, 'place' as const, 'series' as const),
      fc.constantFrom('NL', 'EUROPOL', 'A'.repeat(16)),
      bytesOf(16),
    )
    .map(([kind, member, id]) =>
      create(ThingSchema, { thing: { case: kind, value: create(SubjectSchema, { member, id }) } }),
    ),
);

function valuesOf<T extends number>(words: object): fc.Arbitrary<T> {
  return fc.constantFrom(...Object.values(words).filter((value): value is T => typeof value === 'number'));
}

const aLink = fc
  .record({
    salt: bytesOf(16),
    madeAt: fc.oneof(fc.constant(1_700_000_000n), fc.bigInt({ min: 0n, max: 2n ** 50n })),
    keepUntilDay: fc.constantFrom(0, 1, 127, 128, 20_000, 0xffff_ffff),
    audience: fc.constantFrom<string[]>([], [], ['NL']),
    from: aThing,
    to: aThing,
    relation: valuesOf<Relation>(Relation),
    confidence: valuesOf<Confidence>(Confidence),
  })
  .map(({ salt, madeAt, keepUntilDay, audience, ...link }) => {
    const hasHandling = keepUntilDay !== 0 || audience.length > 0;
    return encodeEntry(
      create(EntrySchema, {
        salt,
        schema: 1,
        madeAt,
        ...(hasHandling ? { handling: create(HandlingSchema, { keepUntilDay, audience }) } : {}),
        statement: { case: 'link', value: create(LinkSchema, link) },
      }),
    );
  });

describe('a link that is read from its bytes', () => {
  it('says what the decoder says', () => {
    fc.assert(
      fc.property(aLink, (bytes) => {
        const read = linkIn(toBinary(bytes), AT);
        if (read !== undefined) expect(read).toEqual(statementIn(decodeEntry(bytes), toBinary(bytes), AT));
      }),
      { numRuns: 500 },
    );
  });

  it('is left to the decoder when one byte of it is another, unless it says the same', () => {
    fc.assert(
      fc.property(
        aLink,
        fc.nat(),
        fc.nat(255),
        fc.constantFrom('set', 'cut', 'insert'),
        (bytes, at, byte, how) => {
          const place = at % bytes.length;
          const tail = bytes.subarray(how === 'insert' ? place : place + 1);
          const changed = Uint8Array.from([
            ...bytes.subarray(0, place),
            ...(how === 'cut' ? [] : [byte]),
            ...tail,
          ]);
          const read = linkIn(toBinary(changed), AT);
          if (read !== undefined)
            expect(read).toEqual(statementIn(decodeEntry(changed), toBinary(changed), AT));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['depicts', 'ab'.repeat(32), `victim:NL/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`],
    ['near-duplicate', 'ab'.repeat(32), 'cd'.repeat(16)],
  ])('need not be decoded when it is %s', (link, from, to) => {
    const bytes = saidBy('NL' as MemberCode, {
      link,
      from,
      to,
      confidence: 'probable',
      keepUntil: '2030-01-01',
    });
    expect(linkIn(toBinary(bytes), AT)?.said).toMatchObject({ case: 'link' });
  });
});
