import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MD5, readInput, SHA1, SHA256, shortly } from './import-files.js';

async function readLine(text: string): Promise<string> {
  const lines = shortly(await readInput(text, { format: 'checksums' }));
  expect(lines).toHaveLength(1);
  return lines[0] as string;
}

const emptyMd5 = createHash('md5').digest('hex');

describe('a checksum list', () => {
  test.each([
    ['of md5sum', `${MD5}  holiday.jpg`, `{"md5":"${MD5}"}`],
    ['of sha1sum in binary mode', `${SHA1} *holiday.jpg`, `{"sha1":"${SHA1}"}`],
    ['of sha256sum', `${SHA256}  a name with ) = (signs).jpg`, `{"sha256":"${SHA256}"}`],
    ['of md5sum with an escaped name', `\\${MD5}  two\\nlines.jpg`, `{"md5":"${MD5}"}`],
    ['in BSD style', `SHA256 (holiday.jpg) = ${SHA256}`, `{"sha256":"${SHA256}"}`],
    ['in BSD style with a name that looks like one', `MD5 (a) = (b) = c) = ${MD5}`, `{"md5":"${MD5}"}`],
    ['in BSD style with an escaped name', `\\SHA1 (two\\nlines) = ${SHA1}`, `{"sha1":"${SHA1}"}`],
    ['of md5 -r', `${MD5} holiday.jpg`, `{"md5":"${MD5}"}`],
    ['of bare hashes', SHA1, `{"sha1":"${SHA1}"}`],
    ['in capitals', `${MD5.toUpperCase()}  X`, `{"md5":"${MD5}"}`],
  ])('%s gives the hash and forgets the name', async (_what, text, json) => {
    expect(await readLine(text)).toBe(`1: ${json}`);
  });

  test('may mix algorithms', async () => {
    const lines = await readInput(`${MD5}  a\n${SHA1}  b\n${SHA256}  c\n`);
    expect(shortly(lines).map((line) => line.slice(5, 9))).toEqual(['md5"', 'sha1', 'sha2']);
  });

  test.each([
    ['a SHA-512', `${'ab'.repeat(64)}  Jan`, '128 hex digits, must be 32 (MD5), 40 (SHA-1) or 64 (SHA-256)'],
    [
      'a SHA-512 in BSD style',
      `SHA512 (Jan) = ${'ab'.repeat(64)}`,
      'SHA512 is not exchanged: only MD5, SHA1',
    ],
    ['a tag and another length', `SHA256 (Jan) = ${MD5}`, 'SHA256: 32 hex digits, must be 64'],
    ['a comment', '# list of Jan', 'not a checksum line'],
    ['free text', 'the list of Jan', 'not a checksum line'],
    ['a hash after the name', `Jan ${MD5}`, 'not a checksum line'],
    ['the hash of an empty file', `${emptyMd5}  Jan`, 'md5: the hash of empty input'],
  ])('has %s refused in its line, without the name', async (_what, text, reason) => {
    const line = await readLine(text);
    expect(line).toContain(`1: ${reason}`);
    expect(line).not.toContain('Jan');
  });
});
