import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayText, LAST_DAY, parseDay } from '../../node/statements/day.js';
import { BadRecord, recordFromJson, recordToJson } from '../../node/statements/record-json.js';
import { MEDIA_FLAGS, MEDIA_KINDS, MIME_TYPES } from '../../node/statements/vocabulary.js';
import { MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { aRecord, bytesOf } from './samples.js';

const FULL = {
  sha256: 'ab'.repeat(32),
  sha1: 'cd'.repeat(20),
  md5: 'ef'.repeat(16),
  pdq: { hash: '12'.repeat(32), quality: 84 },
  photodna: Buffer.alloc(144, 5).toString('base64'),
  kind: 'image',
  size: 48213,
  mime: 'image/jpeg',
  classification: { scheme: 'NL', code: '1' },
  series: '01234567-89ab-cdef-0123-456789abcdef',
  flags: ['victim-identified', 'self-generated'],
  recordId: '00000000-0000-0000-0000-000000000001',
  keepUntil: '2030-12-31',
};

function faultsOf(value: unknown): readonly string[] {
  try {
    recordFromJson(value);
  } catch (error) {
    if (error instanceof BadRecord) return error.reasons;
    throw error;
  }
  return [];
}

const exactly = (sizeBytes: number) => fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes });

/** Good records: each field present or absent by itself, but for one hash. */
const goodRecord = fc
  .record(
    {
      sha256: exactly(32),
      sha1: exactly(20),
      md5: exactly(16),
      pdq: exactly(32),
      photodna: exactly(144),
      kind: fc.constantFrom(...MEDIA_KINDS.wordOf.keys()),
      size: fc.bigInt(0n, 2n ** 50n),
      mime: fc.constantFrom(...MIME_TYPES.wordOf.keys()),
      classification: fc.record({
        scheme: fc.stringMatching(/^[A-Z][A-Z0-9-]{0,15}$/),
        code: fc.stringMatching(/^[A-Z0-9][A-Z0-9.-]{0,7}$/),
      }),
      series: exactly(16),
      flags: fc.subarray([...MEDIA_FLAGS.wordOf.keys()]),
      recordId: exactly(16),
    },
    { requiredKeys: ['sha256'] },
  )
  .chain((fields) =>
    fc
      .nat(fields.pdq === undefined ? 0 : 100)
      .map((pdqQuality) => create(MediaRecordSchema, { ...fields, pdqQuality })),
  );

describe('the JSON form of a media record', () => {
  test('has every field that a record has', () => {
    const { record, keepUntilDay } = recordFromJson(FULL);
    expect(record.sha256).toEqual(bytesOf(32, 0xab));
    expect(record).toMatchObject({ pdqQuality: 84, kind: 1, size: 48213n, mime: 1, flags: [1, 5] });
    expect(keepUntilDay).toBe(parseDay('2030-12-31'));
    expect(recordToJson(record, keepUntilDay)).toEqual(FULL);
  });

  test('gives back every good record', () => {
    fc.assert(
      fc.property(goodRecord, fc.nat(LAST_DAY), (record, day) => {
        const json = JSON.parse(JSON.stringify(recordToJson(record, day))) as unknown;
        expect(recordFromJson(json)).toEqual({ record, keepUntilDay: day });
      }),
    );
  });

  test('needs one hash and nothing else', () => {
    expect(recordFromJson({ md5: FULL.md5 })).toEqual({
      record: create(MediaRecordSchema, { md5: bytesOf(16, 0xef) }),
      keepUntilDay: 0,
    });
    expect(faultsOf({ kind: 'image' })).toEqual([
      'no hash: at least one of sha256, sha1, md5, pdq, photodna',
    ]);
  });

  test('takes hex in capitals and gives it in small letters', () => {
    const { record } = recordFromJson({ md5: FULL.md5.toUpperCase(), series: FULL.series.toUpperCase() });
    expect(recordToJson(record, 0)).toEqual({ md5: FULL.md5, series: FULL.series });
  });

  test('takes flags in any order', () => {
    expect(recordFromJson({ md5: FULL.md5, flags: ['generated', 'distributed'] }).record.flags).toEqual([
      3, 6,
    ]);
  });

  test('writes media types and flags as the world does', () => {
    expect([...MIME_TYPES.valueOf.keys()]).toEqual(
      expect.arrayContaining([
        'image/jpeg',
        'video/3gpp',
        'video/x-msvideo',
        'video/x-ms-wmv',
        'video/x-flv',
      ]),
    );
    expect([...MEDIA_KINDS.valueOf.keys()]).toEqual(['image', 'video']);
    expect(MEDIA_FLAGS.valueOf.get('victim-identified')).toBe(1);
  });

  test.each<[string, unknown, string]>([
    ['an unknown key', { md5: FULL.md5, victim: 'x' }, 'unknown key "victim"'],
    ['a key of the prototype', JSON.parse(`{"md5":"${FULL.md5}","__proto__":1}`), 'unknown key "__proto__"'],
    ['an unknown key in pdq', { pdq: { ...FULL.pdq, x: 1 } }, 'unknown key "x" in pdq'],
    ['short hex', { sha256: 'ab' }, 'sha256: "ab" (2 characters), must be 64 hex digits'],
    [
      'hex with other letters',
      { md5: 'g'.repeat(32) },
      `md5: "${'g'.repeat(32)}" (32 characters), must be 32 hex digits`,
    ],
    ['digits that only look like hex', { md5: '\u0130'.repeat(32) }, '(32 characters), must be 32 hex'],
    ['a hash that is no text', { md5: null }, 'md5: nothing, must be 32 hex digits'],
    ['the hash of empty input', { md5: 'd41d8cd98f00b204e9800998ecf8427e' }, 'md5: the hash of empty input'],
    [
      'a PhotoDNA of another length',
      { photodna: 'AAAA' },
      'photodna: "AAAA", must be 192 characters of base64',
    ],
    ['pdq as text', { pdq: '12'.repeat(32) }, 'pdq: must be an object'],
    [
      'a quality over 100',
      { pdq: { hash: FULL.pdq.hash, quality: 101 } },
      'pdq quality: 101, must be 0 to 100',
    ],
    ['a quality of nothing', { pdq: { quality: 5 } }, 'pdq hash: nothing, must be 64 hex digits'],
    ['an unknown kind', { md5: FULL.md5, kind: 'audio' }, 'kind: "audio", must be one of image, video'],
    [
      'an unknown type',
      { md5: FULL.md5, mime: 'text/html' },
      'mime: "text/html", must be one of image/jpeg,',
    ],
    ['a negative size', { md5: FULL.md5, size: -1 }, 'size: -1, must be a whole number'],
    ['a fraction of a byte', { md5: FULL.md5, size: 1.5 }, 'size: 1.5, must be a whole number'],
    ['a size over 2^50', { md5: FULL.md5, size: 2 ** 51 }, 'size: 2251799813685248 bytes, must be at most'],
    [
      'half a classification',
      { md5: FULL.md5, classification: { scheme: 'NL' } },
      'classification: must have a',
    ],
    [
      'a bad scheme',
      { md5: FULL.md5, classification: { scheme: 'nl', code: '1' } },
      'classification scheme: "nl"',
    ],
    ['a series that is no UUID', { md5: FULL.md5, series: 'holiday' }, 'series: "holiday", must be a UUID'],
    ['an unknown flag', { md5: FULL.md5, flags: ['fun'] }, 'flags: "fun" is none of victim-identified,'],
    ['a flag twice', { md5: FULL.md5, flags: ['generated', 'generated'] }, 'flags: generated is given twice'],
    ['flags that are no list', { md5: FULL.md5, flags: 'generated' }, 'flags: must be a list of'],
    [
      'a day that is none',
      { md5: FULL.md5, keepUntil: '2030-02-30' },
      'keepUntil: "2030-02-30", must be a day',
    ],
    ['the day that means no end', { md5: FULL.md5, keepUntil: '1970-01-01' }, 'keepUntil: "1970-01-01"'],
    ['a list', [FULL], 'a record is a JSON object'],
    ['nothing', null, 'a record is a JSON object'],
  ])('refuses %s', (_what, value, reason) => {
    expect(faultsOf(value)).toEqual([expect.stringContaining(reason)]);
  });

  test('names every fault at once', () => {
    expect(faultsOf({ md5: 'x', kind: 3, size: 'big', name: 'y' })).toEqual([
      'md5: "x" (1 characters), must be 32 hex digits',
      'kind: 3, must be one of image, video',
      'size: "big", must be a whole number',
      'unknown key "name"',
    ]);
  });

  test('repeats at most 40 characters of what it refuses', () => {
    const secret = 'x'.repeat(5000);
    for (const value of [{ [secret]: 1 }, { md5: secret, kind: secret, series: secret, keepUntil: secret }]) {
      expect(faultsOf(value).join()).not.toContain('x'.repeat(41));
    }
  });

  test('answers a list of ten thousand flags in one reason', () => {
    expect(faultsOf({ md5: FULL.md5, flags: Array(10_000).fill(1) })).toEqual([
      'flags: 10000 given, must be at most 6',
    ]);
  });

  test('judges any JSON at all', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => faultsOf(value).length > 0));
  });

  test('leaves out what is not known', () => {
    expect(recordToJson(aRecord({ recordId: bytesOf(0, 0) }), 0)).toEqual({ sha256: '02'.repeat(32) });
  });
});

describe('days', () => {
  test('are written as dates and read back', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: LAST_DAY }), (day) => parseDay(dayText(day)) === day));
    expect(dayText(LAST_DAY)).toBe('9999-12-31');
  });
});
