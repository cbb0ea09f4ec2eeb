import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { provenFault, verifyFork } from '../../node/log/fork.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { cosign } from '../../node/tlog/cosignature.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { type Fault, FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { AUTHOR, aLog, entries, NL, noteOver, openLog, SIGNER, segmentOf } from './logs.js';

/** What the author signed elsewhere: the first `common` entries are the same. */
function otherNote(common: number, size: number): Uint8Array {
  return noteOver([...entries(common), ...entries(size - common, common, 'other')]);
}

describe('a fork', () => {
  it('is proven by any note of another tree, whatever its size, and freezes the log', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 299 }), fc.nat({ max: 700 }), async (size, common) => {
        const store = createMemoryStore();
        const log = await aLog(300, store);
        const at = Math.min(common, size - 1);
        const fault = (await log.consider(otherNote(at, size))) as Fault;
        expect(verifyFork(NL, () => [AUTHOR.publicKey], fault)).toEqual({ first: size, second: 300 });
        for (const frozen of [log, await openLog(store)]) {
          expect(frozen.fault).toBeDefined();
          await expect(frozen.append(entries(1, 300), SIGNER)).rejects.toMatchObject({ code: 'frozen' });
          expect(frozen.size).toBe(300);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('of one size is proven by the two notes alone', async () => {
    const log = await aLog(40);
    const fault = (await log.consider(otherNote(10, 40))) as Fault;
    expect(fault.proof).toEqual([]);
    expect(verifyFork(NL, () => [AUTHOR.publicKey], fault)).toEqual({ first: 40, second: 40 });
  });

  it('between two notes of one size is proven although the log is not there yet', async () => {
    const log = await aLog(5);
    expect(await log.consider(noteOver(entries(90)))).toBeUndefined();
    const fault = (await log.consider(otherNote(50, 90))) as Fault;
    expect(verifyFork(NL, () => [AUTHOR.publicKey], fault)).toEqual({ first: 90, second: 90 });
    expect(log.fault).toBeDefined();
  });

  it('is proven once the log gets to a note that was seen before', async () => {
    const author = await aLog(100);
    const reader = await openLog();
    expect(await reader.consider(otherNote(20, 70))).toBeUndefined();
    await reader.extend(await segmentOf(author, 0));
    expect(reader.fault).toBeDefined();
    expect(verifyFork(NL, () => [AUTHOR.publicKey], reader.fault as Fault)).toEqual({
      first: 70,
      second: 100,
    });
    await expect(reader.extend(await segmentOf(author, 50))).rejects.toMatchObject({ code: 'frozen' });
  });

  it('between a checkpoint that led to a part of the log and the one that led to the rest is proven', async () => {
    const twin = await openLog();
    await twin.append([...entries(60), ...entries(40, 60, 'other')], SIGNER);
    const author = await aLog(120);
    const reader = await openLog();
    await reader.extend(await segmentOf(twin, 0, 1e6, 50));
    await reader.extend(await segmentOf(author, 50));
    expect(verifyFork(NL, () => [AUTHOR.publicKey], reader.fault as Fault)).toEqual({
      first: 100,
      second: 120,
    });
  });

  it('is in no two notes of an honest author', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 2, maxLength: 20 }),
        async (sizes) => {
          const author = await aLog(500);
          const reader = await openLog();
          for (const size of sizes) {
            expect(await reader.consider(noteOver(entries(size)))).toBeUndefined();
            if (reader.size < size) await reader.extend(await segmentOf(author, reader.size, 1e6, size));
          }
          expect(reader.fault).toBeUndefined();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is not proven by a note of somebody else, and not by notes that agree', async () => {
    const log = await aLog(40);
    const thief = ed25519Signer(NL, keyPairOf(new Uint8Array(32).fill(9)));
    await expect(log.consider(noteOver(entries(40, 0, 'other'), thief))).rejects.toMatchObject({
      code: 'bad-checkpoint',
    });
    expect(await log.consider(noteOver(entries(30)))).toBeUndefined();
    const fault = { ...((await log.consider(otherNote(10, 20))) as Fault) };
    const bad: Partial<Fault>[] = [
      { first: fault.second, second: fault.first },
      { second: fault.first },
      { firstRoot: await log.rootAt(21) },
      { proof: fault.proof.slice(1) },
      { log: 'icse/other' },
      { first: noteOver(entries(20)) },
      { second: noteOver(entries(40, 0, 'other'), thief) },
    ];
    for (const change of bad) {
      expect(() => verifyFork(NL, () => [AUTHOR.publicKey], { ...fault, ...change })).toThrow(
        expect.objectContaining({ code: 'not-a-fork' }),
      );
    }
  });

  it('is kept and told with what proves it alone, whatever a peer has put beside it', async () => {
    const log = await aLog(40);
    const clean = (await log.consider(otherNote(10, 20))) as Fault;
    const one = create(FaultSchema, { log: NL, first: otherNote(10, 40), second: noteOver(entries(40)) });
    const line = { name: 'free-text', keyPair: keyPairOf(new Uint8Array(32).fill(9)) };
    const keys = () => [AUTHOR.publicKey];
    for (const fault of [clean, one]) {
      const isOneSize = fault === one;
      const laden = create(FaultSchema, {
        ...fault,
        first: cosign(fault.first, line, 1),
        second: cosign(fault.second, line, 1),
        ...(isOneSize ? { firstRoot: Buffer.from('free text') } : {}),
      });
      expect(provenFault(NL, keys, laden)).toEqual(fault);
    }
  });

  it('is told once: a frozen log compares nothing more', async () => {
    const log = await aLog(40);
    expect(await log.consider(otherNote(10, 20))).toBeDefined();
    expect(await log.consider(otherNote(5, 30))).toBeUndefined();
  });
});
