import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProofOfAgreement, proofOfAgreement, sharedSecret } from '../../node/keys/agreement.js';
import { deriveSecrets, type SealingKeyPair } from '../../node/keys/seed.js';

const TEXT = new TextEncoder().encode('enrol NL');

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function aSealingKey(number: number): SealingKeyPair {
  return deriveSecrets(new Uint8Array(32).fill(number)).sealing;
}

describe('an agreement', () => {
  it('is X25519 as in RFC 7748, section 5.2', () => {
    const nine = bytes(`09${'00'.repeat(31)}`);
    expect(sharedSecret(nine, nine)).toEqual(
      bytes('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079'),
    );
  });

  it('gives both members the same secret, and a third another', () => {
    const [nl, au, fr] = [aSealingKey(1), aSealingKey(2), aSealingKey(3)];
    const shared = sharedSecret(nl.secretKey, au.publicKey);
    expect(sharedSecret(au.secretKey, nl.publicKey)).toEqual(shared);
    expect(sharedSecret(fr.secretKey, nl.publicKey)).not.toEqual(shared);
  });

  it.each([
    ['0', '00'.repeat(32)],
    ['1', `01${'00'.repeat(31)}`],
    ['order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
    ['order 8, the other', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
    ['p - 1', `ec${'ff'.repeat(30)}7f`],
    ['p', `ed${'ff'.repeat(30)}7f`],
    ['p + 1', `ee${'ff'.repeat(30)}7f`],
  ])('refuses a public key of low order: %s', (_, publicKey) => {
    expect(() => sharedSecret(aSealingKey(1).secretKey, bytes(publicKey))).toThrow(
      expect.objectContaining({ code: 'bad-agreement-key' }),
    );
  });

  it('refuses a public key of another length', () => {
    expect(() => sharedSecret(aSealingKey(1).secretKey, new Uint8Array(31))).toThrow(
      expect.objectContaining({ code: 'bad-agreement-key' }),
    );
  });
});

describe('a proof of agreement', () => {
  it('is HMAC-SHA-256 as in RFC 4231, case 2', () => {
    const key = new TextEncoder().encode('Jefe');
    const text = new TextEncoder().encode('what do ya want for nothing?');
    expect(proofOfAgreement(key, text)).toEqual(
      bytes('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
    );
  });

  it('holds for its text and secret, and with no bit changed', () => {
    const shared = sharedSecret(aSealingKey(1).secretKey, aSealingKey(2).publicKey);
    const proof = proofOfAgreement(shared, TEXT);
    expect(isProofOfAgreement(shared, TEXT, proof)).toBe(true);
    expect(isProofOfAgreement(shared, TEXT.subarray(1), proof)).toBe(false);
    expect(isProofOfAgreement(new Uint8Array(32), TEXT, proof)).toBe(false);
    expect(isProofOfAgreement(shared, TEXT, proof.subarray(0, 31))).toBe(false);
    fc.assert(
      fc.property(fc.nat(255), (bit) => {
        const changed = proof.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(isProofOfAgreement(shared, TEXT, changed)).toBe(false);
      }),
    );
  });
});
