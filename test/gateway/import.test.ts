import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { aNode } from './a-node.js';
import { aFolder, aServedNode, icse, type RunOptions, type ServedNode } from './a-socket.js';

const MD5 = 'ab'.repeat(16);
const SHA1 = 'cd'.repeat(20);
const SHA256 = 'ef'.repeat(32);
const RECORD = `{"md5":"${MD5}"}`;
const md5 = (n: number) => n.toString(16).padStart(32, '0');

/** Imports a file of this content into the node; what it prints, with FILE for the path. */
async function importText(served: ServedNode, content: string | Uint8Array, ...more: string[]) {
  const path = join(await aFolder(), 'list.jsonl');
  await writeFile(path, content);
  return importPath(served, path, more);
}

async function importPath({ home }: ServedNode, path: string, more: string[] = [], options: RunOptions = {}) {
  const { code, out, err } = await icse(['import', path, '--home', home, ...more], options);
  return {
    code,
    out: out.replaceAll(path, 'FILE'),
    err: err.replaceAll(path, 'FILE').split('\n').slice(0, -1),
  };
}

describe('an import', () => {
  test('takes the good lines, counts what is known, and refuses each bad line by name', async () => {
    const served = await aServedNode();
    const content = [RECORD, '{"md5":"xyz"}', `{"sha1":"${SHA1}"}`, RECORD, 'not json'].join('\n');
    const { code, out, err } = await importText(served, content, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      taken: 2,
      known: 1,
      refused: [
        { line: 2, reason: 'md5: "xyz" (3 characters), must be 32 hex digits' },
        { line: 5, reason: 'not JSON' },
      ],
    });
    expect(err).toEqual(['FILE:2: md5: "xyz" (3 characters), must be 32 hex digits', 'FILE:5: not JSON']);
    expect(served.node.published).toEqual([{ md5: MD5 }, { sha1: SHA1 }]);
  });

  test('that is all good ends with 0 and says so in one line', async () => {
    const served = await aServedNode();
    expect(await importText(served, `${RECORD}\n`)).toEqual({
      code: 0,
      out: 'FILE: 1 taken, 0 known already, 0 refused\n',
      err: [],
    });
  });

  test('fills in what the file does not say', async () => {
    const served = await aServedNode();
    const defaults = ['--kind', 'image', '--classification', 'NL:1', '--keep-until', '2090-12-31'];
    expect(
      (await importText(served, `${RECORD}\n{"sha1":"${SHA1}","kind":"video"}\n`, ...defaults)).code,
    ).toBe(0);
    const common = { classification: { scheme: 'NL', code: '1' }, keepUntil: '2090-12-31' };
    expect(served.node.published).toEqual([
      { md5: MD5, kind: 'image', ...common },
      { sha1: SHA1, kind: 'video', ...common },
    ]);
  });

  test('tells the refusals of the node in their turn, between those of the reader', async () => {
    const served = await aServedNode(aNode({ publish: aNode().api.publish }));
    const content = ['{"md5":"1"}', `{"md5":"${MD5}","keepUntil":"2001-01-01"}`, RECORD, '{"md5":"4"}'].join(
      '\n',
    );
    const { err } = await importText(served, content);
    expect(err).toEqual([
      'FILE:1: md5: "1" (1 characters), must be 32 hex digits',
      'FILE:2: keepUntil: 2001-01-01 is in the past',
      'FILE:4: md5: "4" (1 characters), must be 32 hex digits',
    ]);
  });

  test('of many lines comes through whole and in order', async () => {
    const served = await aServedNode();
    const lines = Array.from({ length: 30_000 }, (_, n) => (n % 1000 === 999 ? '{}' : `{"md5":"${md5(n)}"}`));
    const { code, out } = await importText(served, lines.join('\n'), '--json');
    expect(code).toBe(1);
    const { taken, refused } = JSON.parse(out);
    expect(taken).toBe(29_970);
    expect(refused.map(({ line }: { line: number }) => line)).toEqual(
      Array.from({ length: 30 }, (_, n) => (n + 1) * 1000),
    );
    expect(served.node.published).toHaveLength(29_970);
  });

  test('stops at a refusal that the next line would meet as well', async () => {
    const served = await aServedNode();
    let left = 3;
    const inner = served.node.api.publish;
    Object.assign(served.node.api, {
      async publish(...args: Parameters<typeof inner>) {
        if (left-- > 0) return inner(...args);
        const { OverQuota } = await import('../../node/publishing/quota.js');
        throw new OverQuota('the quota of 3 entries a day is used up');
      },
    });
    const lines = Array.from({ length: 50_000 }, (_, n) => `{"md5":"${md5(n)}"}`);
    const { code, out, err } = await importText(served, lines.join('\n'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ taken: 3, known: 0 });
    expect(err[0]).toBe(
      'FILE:4: the quota of 3 entries a day is used up; the rest may follow tomorrow (UTC), or Lyon raises the quota (icse member amend)',
    );
    expect(err.at(-1)).toMatch(/^FILE: stopped: the quota of 3 entries a day is used up/);
    // Twenty lines, the one that sums up, and no more, however many were under way.
    expect(err).toHaveLength(21);
    expect(err.at(-1)).toMatch(/\([0-9,]+ more lines that were under way met the same\)$/);
  });

  test('says what remained open when the node stops in the middle', async () => {
    const served = await aServedNode(aNode({ publish: () => new Promise(() => {}) }), { graceMs: 100 });
    const importing = importText(served, `${RECORD}\n{"sha1":"${SHA1}"}\n`, '--json');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closing = served.server.close();
    const { code, out, err } = await importing;
    expect(code).toBe(1);
    expect(err[0]).toMatch(
      /^FILE: the node on .* has stopped before it had answered for line 1 and those after it/,
    );
    expect(JSON.parse(out)).toMatchObject({ taken: 0, known: 0 });
    await closing;
  });

  test('that is interrupted says what was taken', async () => {
    const served = await aServedNode();
    const stop = new AbortController();
    const { Interrupted } = await import('../../gateway/cli/terminal.js');
    const stdin = new Readable({ read() {} });
    stdin.push(`${RECORD}\n`);
    const importing = icse(['import', '-', '--home', served.home, '--json'], { stdin, signal: stop.signal });
    while (served.node.published.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort(new Interrupted());
    const { code, out, err } = await importing;
    expect({ code, err }).toEqual({ code: 1, err: 'standard input: interrupted\n' });
    expect(JSON.parse(out)).toMatchObject({ taken: 1 });
  });
});

describe('bad input', () => {
  const one = (reason: string, line = 1, taken = 0) => ({ line, reason, taken });
  const wrongLength = `${'ab'.repeat(10)}`;
  const csv = (...rows: string[]) => rows.join('\n');

  test.each<[string, string | Uint8Array, { line: number; reason: string; taken: number }]>([
    [
      'wrong hex',
      `{"md5":"${'zz'.repeat(16)}"}`,
      one(`md5: "${'zz'.repeat(16)}" (32 characters), must be 32 hex digits`),
    ],
    [
      'a wrong length',
      `{"sha256":"${wrongLength}"}`,
      one(`sha256: "${wrongLength}" (20 characters), must be 64 hex digits`),
    ],
    [
      'a wrong length in a checksum list',
      `${SHA1}  a.jpg\n${wrongLength}  b.jpg`,
      one('20 hex digits, must be 32 (MD5), 40 (SHA-1) or 64 (SHA-256)', 2, 1),
    ],
    [
      'a row with too many fields',
      csv('md5,kind', `${MD5},image`, `${MD5},image,x`),
      one('3 fields, the header has 2', 3, 1),
    ],
    [
      'a row with the fields mixed up',
      csv('md5,sha1', `${SHA1},${MD5}`),
      one(
        `md5: "${SHA1}" (40 characters), must be 32 hex digits; sha1: "${MD5}" (32 characters), must be 40 hex digits`,
        2,
      ),
    ],
    [
      'what is no record but another statement',
      '{"event":"victim-identified","subject":"5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11"}',
      one('not an open record: files of an import have records alone, all else goes through icse publish -'),
    ],
    [
      'a record for named readers alone',
      `{"md5":"${MD5}","readers":["AU"]}`,
      one('not an open record: files of an import have records alone, all else goes through icse publish -'),
    ],
    [
      'a record without a hash',
      '{"kind":"image"}',
      one('no hash: at least one of sha256, sha1, md5, pdq, photodna'),
    ],
    [
      'the hash of empty input',
      '{"md5":"d41d8cd98f00b204e9800998ecf8427e"}',
      one('md5: the hash of empty input'),
    ],
    [
      '10 MB in one line',
      `${RECORD}\n{"md5":"${'x'.repeat(10_000_000)}"}\n{"sha1":"${SHA1}"}\n`,
      one('longer than 64 KiB', 2, 2),
    ],
  ])('%s is refused by its line, and the rest is taken', async (_what, content, { line, reason, taken }) => {
    const { code, out, err } = await importText(await aServedNode(), content, '--json');
    expect({ code, err }).toEqual({ code: 1, err: [`FILE:${line}: ${reason}`] });
    expect(JSON.parse(out)).toEqual({ taken, known: 0, refused: [{ line, reason }] });
  });

  test.each<[string, string | Uint8Array, number, string]>([
    ['a header that names no hash', 'kind,size\nimage,1\n', 1, 'the header names no column of hashes'],
    ['a header with an unknown column', `\nmd5,name\n${MD5},Jan\n`, 2, 'unknown column "name"'],
    ['an empty file', '', 0, 'is empty'],
    ['a file of blank lines', '\n \n', 0, 'has nothing but blank lines'],
    ['a file that is not text', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]), 1, 'not text'],
    ['a format that nobody knows', 'hello\nworld\n', 1, 'its format is not recognised'],
    ['10 MB without an end of the line', 'x'.repeat(10_000_000), 1, 'the header is longer than 64 KiB'],
  ])('%s is refused as a whole', async (_what, content, line, reason) => {
    const served = await aServedNode();
    const path = join(await aFolder(), reason.startsWith('its format') ? 'list' : 'list.csv');
    await writeFile(path, content);
    const { code, out, err } = await importPath(served, path, ['--json']);
    expect(code).toBe(1);
    expect(err).toHaveLength(1);
    expect(err[0]).toContain(line === 0 ? `FILE: ${reason}` : `FILE:${line}: ${reason}`);
    expect(JSON.parse(out)).toMatchObject({
      taken: 0,
      known: 0,
      refused: [{ line, reason: expect.stringContaining(reason) }],
    });
    expect(served.node.published).toEqual([]);
  });

  test('a directory, or no file at all, is refused as a whole', async () => {
    const served = await aServedNode();
    const folder = await aFolder();
    expect(await importPath(served, folder)).toMatchObject({
      code: 1,
      err: ['FILE: is a directory, not a file'],
    });
    expect(await importPath(served, join(folder, 'none'))).toMatchObject({
      code: 1,
      err: ['FILE: there is no such file'],
    });
  });

  test.each([
    ['a byte order mark', `\ufeff${RECORD}\n`],
    ['line ends of Windows', `${RECORD}\r\n`],
    ['a last line without an end', RECORD],
  ])('%s is no fault', async (_what, content) => {
    expect(await importText(await aServedNode(), content)).toMatchObject({ code: 0, err: [] });
  });

  test('text that ends in bytes that are none keeps what was good before, and says where it ends', async () => {
    const served = await aServedNode();
    const good = Array.from({ length: 20_000 }, (_, n) => `{"md5":"${md5(n)}"}\n`).join('');
    const { code, out, err } = await importText(
      served,
      Buffer.concat([Buffer.from(good), Buffer.from([0xff, 0x0a])]),
      '--json',
    );
    expect({ code, err }).toEqual({ code: 1, err: ['FILE:20001: not text in UTF-8'] });
    const { taken, refused } = JSON.parse(out);
    expect(taken).toBe(served.node.published.length);
    expect(taken).toBe(20_000);
    expect(refused).toEqual([{ line: 20_001, reason: 'not text in UTF-8' }]);
  });
});

describe('a strict import', () => {
  test('appends nothing when one line is bad', async () => {
    const served = await aServedNode();
    const { code, out, err } = await importText(served, `${RECORD}\n{"md5":"x"}\n`, '--strict', '--json');
    expect({ code, err }).toEqual({
      code: 1,
      err: ['FILE:2: md5: "x" (1 characters), must be 32 hex digits'],
    });
    expect(JSON.parse(out)).toMatchObject({ taken: 0, known: 0, refused: [{ line: 2 }] });
    expect(served.node.published).toEqual([]);
  });

  test('appends nothing when a record would have ended already', async () => {
    const served = await aServedNode();
    const content = `${RECORD}\n{"sha1":"${SHA1}","keepUntil":"2001-01-01"}\n`;
    expect((await importText(served, content, '--strict')).code).toBe(1);
    expect(served.node.published).toEqual([]);
  });

  test('appends everything when everything is good', async () => {
    const served = await aServedNode();
    expect((await importText(served, `${RECORD}\n`, '--strict')).code).toBe(0);
    expect(served.node.published).toHaveLength(1);
  });

  test.each([
    ['is bad', `${RECORD}\n{"md5":"x"}\n`, 1, 0],
    ['is good', `${RECORD}\n{"sha1":"${SHA1}"}\n`, 0, 2],
  ])(
    'reads standard input twice by way of a private file, which is gone when the input %s',
    async (_what, stdin, code, count) => {
      const served = await aServedNode();
      const ran = await importPath(served, '-', ['--strict', '--json'], { stdin });
      expect(ran.code).toBe(code);
      if (code === 1)
        expect(ran.err).toEqual(['standard input:2: md5: "x" (1 characters), must be 32 hex digits']);
      expect(served.node.published).toHaveLength(count);
      expect((await readdir(tmpdir())).filter((name) => name.startsWith('icse-import-'))).toEqual([]);
    },
  );
});

describe('a dry run', () => {
  test('tells what would be taken and needs no node', async () => {
    const path = join(await aFolder(), 'list');
    await writeFile(path, `${RECORD}\n{"md5":"x"}\n`);
    const { code, out } = await icse(['import', path, '--dry-run', '--format', 'jsonl']);
    expect(code).toBe(1);
    expect(out).toBe(`${path}: 1 would be taken, 1 would be refused\n`);
  });
});

describe('a private import', () => {
  test('keeps the hashes alone, with the label', async () => {
    const served = await aServedNode();
    const { code, out } = await importText(
      served,
      `{"md5":"${MD5}","sha256":"${SHA256}","kind":"image"}\n{}\n`,
      '--private',
      '--label',
      'case 12',
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ taken: 1, known: 0, refused: [{ line: 2 }] });
    expect(served.node.holdings).toEqual([{ hashes: { sha256: SHA256, md5: MD5 }, label: 'case 12' }]);
    expect(served.node.published).toEqual([]);
  });

  test('does not take what holdings cannot keep', async () => {
    const { home } = await aServedNode();
    const wrong = (...argv: string[]) => icse(['import', 'list', '--home', home, ...argv]);
    expect(await wrong('--private', '--kind', 'image')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--kind'),
    });
    expect(await wrong('--label', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('--private') });
    expect(await wrong('--private', '--label', 'a\nb')).toMatchObject({ code: 2 });
  });
});

test('a pipe cannot be read twice by name', async () => {
  const folder = await aFolder();
  const { execFileSync } = await import('node:child_process');
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  await mkdir(join(folder, 'home'));
  const { code, err } = await icse(['import', fifo, '--strict', '--home', join(folder, 'home')]);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('--strict reads') });
});
