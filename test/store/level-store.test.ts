import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClassicLevel } from 'classic-level';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openLevelStore } from '../../node/store/level-store.js';
import type { LogStore } from '../../node/store/log-store.js';
import { AU, bytes, itKeepsTheLogStoreContract, move, NL, text } from './contract.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'icse-store-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function aDirectory(): Promise<string> {
  return mkdtemp(join(root, 'store-'));
}

describe('the log store on LevelDB', () => {
  const places = new Map<LogStore, string>();
  const openAt = async (directory: string) => {
    const store = await openLevelStore(directory);
    places.set(store, directory);
    return store;
  };
  itKeepsTheLogStoreContract({
    open: async () => openAt(await aDirectory()),
    reopen: async (store) => {
      await store.close();
      return openAt(places.get(store) as string);
    },
  });

  it('makes a directory that only its owner can enter', async () => {
    const directory = join(await aDirectory(), 'home', 'store');
    const store = await openLevelStore(directory);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it('says that the directory cannot be made', async () => {
    const file = join(await aDirectory(), 'file');
    await writeFile(file, '');
    await expect(openLevelStore(join(file, 'store'))).rejects.toMatchObject({ code: 'store-unwritable' });
  });

  it('is locked while it is open, here and in other processes', async () => {
    const directory = await aDirectory();
    const store = await openLevelStore(directory);
    await expect(openLevelStore(directory)).rejects.toMatchObject({
      code: 'store-locked',
      message: `another process uses ${directory}: stop that one first`,
    });
    await store.close();
    const level = createRequire(import.meta.url).resolve('classic-level');
    const holder = promisify(execFile)(process.execPath, [
      '-e',
      `const db = new (require(${JSON.stringify(level)}).ClassicLevel)(${JSON.stringify(directory)});
       db.open().then(() => { console.log('open'); setTimeout(() => process.exit(), 20000); });`,
    ]);
    await new Promise((resolve) => holder.child.stdout?.once('data', resolve));
    await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-locked' });
    holder.child.kill('SIGKILL');
    await holder.catch(() => undefined);
    await (await openLevelStore(directory)).close();
  });

  it('hands each commit to LevelDB to be on the disk when it returns', async () => {
    // Killing a process leaves the page cache as it is: only a power cut would show what is not synced.
    const batch = vi.spyOn(ClassicLevel.prototype, 'batch');
    const store = await openLevelStore(await aDirectory());
    try {
      await store.commit([move(NL, undefined, '1', { a: '1' })]);
      await store.commit([move(NL, '1', '2', {}, ['a']), move(AU, undefined, '1')]);
      expect(batch).toHaveBeenCalledTimes(2);
      for (const call of batch.mock.calls) expect(call).toEqual([expect.any(Array), { sync: true }]);
    } finally {
      batch.mockRestore();
      await store.close();
    }
  });

  it('keeps what it acknowledged when the process is killed', async () => {
    const directory = await aDirectory();
    const store = await openLevelStore(directory);
    await store.commit([move(NL, undefined, '1', { a: '1' })]);
    const copy = await aDirectory();
    await cp(directory, copy, { recursive: true });
    await store.close();
    const found = await openLevelStore(copy);
    expect(text(await found.head(NL))).toBe('1');
    expect(text(await found.object(NL, 'a'))).toBe('1');
    await found.close();
  });
});

describe('a disk that is full', () => {
  let disk: string;
  let isMounted = false;

  beforeAll(async () => {
    disk = await aDirectory();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'ignore' });
      isMounted = true;
    } catch {
      isMounted = false;
    }
  });
  afterAll(() => {
    if (isMounted) execFileSync('umount', [disk]);
  });

  it('refuses the commit, shows nothing of it, and goes on when there is room', async ({ skip }) => {
    skip(!isMounted, 'a tmpfs cannot be mounted here');
    const directory = join(disk, 'store');
    const ballast = join(disk, 'ballast');
    const store = await openLevelStore(directory);
    await store.commit([move(NL, undefined, '1', { a: 'before' })]);
    await writeFile(ballast, randomBytes(1024 * 1024));
    const failed = store.commit([
      move(NL, '1', '2', { a: 'after', big: randomBytes(1536 * 1024) }),
      move(AU, undefined, '1', { a: 'after' }),
    ]);
    const queued = store.commit([move(NL, '2', '3')]);
    const error = await failed.catch((reason) => reason);
    expect(error).toMatchObject({ code: 'store-unwritable' });
    expect(error.message).toContain(directory);
    expect(String(error.cause)).toContain('No space left');
    await expect(queued).rejects.toMatchObject({ code: 'store-unwritable' });
    expect(await store.logs()).toEqual([NL]);
    expect(text(await store.head(NL))).toBe('1');
    expect((await store.objects(NL, ['a', 'big'])).map(text)).toEqual(['before', undefined]);
    // A small write would fit, but LevelDB might lose it behind the torn record.
    await expect(store.commit([move(NL, '1', '2')])).rejects.toMatchObject({ code: 'store-unwritable' });
    await store.close();
    await rm(ballast);
    const found = await openLevelStore(directory);
    expect(text(await found.head(NL))).toBe('1');
    expect(text(await found.object(NL, 'a'))).toBe('before');
    await found.commit([move(NL, '1', '2')]);
    await found.close();
  });

  it('says so when it is full at the start', async ({ skip }) => {
    skip(!isMounted, 'a tmpfs cannot be mounted here');
    await writeFile(join(disk, 'full'), randomBytes(2 * 1024 * 1024)).catch(() => undefined);
    await expect(openLevelStore(join(disk, 'other'))).rejects.toMatchObject({ code: 'store-unwritable' });
  });
});

describe('a damaged store', () => {
  const objects = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`bundle/${String(i).padStart(3, '0')}`, randomBytes(3000)]),
  );
  let inTables: string;
  let inLog: string;

  beforeAll(async () => {
    inTables = await aDirectory();
    const store = await openLevelStore(inTables);
    await store.commit([move(NL, undefined, '1', objects), move(AU, undefined, '1', objects)]);
    await store.close();
    const db = new ClassicLevel(inTables);
    await db.compactRange('', '\x7f');
    await db.close();
    inLog = await aDirectory();
    const other = await openLevelStore(inLog);
    for (let i = 0; i < 20; i += 1) {
      const from = i === 0 ? undefined : String(i - 1);
      await other.commit([move(NL, from, String(i), { [`piece/${i}`]: randomBytes(4000) })]);
    }
    await other.close();
  });

  async function copyOf(directory: string): Promise<string> {
    const copy = await aDirectory();
    await cp(directory, copy, { recursive: true });
    return copy;
  }

  async function fileIn(directory: string, pattern: RegExp): Promise<string> {
    const files = await readdir(directory);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(directory, file))).size));
    const found = files.findIndex((file, i) => pattern.test(file) && (sizes[i] ?? 0) > 0);
    return join(directory, files[found] as string);
  }

  async function flip(path: string, place: number): Promise<void> {
    const content = await readFile(path);
    const at = Math.floor(place * content.length);
    content[at] = (content[at] as number) ^ 0x10;
    await writeFile(path, content);
  }

  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('never gives wrong bytes when a table file has a flipped bit', async () => {
    await fc.assert(
      fc.asyncProperty(place, async (at) => {
        const directory = await copyOf(inTables);
        await flip(await fileIn(directory, /\.ldb$/), at);
        const check = async () => {
          const store = await openLevelStore(directory);
          try {
            for (const log of await store.logs()) {
              expect(text(await store.head(log))).toBe('1');
              for (const [key, value] of Object.entries(objects)) {
                const found = await store.object(log, key);
                if (found !== undefined) expect(Buffer.compare(found, value)).toBe(0);
              }
            }
          } finally {
            await store.close();
          }
        };
        await check().catch((error) => expect(error).toMatchObject({ code: 'store-damaged' }));
      }),
      { numRuns: 40 },
    );
  });

  it('says so when a value in a table file has a flipped bit', async () => {
    const directory = await copyOf(inTables);
    const path = await fileIn(directory, /\.ldb$/);
    const value = objects['bundle/007'] as Buffer;
    const at = (await readFile(path)).indexOf(value.subarray(100, 200));
    expect(at).toBeGreaterThan(0);
    await flip(path, (at + 0.5) / (await stat(path)).size);
    const store = await openLevelStore(directory);
    const error = await store.object(AU, 'bundle/007').catch((reason) => reason);
    expect(error).toMatchObject({ code: 'store-damaged' });
    expect(error.message).toContain(`${directory} is damaged: move it away and start again`);
    expect(await store.object(AU, 'bundle/008')).toHaveLength(3000);
    await store.close();
  });

  it('is refused when acknowledged records of the write-ahead log are damaged', async () => {
    const path = await fileIn(inLog, /\.log$/);
    const lastRecord = (await readFile(path)).lastIndexOf(bytes('piece/19')) - 200;
    const size = (await stat(path)).size;
    await fc.assert(
      fc.asyncProperty(place, async (at) => {
        const directory = await copyOf(inLog);
        await flip(await fileIn(directory, /\.log$/), (at * lastRecord) / size);
        await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-damaged' });
      }),
      { numRuns: 40 },
    );
  });

  it('is not one whose last write the power cut short: that write is wholly absent', async () => {
    const path = await fileIn(inLog, /\.log$/);
    const content = await readFile(path);
    const lastRecord = content.lastIndexOf(bytes('piece/19'));
    await fc.assert(
      fc.asyncProperty(place, fc.boolean(), async (at, hasZeros) => {
        const directory = await copyOf(inLog);
        const end = lastRecord + Math.floor(at * (content.length - lastRecord));
        const torn = Buffer.concat([
          content.subarray(0, end),
          Buffer.alloc(hasZeros ? content.length - end : 0),
        ]);
        await writeFile(await fileIn(directory, /\.log$/), torn);
        const store = await openLevelStore(directory);
        expect(text(await store.head(NL))).toBe('18');
        expect(await store.object(NL, 'piece/18')).toHaveLength(4000);
        expect(await store.object(NL, 'piece/19')).toBeUndefined();
        await store.close();
      }),
      { numRuns: 20 },
    );
  });

  it.each(['CURRENT', 'MANIFEST'])('is refused when %s has a flipped bit', async (name) => {
    const pattern = new RegExp(`^${name}`);
    const size = (await stat(await fileIn(inTables, pattern))).size;
    for (let at = 0; at < 1; at += Math.max(1 / size, 1 / 100)) {
      const directory = await copyOf(inTables);
      await flip(await fileIn(directory, pattern), at);
      await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-damaged' });
    }
  });

  it('is refused when CURRENT or a table file is gone', async () => {
    for (const pattern of [/^CURRENT$/, /\.ldb$/]) {
      const directory = await copyOf(inTables);
      await rm(await fileIn(directory, pattern));
      await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-damaged' });
    }
  });

  it('is one that holds something else than logs', async () => {
    const directory = await aDirectory();
    const db = new ClassicLevel(directory);
    await db.put('somebody', 'else');
    await db.close();
    await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-damaged' });
  });
});
