import fc from 'fast-check';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../node/exchange/frames.js';
import { openPurgedBook } from '../../node/exchange/purged-book.js';
import { purgedMessage, readPurged, signPurged } from '../../node/exchange/purged-up-to.js';
import { readMessage } from '../../node/exchange/strict-message.js';
import { parseMemberCode } from '../../node/names.js';
import type { PurgedUpTo } from '../../proto/gen/icse/v1/exchange_pb.js';
import { admit, aRegistry, log, secretsOf } from '../registry/acts.js';

const NL = log('NL');
const BE = parseMemberCode('BE');
const NOW = 1_767_225_600_000;

async function aWord(size = 7): Promise<{ state: Parameters<typeof readPurged>[1]; word: PurgedUpTo }> {
  const { state } = await aRegistry([admit('NL'), admit('BE')]);
  const kept = signPurged(state.federation, NL, size, BE, secretsOf('BE').receipt, NOW);
  return { state, word: purgedMessage(kept) };
}

describe("a member's word on its purge", () => {
  it('is read as it was given, by whoever has the registry', async () => {
    const { state, word } = await aWord();
    const { content } = readMessage(encodeMessage({ case: 'purgedUpTo', value: word }));
    expect(readPurged(content.value as PurgedUpTo, state)).toMatchObject({
      log: NL,
      by: 'BE',
      size: 7,
      time: NOW / 1000,
    });
  });

  it('counts in no other form: of another size, time, log or member, or with another signature', async () => {
    const { state, word } = await aWord();
    const changes: Partial<PurgedUpTo>[] = [
      { size: 8n },
      { size: 0n },
      { time: 1n },
      { log: log('BE') },
      { log: log('registry') },
      { log: log('NL.2') },
      { by: 'NL' },
      { by: 'FR' },
      { signature: word.signature.subarray(1) },
      { signature: new Uint8Array(0) },
    ];
    for (const change of changes) {
      expect(() => readPurged({ ...word, ...change } as PurgedUpTo, state)).toThrow(
        expect.objectContaining({ code: 'bad-purged-up-to' }),
      );
    }
    fc.assert(
      fc.property(fc.nat(63), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const signature = word.signature.slice();
        signature[at] = (signature[at] as number) ^ flip;
        expect(() => readPurged({ ...word, signature } as PurgedUpTo, state)).toThrow();
      }),
    );
  });

  it('is kept while it is the newest, also when the book is opened again', async () => {
    const { state } = await aWord();
    const database = new MemoryLevel<string, string>();
    const book = await openPurgedBook(database);
    const kept = (size: number) => signPurged(state.federation, NL, size, BE, secretsOf('BE').receipt, NOW);
    expect(book.put(kept(7))).toBe(true);
    expect(book.put(kept(7))).toBe(false);
    expect(book.put(kept(6))).toBe(false);
    expect(book.put(kept(9))).toBe(true);
    await book.written();
    const again = await openPurgedBook(database);
    expect(again.get(NL, BE)).toMatchObject({ size: 9 });
    expect(readPurged(purgedMessage(again.on(NL)[0] as never), state)).toMatchObject({ size: 9 });
  });
});
