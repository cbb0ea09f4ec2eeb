import { describe, expect, it } from 'vitest';
import { keyPairOf, sign, verify } from '../../node/keys/ed25519.js';
import { haveVectors, readVectors } from '../tlog/vectors.js';

interface Wycheproof {
  testGroups: {
    publicKey: { pk: string };
    tests: { tcId: number; comment: string; msg: string; sig: string; result: 'valid' | 'invalid' }[];
  }[];
}

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

const have = haveVectors('ed25519');

describe.skipIf(!have)("Ed25519 against Wycheproof's signatures", () => {
  const groups = have ? readVectors<Wycheproof>('ed25519/wycheproof_ed25519_test.json').testGroups : [];
  const cases = groups.flatMap(({ publicKey, tests }) =>
    tests.map((test) => ({ ...test, pk: publicKey.pk })),
  );

  it.each(['valid', 'invalid'] as const)('judges every %s signature as they do', (result) => {
    const judged = cases.filter((test) => test.result === result);
    expect(judged.length).toBeGreaterThan(50);
    const mistaken = judged.filter(
      ({ pk, msg, sig }) => verify(bytes(pk), bytes(msg), bytes(sig)) !== (result === 'valid'),
    );
    expect(mistaken.map(({ tcId, comment }) => `${tcId} ${comment}`)).toEqual([]);
  });
});

describe('an Ed25519 key', () => {
  const pair = keyPairOf(new Uint8Array(32).fill(7));
  const message = new Uint8Array([1, 2, 3]);

  it('verifies what it signed, and nothing else', () => {
    const signature = sign(pair.secretKey, message);
    expect(verify(pair.publicKey, message, signature)).toBe(true);
    expect(verify(pair.publicKey, new Uint8Array([1, 2, 4]), signature)).toBe(false);
    expect(verify(keyPairOf(new Uint8Array(32).fill(8)).publicKey, message, signature)).toBe(false);
  });

  it('takes keys and signatures of a wrong length for wrong, without throwing', () => {
    const signature = sign(pair.secretKey, message);
    expect(verify(pair.publicKey.subarray(1), message, signature)).toBe(false);
    expect(verify(pair.publicKey, message, signature.subarray(1))).toBe(false);
    expect(verify(pair.publicKey, message, new Uint8Array(0))).toBe(false);
  });

  it('of small order signs nothing', () => {
    const zero = new Uint8Array(32);
    expect(verify(zero, message, new Uint8Array(64))).toBe(false);
  });
});
