// Notices are told once, in order, and survive the node.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice, NoticeBody } from '../../node/notices/notice.js';
import { NoticesFailed, openTold, type Told, type Untold } from '../../node/notices/told.js';

let directory: string;
let db: ClassicLevel<Uint8Array, Uint8Array>;
let told: Told;

async function openDatabase(): Promise<void> {
  db = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  await db.open();
  told = await openTold(db);
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icse-told-'));
  await openDatabase();
});
afterEach(async () => {
  await db.close();
  await rm(directory, { recursive: true });
});

function news(word: string): Untold {
  const id = createHash('sha256').update(word).digest();
  return { id, body: { kind: 'member', at: '2025-01-01T00:00:00.000Z', word } };
}

function words(notices: readonly Notice[]): unknown[] {
  return notices.map((notice) => [notice.sequence, 'word' in notice ? notice.word : undefined]);
}

describe('what is told', () => {
  it('is told once and gets the next number', async () => {
    expect(words(await told.tell([news('a'), news('b'), news('a')]))).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(words(await told.tell([news('b'), news('c')]))).toEqual([[3, 'c']]);
    expect(told.last()).toBe(3);
  });

  it('is known after a restart, and is read from any place on', async () => {
    await told.tell([news('a'), news('b'), news('c')]);
    await db.close();
    await openDatabase();
    expect(await told.tell([news('b')])).toEqual([]);
    expect(words(await told.tell([news('d')]))).toEqual([[4, 'd']]);
    expect(words(await told.read(2, 2))).toEqual([
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(await told.read(5, 10)).toEqual([]);
  });

  it('is numbered without a gap when several tell at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => told.tell([news(`w${i}`), news('same')])));
    expect((await told.read(1, 100)).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 21 }, (_, i) => i + 1),
    );
  });

  it('is heard by those who subscribed, until they end it', async () => {
    const heard: number[] = [];
    const end = told.subscribe((notices) => heard.push(...notices.map(({ sequence }) => sequence)));
    await told.tell([news('a'), news('b')]);
    end();
    await told.tell([news('c')]);
    expect(heard).toEqual([1, 2]);
  });

  it('stays, without what a purged entry said', async () => {
    const at = '2025-01-01T00:00:00.000Z';
    const bodies: NoticeBody[] = [
      { kind: 'lead', from: 'NL', index: 6, statement: { assess: 'AU:3', readers: ['AU'] }, at },
      { kind: 'dispute', entry: 'AU:3', member: 'NL', reason: 'wrong-hash', assessment: 'NL:7', at },
      { kind: 'dispute', entry: 'AU:3', member: 'US', reason: 'wrong-hash', assessment: 'US:7', at },
    ];
    await told.tell(bodies.map((body, i) => ({ ...news(`${i}`), body })));
    expect(await told.purge((place) => place.startsWith('NL:'))).toBe(2);
    expect(await told.read(1, 9)).toEqual([
      { sequence: 1, kind: 'lead', purged: true, from: 'NL', index: 6, at },
      { ...bodies[1], sequence: 2, purged: true, reason: null },
      { ...bodies[2], sequence: 3 },
    ]);
  });

  it('is refused for good once a write has failed, and no number is lost', async () => {
    const { batch } = db;
    db.batch = (() => {
      const failing = batch.call(db);
      failing.write = () => Promise.reject(new Error('no space left on device'));
      return failing;
    }) as typeof db.batch;
    await expect(told.tell([news('a')])).rejects.toThrow(NoticesFailed);
    db.batch = batch;
    await expect(told.tell([news('b')])).rejects.toThrow('no space left');
    expect(told.last()).toBe(0);
  });
});
