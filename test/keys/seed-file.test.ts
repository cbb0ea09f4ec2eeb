import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPassphraseFile, readSeedFile, writeSeedFile } from '../../node/keys/seed-file.js';

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const PASSPHRASE = 'correct horse battery st\u00e4ple';
const random = (sizeBytes: number) => new Uint8Array(randomBytes(sizeBytes));

let home: string;
let plain: string;
let encrypted: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'icse-keys-'));
  plain = join(home, 'keys', 'seed');
  encrypted = join(home, 'secret-keys', 'seed');
  await writeSeedFile(plain, SEED, { random });
  await writeSeedFile(encrypted, SEED, { passphrase: PASSPHRASE, random });
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

async function aFile(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(home, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

/** The encrypted document with one value changed and a checksum that fits, as somebody hostile would make it. */
async function forged(change: (document: Record<string, unknown>) => void): Promise<string> {
  const { sha256: _, ...document } = JSON.parse(await readFile(encrypted, 'utf8'));
  change(document);
  const sha256 = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  return aFile('forged', `${JSON.stringify({ ...document, sha256 }, null, 2)}\n`);
}

describe('a seed file', () => {
  it('gives back the seed, and only its owner can read it', async () => {
    expect(await readSeedFile(plain)).toEqual(SEED);
    expect((await stat(plain)).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'keys'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(home, 'keys'))).toEqual(['seed']);
  });

  it('opens with its passphrase, however the accents in it were typed', async () => {
    expect(await readSeedFile(encrypted, { passphrase: PASSPHRASE.normalize('NFD') })).toEqual(SEED);
    expect(await readFile(encrypted, 'utf8')).not.toContain(Buffer.from(SEED).toString('base64'));
  });

  it('does not open with another passphrase or with none, and says where the passphrase goes', async () => {
    for (const passphrase of [undefined, 'wrong']) {
      const error = await readSeedFile(encrypted, { passphrase }).catch((reason) => reason);
      expect(error).toMatchObject({ code: 'seed-passphrase' });
      expect(error.message).toContain('ICSE_PASSPHRASE_FILE');
    }
  });

  it('is not made with an empty passphrase', async () => {
    const path = join(home, 'never');
    await expect(writeSeedFile(path, SEED, { passphrase: '', random })).rejects.toMatchObject({
      code: 'seed-passphrase',
    });
  });

  it('is never overwritten', async () => {
    await expect(writeSeedFile(plain, SEED.toReversed(), { random })).rejects.toMatchObject({
      code: 'seed-exists',
    });
    expect(await readSeedFile(plain)).toEqual(SEED);
    expect(await readdir(join(home, 'keys'))).toEqual(['seed']);
  });

  it('is missed by name', async () => {
    const path = join(home, 'nowhere', 'seed');
    const error = await readSeedFile(path).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'seed-missing' });
    expect(error.message).toContain(path);
  });

  it.each([0o640, 0o604, 0o620, 0o666])('is refused when others can use it: mode %o', async (mode) => {
    const path = await aFile('open-seed', await readFile(plain), mode);
    const error = await readSeedFile(path).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'seed-permissions' });
    expect(error.message).toContain(`chmod 600 ${path}`);
  });

  it('is known to be damaged when any one bit is flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(), fc.nat(7), async (isPlain, at, bit) => {
        const content = await readFile(isPlain ? plain : encrypted);
        content[at % content.length] = (content[at % content.length] as number) ^ (1 << bit);
        const path = await aFile('flipped', content);
        await expect(readSeedFile(path, { passphrase: PASSPHRASE })).rejects.toMatchObject({
          code: 'seed-damaged',
        });
      }),
      { numRuns: 200 },
    );
  });

  it('is known to be damaged when it is cut short, empty, or something else', async () => {
    const content = await readFile(plain, 'utf8');
    const others = ['', content.slice(0, -1), `${content}\n`, '{}', 'x'.repeat(5000)];
    for (const other of others) {
      await expect(readSeedFile(await aFile('other', other))).rejects.toMatchObject({ code: 'seed-damaged' });
    }
    await expect(readSeedFile(join(home, 'keys'))).rejects.toMatchObject({
      code: expect.stringMatching(/^seed-/),
    });
  });

  it('does not open when somebody changed what it says about its encryption', async () => {
    const path = await forged((document) => {
      document.scrypt = { ...(document.scrypt as object), salt: Buffer.alloc(16).toString('base64') };
    });
    await expect(readSeedFile(path, { passphrase: PASSPHRASE })).rejects.toMatchObject({
      code: 'seed-passphrase',
    });
  });

  it.each([{ N: 2 ** 21 }, { N: 2 ** 17 + 1 }, { r: 9 }, { p: 5 }, { p: 0 }])(
    'is refused when it asks for more work than a start may cost: %j',
    async (cost) => {
      const path = await forged((document) => {
        document.scrypt = { ...(document.scrypt as object), ...cost };
      });
      await expect(readSeedFile(path, { passphrase: PASSPHRASE })).rejects.toMatchObject({
        code: 'seed-damaged',
      });
    },
  );
});

describe('a passphrase file', () => {
  it('gives its first line', async () => {
    expect(await readPassphraseFile(await aFile('p1', 'secret words\n'))).toBe('secret words');
    expect(await readPassphraseFile(await aFile('p2', ' spaces kept \r\nsecond line'))).toBe(' spaces kept ');
    expect(await readPassphraseFile(await aFile('p3', 'no newline'))).toBe('no newline');
  });

  it('is refused when it is empty, missing, or readable by others', async () => {
    for (const content of ['', '\n', '\r\n', '\nsecond']) {
      await expect(readPassphraseFile(await aFile('p4', content))).rejects.toMatchObject({
        code: 'seed-passphrase',
      });
    }
    await expect(readPassphraseFile(join(home, 'no-such-file'))).rejects.toMatchObject({
      code: 'seed-passphrase',
    });
    await expect(readPassphraseFile(await aFile('p5', 'secret', 0o644))).rejects.toMatchObject({
      code: 'seed-permissions',
    });
  });
});
