import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { BadImport } from '../../gateway/formats/bad-import.js';
import { MAX_BATCH, readRecords } from '../../gateway/formats/read-records.js';
import { MediaKind } from '../../proto/gen/icse/v1/entry_pb.js';
import { aFolder, linesOf, MD5, readInput, SHA1, SHA256, shortly } from './import-files.js';

const folder = aFolder();
afterAll(folder.remove);

const RECORD = `{"md5":"${MD5}"}`;
const jsonl = { format: 'jsonl' } as const;

describe('an import file', () => {
  test('of JSON lines gives a record a line', async () => {
    const path = folder.write('list.jsonl', `${RECORD}\n{"sha1":"${SHA1}","kind":"video"}\n`);
    expect(shortly(await linesOf(readRecords(path)))).toEqual([
      `1: ${RECORD}`,
      `2: {"sha1":"${SHA1}","kind":"video"}`,
    ]);
  });

  test('of JSON lines has its bad lines told one by one, between the good ones', async () => {
    const input = ['{"md5":', RECORD, '[]', '{"md5":"x","name":"Jan"}', RECORD].join('\n');
    expect(shortly(await readInput(input))).toEqual([
      '1: not JSON',
      `2: ${RECORD}`,
      '3: a record is a JSON object',
      '4: md5: "x" (1 characters), must be 32 hex digits; unknown key "name"',
      `5: ${RECORD}`,
    ]);
  });

  test.each([
    ['with line ends of Windows', `${RECORD}\r\n\r\n${RECORD}\r\n`, [1, 3]],
    ['with a byte order mark', `\ufeff${RECORD}\n`, [1]],
    ['without an end of the last line', `${RECORD}\n${RECORD}`, [1, 2]],
    ['with blank lines', `\n \n${RECORD}\n\n\t\n${RECORD}\n\n`, [3, 6]],
  ])('%s is read, with the right line numbers', async (_what, input, numbers) => {
    for (const pieceBytes of [1, 7, 65_536]) {
      const lines = await readInput(input, { pieceBytes });
      expect(lines.map(({ line }) => line)).toEqual(numbers);
      expect(lines.every((line) => 'record' in line)).toBe(true);
    }
  });

  test('gives its records the defaults where it says nothing itself', async () => {
    const defaults = {
      kind: MediaKind.IMAGE,
      classification: { scheme: 'NL', code: '1' },
      keepUntilDay: 22_279,
    };
    const own = `{"md5":"${MD5}","kind":"video","classification":{"scheme":"UK","code":"B"},"keepUntil":"2040-01-01"}`;
    expect(shortly(await readInput(`${RECORD}\n${own}`, { defaults }))).toEqual([
      `1: {"md5":"${MD5}","kind":"image","classification":{"scheme":"NL","code":"1"},"keepUntil":"2030-12-31"}`,
      `2: ${own}`,
    ]);
  });

  test('is not read with defaults that no record may have', async () => {
    const defaults = { classification: { scheme: 'lower', code: '1' } };
    await expect(readInput(RECORD, { defaults })).rejects.toMatchObject({ code: 'bad-record' });
  });

  test('tells at most eight faults of a line', async () => {
    const keys = Array.from({ length: 500 }, (_, n) => `"k${n}":1`).join();
    const [line] = shortly(await readInput(`{${keys}}`));
    expect(line).toMatch(/^1: unknown key "k0"; .*unknown key "k7"; and 493 more$/);
  });

  test('tells how far it has been read', async () => {
    const path = folder.write('progress.jsonl', `${RECORD}\n`.repeat(10_000));
    const seen: [number, number | undefined][] = [];
    await linesOf(readRecords(path, { onProgress: (read, total) => seen.push([read, total]) }));
    const size = (RECORD.length + 1) * 10_000;
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual([size, size]);
  });

  test('comes in batches of at most a thousand, all of it', async () => {
    const path = folder.write('many.jsonl', `${RECORD}\n`.repeat(25_000));
    let count = 0;
    for await (const batch of readRecords(path)) {
      expect(batch.length).toBeLessThanOrEqual(MAX_BATCH);
      count += batch.length;
    }
    expect(count).toBe(25_000);
  });

  test('may be left before its end', async () => {
    const path = folder.write('left.jsonl', `${RECORD}\n`.repeat(25_000));
    for await (const batch of readRecords(path)) {
      expect(batch).toHaveLength(MAX_BATCH);
      break;
    }
  });

  test('is no longer read after an abort', async () => {
    const stop = new AbortController();
    const never = new Readable({ read: () => {} });
    never.push(`${RECORD}\n`);
    const reading = readRecords('-', { stdin: never, signal: stop.signal });
    expect((await reading.next()).value).toHaveLength(1);
    stop.abort(new Error('enough'));
    await expect(reading.next()).rejects.toThrow('enough');
  });
});

describe('a line that is too long', () => {
  const long = `{"md5":"${'x'.repeat(10_000_000)}"}`;

  test('is refused as one line, and the lines after it are read', async () => {
    expect(shortly(await readInput(`${RECORD}\n${long}\n${RECORD}\n`))).toEqual([
      `1: ${RECORD}`,
      '2: longer than 64 KiB',
      `3: ${RECORD}`,
    ]);
  });

  test('is refused as the last one without an end too', async () => {
    expect(shortly(await readInput(`${RECORD}\n${long}`)).at(-1)).toBe('2: longer than 64 KiB');
  });

  test('does not hide the format when it is the first', async () => {
    expect(shortly(await readInput(`${long}\n${RECORD}\n`))).toEqual([
      '1: longer than 64 KiB',
      `2: ${RECORD}`,
    ]);
  });

  test('is not kept in memory', async () => {
    const piece = Buffer.alloc(1_000_000, 'x');
    async function* endless() {
      for (let n = 0; n < 300; n++) yield piece;
      yield Buffer.from(`\n${RECORD}\n`);
    }
    const before = process.memoryUsage();
    const lines = await linesOf(readRecords('-', { ...jsonl, stdin: Readable.from(endless()) }));
    expect(lines.map(({ line }) => line)).toEqual([1, 2]);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(
      50_000_000,
    );
  });

  test('begins one byte after 64 KiB', async () => {
    const padded = (bytes: number) => RECORD.padEnd(bytes, ' ');
    const lines = await readInput(`${padded(65_536)}\n${padded(65_537)}\n`);
    expect(lines.map((line) => 'record' in line)).toEqual([true, false]);
  });
});

describe('a file that will not do is refused with its name and the reason', () => {
  /** What is said after the name of the file: `:LINE: why`, or `: why`. */
  async function refusal(path: string, options = {}): Promise<string> {
    const error = await linesOf(readRecords(path, options)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BadImport);
    expect(error).toMatchObject({ code: 'bad-import' });
    const { message, line, why } = error as BadImport;
    expect(message).toBe(`${path}${line === undefined ? '' : `:${line}`}: ${why}`);
    return message.slice(path.length);
  }

  test.each<[string, string | Uint8Array, string]>([
    ['an empty file', '', ': is empty'],
    ['a file of blank lines', '\n\r\n \n', ': has nothing but blank lines'],
    ['a file of zero bytes', Buffer.alloc(100), ':1: not text: it has a zero byte'],
    ['a file in UTF-16', Buffer.from(`\ufeff${RECORD}\n`, 'utf16le'), ':1: not text: it has a zero byte'],
    ['a zero byte in line 2', `${RECORD}\n${RECORD}\0\n`, ':2: not text: it has a zero byte'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(`${RECORD}\n\n`), Buffer.from([0x7b, 0xff, 0x7d])]),
      ':3: not text in UTF-8',
    ],
    ['a letter', '\nDear colleague,\nhere is the list.\n', ':2: its format is not recognised: JSON'],
    ['a JSON list', `[${RECORD}]`, ':1: its format is not recognised'],
    ['a header, as the second line', `Report\nmd5,kind\n${MD5},image\n`, ':1: its format is not recognised'],
    ['a header without a column of hashes', '\nmd5,name\n', ':2: unknown column "name"'],
  ])('%s', async (_what, content, reason) => {
    expect(await refusal(folder.write('file.txt', content))).toContain(reason);
  });

  test('a folder', async () => {
    mkdirSync(join(folder.path, 'folder'));
    expect(await refusal(join(folder.path, 'folder'))).toBe(': is a directory, not a file');
  });

  test('a file that is not there', async () => {
    expect(await refusal(join(folder.path, 'missing.csv'))).toBe(': there is no such file');
    expect(await refusal(join(folder.write('x', RECORD), 'y'))).toBe(': cannot be read (ENOTDIR)');
  });

  test.skipIf(process.getuid?.() === 0)('a file that this user may not read', async () => {
    const path = folder.write('secret.jsonl', RECORD);
    chmodSync(path, 0);
    expect(await refusal(path)).toBe(': this user may not read it');
  });

  test('standard input under its own name', async () => {
    await expect(readInput('')).rejects.toThrow('standard input: is empty');
  });

  test('a replacement character in good UTF-8 is no fault of the file', async () => {
    expect(shortly(await readInput('{"\ufffd":1}'))[0]).toContain('unknown key "\ufffd"');
  });
});

describe('the format of a file', () => {
  const cases: [string, string, string][] = [
    ['list.txt', RECORD, 'JSON lines by a brace'],
    ['list.txt', `MD5,kind\n${MD5},image\n`, 'CSV by its header'],
    ['list.txt', `${MD5}  name.jpg\n`, 'a checksum list by its first line'],
    ['list.csv', RECORD, 'JSON lines by a brace, whatever the name'],
    ['list', `SHA256 (name) = ${SHA256}\n`, 'a checksum list in BSD style'],
  ];

  test.each(cases)('%s is seen in %j: %3$s', async (name, content) => {
    const lines = await linesOf(readRecords(folder.write(name, content)));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveProperty('record');
  });

  test('in JSON goes on as it stands where it says all of the record', async () => {
    const path = folder.write('list.jsonl', ` ${RECORD}\r\n{"sha1":"x"}\n`);
    const [whole, refused] = await linesOf(readRecords(path));
    expect(whole).toMatchObject({ line: 1, json: ` ${RECORD}` });
    expect(refused).not.toHaveProperty('json');
    const [completed] = await linesOf(readRecords(path, { defaults: { keepUntilDay: 30_000 } }));
    expect(completed).not.toHaveProperty('json');
  });

  test('is told by the name where the first line tells nothing', async () => {
    const first = async (name: string) =>
      shortly(await linesOf(readRecords(folder.write(name, 'hello\n'))))[0];
    expect(await first('a.jsonl')).toBe('1: not JSON');
    expect(await first('a.ndjson')).toBe('1: not JSON');
    expect(await first('a.MD5')).toBe('1: not a checksum line');
    expect(await first('SHA256SUMS')).toBe('1: not a checksum line');
    await expect(first('a.csv')).rejects.toThrow('unknown column "hello"');
  });

  test('is told by a later line where the first lines tell nothing, and those are refused', async () => {
    const first = (...lines: string[]) => readInput(lines.join('\n'));
    const wrongHex = 'zz'.repeat(16);
    expect(shortly(await first(`${wrongHex}  a.jpg`, `${MD5}  b.jpg`))).toEqual([
      '1: not a checksum line',
      `2: {"md5":"${MD5}"}`,
    ]);
    expect(shortly(await first('md5 only', '', RECORD))).toEqual(['1: not JSON', `3: ${RECORD}`]);
    const prose = Array.from({ length: 99 }, () => 'prose');
    expect(await first(...prose, MD5)).toHaveLength(100);
    await expect(first('', ...prose, 'prose', MD5)).rejects.toThrow('standard input:2: its format');
  });

  test('does not matter where every line is too long', async () => {
    const long = 'x'.repeat(70_000);
    expect(shortly(await readInput(`${long}\n${long}`))).toEqual([
      '1: longer than 64 KiB',
      '2: longer than 64 KiB',
    ]);
  });

  test('may be given', async () => {
    expect(shortly(await readInput(`${MD5}\n`, jsonl))).toEqual(['1: not JSON']);
    await expect(readInput(MD5, { format: 'csv' })).rejects.toThrow('unknown column');
  });
});

describe('whatever the bytes', () => {
  const formats = fc.constantFrom('auto' as const, 'jsonl' as const, 'csv' as const, 'checksums' as const);
  const fragment = fc.constantFrom(
    RECORD,
    MD5,
    SHA256,
    '\n',
    '\r\n',
    '"',
    ',',
    '{',
    '}',
    ' *',
    'md5',
    ' (',
    ') = ',
    'é',
  );
  const anyText = fc.array(fc.oneof(fragment, fc.string({ maxLength: 5 })), { maxLength: 30 });
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    anyText.map((parts) => Buffer.from(parts.join(''))),
    anyText.map((parts) => Buffer.from(`md5,kind\n${parts.join('')}`)),
  );

  test('a reader gives lines or refuses the file, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyBytes,
        formats,
        fc.integer({ min: 1, max: 50 }),
        async (bytes, format, pieceBytes) => {
          try {
            let last = 0;
            for (const { line } of await readInput(bytes, { format, pieceBytes })) {
              expect(line).toBeGreaterThan(last);
              last = line;
            }
          } catch (error) {
            expect(error).toBeInstanceOf(BadImport);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('every line that is not blank is a record or a reason', async () => {
    const anyLines = fc.array(fc.oneof(fc.constantFrom('', ' ', RECORD, MD5, '{}', '\r'), fc.string()), {
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(anyLines, fc.constantFrom('jsonl', 'checksums'), async (parts, format) => {
        const text = parts.map((part) => part.replaceAll(/[\n\0]/g, '')).join('\n');
        const numbers = text.split('\n').flatMap((line, n) => (line.trim() === '' ? [] : [n + 1]));
        fc.pre(numbers.length > 0);
        const lines = await readInput(text, { format, pieceBytes: 9 });
        expect(lines.map(({ line }) => line)).toEqual(numbers);
      }),
      { numRuns: 500 },
    );
  });

  test('the size of the pieces in which a file comes makes no difference', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, fc.integer({ min: 1, max: 40 }), async (parts, pieceBytes) => {
        const input = `md5,kind\n${parts.join('').replaceAll('\0', '')}`;
        const whole = shortly(await readInput(input));
        expect(shortly(await readInput(input, { pieceBytes }))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});
