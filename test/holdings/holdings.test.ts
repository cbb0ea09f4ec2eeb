// What a country keeps at home: kept, matched, listed, and gone from the disk when it is removed.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadHolding } from '../../node/holdings/holding.js';
import { type Holdings, openHoldings } from '../../node/holdings/holdings.js';
import { hashOf } from '../views/records.js';

let parent: string;
let directory: string;
let holdings: Holdings;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'icse-holdings-'));
  directory = join(parent, 'holdings');
  holdings = await openHoldings(directory);
});
afterEach(async () => {
  await holdings.close();
  await rm(parent, { recursive: true });
});

const cat = hashOf('sha256', 'cat');
const catMd5 = hashOf('md5', 'cat');
const dog = hashOf('sha256', 'dog');

async function listed(label?: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const holding of holdings.list(label === undefined ? {} : { label })) {
    lines.push(`${holding.label ?? '-'} ${holding.hashes.map(({ algorithm }) => algorithm).join('+')}`);
  }
  return lines;
}

async function labelsOf(hash: typeof cat): Promise<(string | undefined)[]> {
  const [matches] = await holdings.match([hash]);
  return (matches ?? []).map(({ label }) => label);
}

/** Files in which the bytes or their hex stand. */
async function filesWith(bytes: Uint8Array): Promise<string[]> {
  const found: string[] = [];
  for (const file of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = await readFile(join(file.parentPath, file.name));
    const hex = Buffer.from(bytes).toString('hex');
    if (content.includes(Buffer.from(bytes)) || content.toString('latin1').toLowerCase().includes(hex))
      found.push(file.name);
  }
  return found;
}

describe('holdings', () => {
  it('are taken once and known after that, also after a restart', async () => {
    expect(await holdings.add([{ hashes: [cat] }, { hashes: [cat] }, { hashes: [dog], label: 'A' }])).toEqual(
      { taken: 2, known: 1 },
    );
    await holdings.close();
    holdings = await openHoldings(directory);
    expect(await holdings.add([{ hashes: [cat] }])).toEqual({ taken: 0, known: 1 });
    expect(holdings.isEmpty).toBe(false);
    expect(await labelsOf(dog)).toEqual(['A']);
  });

  it('take further hashes of the same file, and are one holding', async () => {
    await holdings.add([{ hashes: [cat], label: 'A' }]);
    expect(await holdings.add([{ hashes: [catMd5, cat], label: 'A' }])).toEqual({ taken: 1, known: 0 });
    expect(await listed()).toEqual(['A sha256+md5']);
    expect(await labelsOf(catMd5)).toEqual(['A']);
  });

  it('keep the same hash under each label by itself', async () => {
    await holdings.add([{ hashes: [cat], label: 'A' }, { hashes: [cat], label: 'AB' }, { hashes: [cat] }]);
    expect((await labelsOf(cat)).sort()).toEqual(['A', 'AB', undefined]);
    expect(await listed('A')).toEqual(['A sha256']);
    expect(await holdings.remove({ label: 'A' })).toBe(1);
    expect((await labelsOf(cat)).sort()).toEqual(['AB', undefined]);
  });

  it('are removed whole by any of their hashes', async () => {
    await holdings.add([{ hashes: [cat, catMd5] }, { hashes: [dog] }]);
    expect(await holdings.remove({ hashes: [catMd5] })).toBe(1);
    expect(await labelsOf(cat)).toEqual([]);
    expect(await listed()).toEqual(['- sha256']);
    expect(await holdings.remove({ hashes: [dog] })).toBe(1);
    expect(holdings.isEmpty).toBe(true);
  });

  it('are listed and removed in any number', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => ({
      hashes: [hashOf('md5', `m${i}`)],
      label: 'LIST',
    }));
    expect(await holdings.add(many)).toEqual({ taken: 2500, known: 0 });
    expect(await listed('LIST')).toHaveLength(2500);
    expect(await holdings.remove({ label: 'LIST' })).toBe(2500);
  });

  it('refuse a label that is none, and keep nothing of the same call', async () => {
    for (const label of ['', 'x'.repeat(65), 'é', 'a\nb']) {
      await expect(holdings.add([{ hashes: [cat] }, { hashes: [dog], label }])).rejects.toThrow(BadHolding);
    }
    await expect(holdings.add([{ hashes: [] }])).rejects.toThrow('needs a hash');
    await expect(holdings.add([{ hashes: [cat, dog] }])).rejects.toThrow('two sha256');
    expect(holdings.isEmpty).toBe(true);
  });
});

describe('what was removed', () => {
  it('is gone from every file once the holdings are compacted, and the rest is there', async () => {
    await holdings.add([
      { hashes: [cat], label: 'SECRET CASE' },
      { hashes: [dog], label: 'OPEN CASE' },
    ]);
    await holdings.close();
    holdings = await openHoldings(directory);
    expect(await filesWith(cat.hash)).not.toEqual([]);
    await holdings.remove({ label: 'SECRET CASE' });
    await holdings.compact();
    expect(await filesWith(cat.hash)).toEqual([]);
    expect(await filesWith(cat.hash.slice(0, 12))).toEqual([]);
    expect(await filesWith(Buffer.from('SECRET CASE'))).toEqual([]);
    expect(await labelsOf(dog)).toEqual(['OPEN CASE']);
    await holdings.add([{ hashes: [catMd5] }]);
    await holdings.close();
    holdings = await openHoldings(directory);
    expect(await listed()).toEqual(['- md5', 'OPEN CASE sha256']);
  });

  it('is gone after the next start when the node ended before compacting', async () => {
    await holdings.add([{ hashes: [cat] }, { hashes: [dog] }]);
    await holdings.remove({ hashes: [cat] });
    await holdings.close();
    holdings = await openHoldings(directory);
    expect(await filesWith(cat.hash)).toEqual([]);
    expect(await labelsOf(dog)).toEqual([undefined]);
  });

  it('leaves no half copy behind that could be taken for the holdings', async () => {
    await holdings.add([{ hashes: [dog] }]);
    await holdings.close();
    const half = new ClassicLevel(join(directory, '2.new'));
    await half.open();
    await half.close();
    holdings = await openHoldings(directory);
    expect(await readdir(directory)).toEqual(['1']);
    expect(await labelsOf(dog)).toEqual([undefined]);
  });

  it('can be looked up while the disk is cleared of it', async () => {
    await holdings.add(Array.from({ length: 3000 }, (_, i) => ({ hashes: [hashOf('md5', `m${i}`)] })));
    await holdings.remove({ hashes: [hashOf('md5', 'm0')] });
    const compacted = holdings.compact();
    const asked = [];
    for (let i = 0; i < 50; i++) {
      asked.push(holdings.match([hashOf('md5', 'm1')]), listed());
      await new Promise(setImmediate);
    }
    await compacted;
    for (const answer of await Promise.all(asked)) expect(answer.length).toBeGreaterThan(0);
    expect(await listed()).toHaveLength(2999);
  });
});
