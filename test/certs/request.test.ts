// Certificate requests: what the hub takes from one, and what it leaves.

import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import { beforeAll, describe, expect, test } from 'vitest';
import { BadRequest, createRequest, readRequest } from '../../certs/request.js';
import { dutchKey } from './authorities.js';

let key: string;
let request: Uint8Array;

beforeAll(async () => {
  key = await dutchKey();
  request = createRequest(key);
});

function aRequestWith(type: 'rsa' | 'rsa-pss', modulusLength: number, publicExponent = 65537): Uint8Array {
  const options = { modulusLength, publicExponent };
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', options) : generateKeyPairSync('rsa-pss', options);
  return createRequest(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
}

describe('a certificate request', () => {
  test('gives the key of the one who signed it', () => {
    expect(readRequest(request)).toBe(forge.pki.publicKeyToPem(publicKey()).replaceAll('\r\n', '\n'));
  });

  test('is refused for a key that is too short, has another exponent or is for PSS alone', () => {
    expect(() => readRequest(aRequestWith('rsa', 1024))).toThrow('the RSA key has 1024 bits');
    expect(() => readRequest(aRequestWith('rsa', 2048, 3))).toThrow("the RSA key's exponent is 3");
    expect(() => readRequest(aRequestWith('rsa-pss', 2048))).toThrow(BadRequest);
  });

  test('is refused for a key on a curve', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = createRequest(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    expect(() => readRequest(der)).toThrow('not an RSA key');
  });

  test('is refused with a byte changed, wherever it stands', () => {
    const places = fc.integer({ min: 0, max: request.length - 1 });
    const change = fc.integer({ min: 1, max: 255 });
    fc.assert(
      fc.property(places, change, (place, flip) => {
        const changed = request.map((byte, index) => (index === place ? byte ^ flip : byte));
        expect(() => readRequest(changed)).toThrow(BadRequest);
      }),
      { numRuns: 200 },
    );
  });

  test('is refused when it is cut short, has more behind it, or is too long', () => {
    for (const der of [
      request.slice(0, -1),
      Uint8Array.of(...request, 0),
      new Uint8Array(4097),
      new Uint8Array(),
    ]) {
      expect(() => readRequest(der)).toThrow(BadRequest);
    }
  });

  test('of garbage is refused, and of garbage in DER too', () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.of(0x30, bytes.length, ...bytes)),
      fc.constantFrom(0x30, 0x31, 0xa0, 0x03).map((tag) => nested(tag, 1000)),
    );
    fc.assert(
      fc.property(garbage, (der) => {
        expect(() => readRequest(der)).toThrow(BadRequest);
      }),
      { numRuns: 200 },
    );
  });
});

function publicKey(): forge.pki.rsa.PublicKey {
  const privateKey = forge.pki.privateKeyFromPem(key);
  return forge.pki.rsa.setPublicKey(privateKey.n, privateKey.e);
}

/** A value in a value in a value, as deep as it goes in 4 KiB. */
function nested(tag: number, depth: number): Uint8Array {
  let inner = Buffer.alloc(0);
  for (let level = 0; level < depth && inner.length < 4000; level++) {
    const { length } = inner;
    const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
    inner = Buffer.concat([Uint8Array.from(head), inner]);
  }
  return new Uint8Array(inner);
}
