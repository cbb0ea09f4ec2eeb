import { describe, expect, it } from 'vitest';
import { openEvidenceBook } from '../../node/exchange/evidence-book.js';
import type { MemberCode } from '../../node/names.js';
import type { TextDatabase } from '../../node/store/text-database.js';
import { log } from '../registry/acts.js';

const NL = log('NL');
const AU = 'AU' as MemberCode;

/** A book whose database writes down what was put how, and fails while it is told to. */
async function aBook() {
  const writes: string[] = [];
  const disk = { isFull: false };
  const database = {
    put: async (_key, value, options) => {
      if (disk.isFull) throw new Error('the disk is full');
      writes.push(options?.sync === true ? `${value} synced` : value);
    },
    async *iterator() {},
  } as Partial<TextDatabase> as TextDatabase;
  const book = await openEvidenceBook(database, {
    kind: 'word',
    encode: ({ size }) => String(size),
    decode: (text) => ({ log: NL, by: AU, size: Number(text) }),
  });
  return { book, writes, disk };
}

describe('a book of what members have signed', () => {
  it('syncs what was put when that is asked for, once for all of it, and not what was sent', async () => {
    const { book, writes } = await aBook();
    expect(book.keeping()).toBeUndefined();
    for (const size of [1, 2, 3]) book.put({ log: NL, by: AU, size });
    await Promise.all([book.keeping(), book.keeping()]);
    book.markSent(AU, NL, AU, 4);
    await book.written();
    expect(writes).toEqual(['1', '2', '3', '3 synced', '4']);
    expect(book.keeping()).toBeUndefined();
  });

  it('goes on after a write that failed', async () => {
    const { book, writes, disk } = await aBook();
    disk.isFull = true;
    book.put({ log: NL, by: AU, size: 1 });
    await expect(book.keeping()).rejects.toThrow('the disk is full');
    disk.isFull = false;
    await book.keeping();
    expect(writes).toEqual(['1 synced']);
    expect(book.keeping()).toBeUndefined();
  });
});
