import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MD5, readInput, SHA1, SHA256, shortly } from './import-files.js';

const csv = { format: 'csv' } as const;
const GOOD = `{"md5":"${MD5}"}`;

async function read(...lines: string[]): Promise<string[]> {
  return shortly(await readInput(lines.join('\n'), csv));
}

describe('a CSV file', () => {
  test('has a column for every field of a record, in any order and case', async () => {
    const header =
      'KEEPUNTIL,recordid,flags,series,code,Scheme,mime,size,kind,photodna,pdqQuality,pdq,md5,sha1,SHA256';
    const id = '00000000-0000-0000-0000-000000000001';
    const photodna = Buffer.alloc(144, 5).toString('base64');
    const row = `2030-12-31,${id},generated; victim-identified,${id},1,NL,image/png,5,image,${photodna},80,${SHA256},${MD5},${SHA1},${SHA256}`;
    expect(await read(header, row)).toEqual([
      `2: ${JSON.stringify({
        sha256: SHA256,
        sha1: SHA1,
        md5: MD5,
        pdq: { hash: SHA256, quality: 80 },
        photodna,
        kind: 'image',
        size: 5,
        mime: 'image/png',
        classification: { scheme: 'NL', code: '1' },
        series: id,
        flags: ['victim-identified', 'generated'],
        recordId: id,
        keepUntil: '2030-12-31',
      })}`,
    ]);
  });

  test('says nothing in an empty field', async () => {
    expect(await read('md5,sha1,size,flags', `${MD5},,,`)).toEqual([`2: ${GOOD}`]);
  });

  test('may have its fields in quotes and spaces around them', async () => {
    expect(await read('"md5", kind', `"${MD5}","image"`, ` ${MD5} , video `)).toEqual([
      `2: {"md5":"${MD5}","kind":"image"}`,
      `3: {"md5":"${MD5}","kind":"video"}`,
    ]);
  });

  test('has bad rows told one by one, between the good ones', async () => {
    expect(
      await read(
        'md5,kind,size',
        'x,image,5',
        `${MD5},,`,
        `${MD5},image`,
        `${MD5},image,big`,
        `${MD5},a,1,2`,
        ',,',
      ),
    ).toEqual([
      '2: md5: "x" (1 characters), must be 32 hex digits',
      `3: ${GOOD}`,
      '4: 2 fields, the header has 3',
      '5: size: "big", must be a whole number',
      '6: 4 fields, the header has 3',
      '7: no hash: at least one of sha256, sha1, md5, pdq, photodna',
    ]);
  });

  test('needs scheme and code together, and pdq with its quality', async () => {
    expect(await read('md5,scheme,pdqQuality', `${MD5},NL,`, `${MD5},,7`)).toEqual([
      '2: classification: must have a scheme and a code',
      '3: pdq hash: nothing, must be 64 hex digits',
    ]);
  });

  test('with a header alone has no records', async () => {
    expect(await read('md5,kind')).toEqual([]);
  });

  test('counts the lines inside a quoted field', async () => {
    expect(await read('md5,kind', `${MD5},"image`, '', 'or video"', `${MD5},`)).toEqual([
      '2: kind: "image\\n\\nor video", must be one of image, video',
      `5: ${GOOD}`,
    ]);
  });

  test('keeps the rows after a stray quote', async () => {
    expect(await read('md5,kind', `${MD5},5" disk`, `${MD5},`, `${MD5},a "joke"`, `${MD5},`)).toEqual([
      '2: a quote is not closed',
      `3: ${GOOD}`,
      '4: quotes in the wrong place',
      `5: ${GOOD}`,
    ]);
  });

  test('keeps the rows between two stray quotes', async () => {
    expect(await read('md5,kind', `${MD5},5" disk`, `${MD5},`, `${MD5},3" disk`, `${MD5},`)).toEqual([
      '2: quotes in the wrong place',
      `3: ${GOOD}`,
      '4: a quote is not closed',
      `5: ${GOOD}`,
    ]);
  });

  test('keeps the rows after a quote that is not closed within 64 KiB', async () => {
    const rows = Array.from({ length: 5000 }, () => `${MD5},`);
    const lines = await read('md5,kind', `${MD5},"image`, ...rows);
    expect(lines).toHaveLength(5001);
    expect(lines[0]).toBe('2: a quote is not closed within 64 KiB');
    expect(lines.slice(1).every((line, n) => line === `${n + 3}: ${GOOD}`)).toBe(true);
  });

  test('keeps the rows around a line that is too long', async () => {
    expect(await read('md5,kind', `${MD5},"image`, `${MD5},`, 'x'.repeat(100_000), `${MD5},`)).toEqual([
      '2: a quote is not closed',
      `3: ${GOOD}`,
      '4: longer than 64 KiB',
      `5: ${GOOD}`,
    ]);
  });

  test('reads rows with stray quotes in linear time', async () => {
    const rows = Array.from({ length: 6000 }, (_, n) => (n % 3 === 0 ? 'a"' : 'x'));
    const started = performance.now();
    expect(await read('md5', ...rows)).toHaveLength(6000);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test.each([
    [
      'an unknown column',
      'md5,victim name',
      'unknown column "victim name"; the columns are sha256, sha1, md5,',
    ],
    ['no column of hashes', 'kind,size', 'the header names no column of hashes: at least one of sha256'],
    ['a column twice', 'md5,MD5', 'column md5 is named twice'],
    ['a column without a name', 'md5,', 'unknown column ""'],
    ['semicolons', 'md5;kind', 'the columns must be separated by commas'],
    ['tabs', 'md5\tkind', 'the columns must be separated by commas'],
    ['an open quote in its header', '"md5,kind', 'the header has quotes in the wrong place'],
    ['a header that is too long', `md5,${'x'.repeat(70_000)}`, 'the header is longer than 64 KiB'],
  ])('with %s is refused as a whole', async (_what, header, reason) => {
    await expect(read(header, `${MD5},`)).rejects.toThrow(`standard input:1: ${reason}`);
  });

  test('gives the same records with every field in quotes', async () => {
    const field = fc.constantFrom('', MD5, 'image', 'video', 'x', 'a b', '7');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field, field), { minLength: 1, maxLength: 8 }),
        async (rows) => {
          const plain = rows.map((row) => row.join());
          const inQuotes = rows.map((row) => row.map((text) => `"${text}"`).join());
          expect(await read('md5,kind,size', ...inQuotes)).toEqual(await read('md5,kind,size', ...plain));
        },
      ),
      { numRuns: 100 },
    );
  });
});
