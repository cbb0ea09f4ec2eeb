import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sign, verify } from '../../node/keys/ed25519.js';
import { deriveSecrets, newSeed, publicKeysOf } from '../../node/keys/seed.js';

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('a seed', () => {
  it('is 32 bytes from the source of randomness, which must give them all', () => {
    expect(newSeed((sizeBytes) => SEED.slice(0, sizeBytes))).toEqual(SEED);
    expect(() => newSeed(() => SEED.slice(0, 16))).toThrow('gave 16 bytes');
  });

  it('gives the same keys for good', () => {
    const secrets = deriveSecrets(SEED);
    const { log, receipt, session, sealing } = publicKeysOf(secrets);
    expect({
      log: hex(log),
      receipt: hex(receipt),
      session: hex(session),
      sealing: hex(sealing),
      recordSecret: hex(secrets.recordSecret),
    }).toEqual({
      log: '5c09130c2bd94282483c9385e789bad92e59ff446fb6355b19c0fad5ed1d5da4',
      receipt: '52626af1c706a88b05d989b32d447b19dc6a11bb4e483ec0e273e2b29f44003e',
      session: '224c031fc25980d7518a8adccbf546376aaa32a7397fab80290c6ae68e603c5f',
      sealing: 'cf2f84315681efd772d75bcc56dcda68118b72da13bdb87942d91644bd485d24',
      recordSecret: '37f18891183176f2542c709faa2cc806f2176fa345ff1f4b28f77e7f568987e9',
    });
  });

  it('gives another key for each purpose, and other keys than another seed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(seeds, { minLength: 2, maxLength: 2, selector: hex }), (both) => {
        const all = both.flatMap((seed) => {
          const secrets = deriveSecrets(seed);
          const { log, receipt, session, sealing, recordSecret } = secrets;
          return [
            ...Object.values(publicKeysOf(secrets)),
            ...[log, receipt, session].map(({ secretKey }) => secretKey.subarray(0, 32)),
            sealing.secretKey,
            recordSecret,
            seed,
          ].map(hex);
        });
        expect(new Set(all).size).toBe(all.length);
      }),
      { numRuns: 20 },
    );
  });

  it('gives signing keys that do not stand in for each other', () => {
    const { log, receipt } = deriveSecrets(SEED);
    const message = new Uint8Array([1, 2, 3]);
    expect(verify(log.publicKey, message, sign(log.secretKey, message))).toBe(true);
    expect(verify(log.publicKey, message, sign(receipt.secretKey, message))).toBe(false);
  });

  it('has 32 bytes and no other number', () => {
    expect(() => deriveSecrets(SEED.slice(1))).toThrow('not 31');
  });
});
