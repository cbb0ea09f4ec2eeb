// What every engine of the log store must do: one contract, run on each of them.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FederationId, type LogName, logName, type MemberCode } from '../../node/names.js';
import type { Commit, LogStore } from '../../node/store/log-store.js';

export interface Engine {
  /** A store with nothing in it. */
  readonly open: () => Promise<LogStore>;
  /** Closes the store, and opens what it left on disk. */
  readonly reopen: (store: LogStore) => Promise<LogStore>;
}

const FEDERATION = 'ab'.repeat(32) as FederationId;

export function logOf(member: string): LogName {
  return logName(FEDERATION, member as MemberCode);
}

export const NL = logOf('NL');
export const AU = logOf('AU');

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

/** A commit to the log from one head to the next, with objects by key. */
export function move(
  log: LogName,
  from: string | undefined,
  to: string,
  puts: Record<string, string | Uint8Array> = {},
  deletes: string[] = [],
): Commit {
  return {
    log,
    expected: from === undefined ? undefined : bytes(from),
    head: bytes(to),
    puts: Object.entries(puts).map(([key, value]) => [key, typeof value === 'string' ? bytes(value) : value]),
    deletes,
  };
}

export function itKeepsTheLogStoreContract(engine: Engine): void {
  describe('keeps the contract of a log store:', () => {
    let store: LogStore;

    beforeEach(async () => {
      store = await engine.open();
    });
    afterEach(async () => {
      await store.close();
    });

    it('starts without logs, heads or objects', async () => {
      expect(await store.logs()).toEqual([]);
      expect(await store.head(NL)).toBeUndefined();
      expect(await store.object(NL, 'bundle/0')).toBeUndefined();
      expect(await store.keys(NL, '')).toEqual([]);
    });

    it('begins a log that does not exist, and only once', async () => {
      await store.commit([move(NL, undefined, '1', { 'bundle/0': 'a' })]);
      await expect(store.commit([move(NL, undefined, '2')])).rejects.toMatchObject({
        code: 'head-moved',
        log: NL,
      });
      expect(await store.logs()).toEqual([NL]);
      expect(text(await store.head(NL))).toBe('1');
    });

    it('moves a head only from the one expected, and otherwise leaves everything as it was', async () => {
      await store.commit([move(NL, undefined, '1', { a: 'old', b: 'kept' })]);
      await expect(store.commit([move(NL, '0', '2', { a: 'new' }, ['b'])])).rejects.toMatchObject({
        code: 'head-moved',
      });
      await expect(store.commit([move(AU, '0', '1')])).rejects.toMatchObject({ log: AU });
      expect(text(await store.head(NL))).toBe('1');
      expect(text(await store.object(NL, 'a'))).toBe('old');
      expect(text(await store.object(NL, 'b'))).toBe('kept');
      await store.commit([move(NL, '1', '2', { a: 'new' }, ['b'])]);
      expect(text(await store.head(NL))).toBe('2');
      expect(text(await store.object(NL, 'a'))).toBe('new');
      expect(await store.object(NL, 'b')).toBeUndefined();
    });

    it('writes several logs together or not at all', async () => {
      await store.commit([move(NL, undefined, 'n1', { k: 'n' }), move(AU, undefined, 'a1', { k: 'a' })]);
      await expect(
        store.commit([move(NL, 'n1', 'n2', { k: 'n2' }), move(AU, 'stale', 'a2', { k: 'a2' })]),
      ).rejects.toMatchObject({ code: 'head-moved', log: AU });
      expect(text(await store.head(NL))).toBe('n1');
      expect(text(await store.object(NL, 'k'))).toBe('n');
      await store.commit([move(NL, 'n1', 'n2')]);
      expect(await store.logs()).toEqual([AU, NL]);
    });

    it('keeps logs apart, also where one name begins like another', async () => {
      const second = `${NL}.2` as LogName;
      await store.commit([
        move(NL, undefined, '1', { k: 'first' }),
        move(second, undefined, '1', { k: 'second' }),
      ]);
      expect(await store.logs()).toEqual([NL, second]);
      expect(text(await store.object(NL, 'k'))).toBe('first');
      expect(text(await store.object(second, 'k'))).toBe('second');
      expect(await store.keys(NL, '')).toEqual(['k']);
    });

    it('deletes before it puts', async () => {
      await store.commit([move(NL, undefined, '1', { tail: 'piece' })]);
      await store.commit([move(NL, '1', '2', { tail: 'whole' }, ['tail'])]);
      expect(text(await store.object(NL, 'tail'))).toBe('whole');
    });

    it('lists keys of a prefix in ascending order', async () => {
      const keys = ['b', 'a/10', 'a/1', 'a/02', 'a', 'a~', 'B', 'a/ '];
      await store.commit([move(NL, undefined, '1', Object.fromEntries(keys.map((key) => [key, key])))]);
      expect(await store.keys(NL, 'a/')).toEqual(['a/ ', 'a/02', 'a/1', 'a/10']);
      expect(await store.keys(NL, '')).toEqual(['B', 'a', 'a/ ', 'a/02', 'a/1', 'a/10', 'a~', 'b']);
      expect(await store.keys(NL, 'c')).toEqual([]);
    });

    it('reads many objects in the order asked for', async () => {
      await store.commit([move(NL, undefined, '1', { a: '1', b: '2' })]);
      const found = await store.objects(NL, ['b', 'missing', 'a', 'b']);
      expect(found.map(text)).toEqual(['2', undefined, '1', '2']);
      expect(await store.objects(NL, [])).toEqual([]);
    });

    it('gives back every byte value, and empty values, as they were', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.commit([
        { log: NL, expected: undefined, head: all, puts: [['all', all]], deletes: [] },
        move(AU, undefined, '', { empty: '' }),
      ]);
      expect(Buffer.from((await store.head(NL)) ?? []).equals(all)).toBe(true);
      expect(Buffer.from((await store.object(NL, 'all')) ?? []).equals(all)).toBe(true);
      expect((await store.head(AU))?.length).toBe(0);
      expect((await store.object(AU, 'empty'))?.length).toBe(0);
      await store.commit([move(AU, '', '1')]);
    });

    it('hands out bytes that the reader may change', async () => {
      await store.commit([move(NL, undefined, '1', { a: '1' })]);
      (await store.head(NL))?.fill(0);
      (await store.object(NL, 'a'))?.fill(0);
      expect(text(await store.head(NL))).toBe('1');
      expect(text(await store.object(NL, 'a'))).toBe('1');
    });

    it('refuses keys that engines would order differently', async () => {
      await expect(store.commit([move(NL, undefined, '1', { é: '' })])).rejects.toMatchObject({
        code: 'bad-object-key',
      });
      await expect(store.commit([move(NL, undefined, '1', {}, [''])])).rejects.toMatchObject({
        code: 'bad-object-key',
      });
      expect(await store.logs()).toEqual([]);
    });

    it('takes commits to many logs at once', async () => {
      const logs = Array.from('ABCDEFGHIJKLMNOPQRST', (letter) => logOf(`Z${letter}`));
      await Promise.all(logs.map((log) => store.commit([move(log, undefined, '1', { k: log })])));
      expect(await store.logs()).toEqual(logs);
      for (const log of logs) expect(text(await store.object(log, 'k'))).toBe(log);
    });

    it('lets one of several writers to the same head win', async () => {
      const results = await Promise.allSettled(
        ['a', 'b', 'c'].map((name) => store.commit([move(NL, undefined, name, { [name]: name })])),
      );
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(text(await store.head(NL))).toBe('a');
      expect(await store.keys(NL, '')).toEqual(['a']);
    });

    it('writes a commit that expects one still under way after that one', async () => {
      const heads = Array.from({ length: 50 }, (_, i) => String(i));
      await Promise.all(
        heads.map((head, i) =>
          store.commit([move(NL, i === 0 ? undefined : String(i - 1), head, { k: head })]),
        ),
      );
      expect(text(await store.head(NL))).toBe('49');
      expect(text(await store.object(NL, 'k'))).toBe('49');
    });

    it('shows all that was committed when it is opened again', async () => {
      await store.commit([
        move(NL, undefined, '1', { a: '1', b: '2' }),
        move(AU, undefined, '1', { c: '3' }),
      ]);
      await store.commit([move(NL, '1', '2', { d: '4' }, ['a'])]);
      store = await engine.reopen(store);
      expect(await store.logs()).toEqual([AU, NL]);
      expect(text(await store.head(NL))).toBe('2');
      expect((await store.objects(NL, ['a', 'b', 'd'])).map(text)).toEqual([undefined, '2', '4']);
      expect(text(await store.object(AU, 'c'))).toBe('3');
      await store.commit([move(NL, '2', '3')]);
    });

    it('finishes the commits under way when it is closed, and then refuses', async () => {
      const underWay = store.commit([move(NL, undefined, '1')]);
      await store.close();
      await underWay;
      await expect(store.commit([move(NL, '1', '2')])).rejects.toMatchObject({ code: 'store-closed' });
      await expect(store.head(NL)).rejects.toMatchObject({ code: 'store-closed' });
      await expect(store.object(NL, 'k')).rejects.toMatchObject({ code: 'store-closed' });
      await store.close();
    });
  });
}
