// Public keys: one encoding for each, and nothing else in it than the key.

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bits, type Der, encodeDer, integer, nullValue, objectId, sequence } from '../../certs/der.js';
import { BadKey, checkPublicKey, isSignedBy, signSha256 } from '../../certs/rsa.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SPKI = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
const MODULUS = integer(
  Buffer.from(publicKey.export({ format: 'jwk' }).n as string, 'base64url').toString('hex'),
);
const EXPONENT = integer('010001');
const RSA = objectId('1.2.840.113549.1.1.1');

function spkiOf(algorithm: Der, ...key: Der[]): Uint8Array {
  return encodeDer(sequence(algorithm, bits(encodeDer(sequence(...key)))));
}

test('a key of ours is taken, and what it signed is known by it', () => {
  expect(spkiOf(sequence(RSA, nullValue()), MODULUS, EXPONENT)).toEqual(SPKI);
  checkPublicKey(SPKI);
  const message = Buffer.from('a certificate');
  const signature = signSha256(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, message);
  expect(isSignedBy(SPKI, message, signature)).toBe(true);
  expect(isSignedBy(SPKI, Buffer.from('another'), signature)).toBe(false);
});

test('the same key in another form is refused', () => {
  const others = {
    'parameters left out': spkiOf(sequence(RSA), MODULUS, EXPONENT),
    'other parameters': spkiOf(sequence(RSA, integer('00')), MODULUS, EXPONENT),
    'more in the algorithm': spkiOf(sequence(RSA, nullValue(), nullValue()), MODULUS, EXPONENT),
    'more behind the key': encodeDer(
      sequence(sequence(RSA, nullValue()), bits(encodeDer(sequence(MODULUS, EXPONENT))), nullValue()),
    ),
    'a third number': spkiOf(sequence(RSA, nullValue()), MODULUS, EXPONENT, EXPONENT),
    'bytes behind the numbers': encodeDer(
      sequence(
        sequence(RSA, nullValue()),
        bits(Buffer.concat([encodeDer(sequence(MODULUS, EXPONENT)), Uint8Array.of(5, 0)])),
      ),
    ),
  };
  for (const [what, spki] of Object.entries(others)) expect(() => checkPublicKey(spki), what).toThrow(BadKey);
});

test('what is taken is what OpenSSL reads and prints back, whatever was changed', () => {
  const change = fc.record({
    place: fc.integer({ min: 0, max: SPKI.length - 1 }),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(change, ({ place, byte }) => {
      const changed = SPKI.with(place, byte);
      if (isTaken(changed)) expect(printedByOpenSsl(changed)).toEqual(changed);
    }),
    { numRuns: 500 },
  );
});

function isTaken(spki: Uint8Array): boolean {
  try {
    checkPublicKey(spki);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(BadKey);
    return false;
  }
}

function printedByOpenSsl(spki: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}
