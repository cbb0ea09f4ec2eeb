// The keys of the worked examples, made from what the document says of them, and the root's statement.

import { createPrivateKey, hash } from 'node:crypto';
import { decodeRoot, federationIdOf } from '../../certs/authority.js';
import { decodePem, encodePem } from '../../certs/pem.js';
import { certifyRootKey, isRootKeyCertified } from '../../certs/root-key.js';
import { signCertificate } from '../../certs/x509.js';
import { sharedSecret } from '../../node/keys/agreement.js';
import { type KeyPair, keyPairOf } from '../../node/keys/ed25519.js';
import type { FederationId } from '../../node/names.js';
import { bytesOf, type Page } from './example-blocks.js';
import type { Examples } from './examples.js';

const OWNERS = ['NL', 'LYON', 'NL.2', 'LYON.2', 'LYON.3'] as const;
export type Owner = (typeof OWNERS)[number];
type Purpose = 'log' | 'receipt' | 'session';

export interface WrittenKey {
  readonly secret: string;
  readonly public: string;
}

const PURPOSES = ['log', 'receipt', 'session'] as const;
/** X25519 of a secret and this point is the public key (RFC 7748, section 6.1). */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31));

export const keyExamples: Examples = {
  keys(page) {
    const { root, ...members } = page.json('keys') as { root: WrittenKey };
    isPair(root, keyPairOf(bytesOf(root.secret)).publicKey);
    holds(Object.keys(members).join() === OWNERS.join(), 'these are the owners of keys');
    for (const keys of Object.values(members) as Record<string, WrittenKey>[]) {
      for (const purpose of PURPOSES) {
        const key = keys[purpose] as WrittenKey;
        isPair(key, keyPairOf(bytesOf(key.secret)).publicKey);
      }
      const sealing = keys.sealing as WrittenKey;
      isSealingPair(sealing);
    }
  },

  root(page) {
    const privateKeyPem = rsaKeyOf(page, 'root.rsa');
    const root = decodeRoot(page.hex('root.certificate'));
    const certificatePem = signCertificate(root, privateKeyPem);
    page.is('root.certificate', decodePem('CERTIFICATE', certificatePem));
    const federation = federationIdOf(certificatePem);
    page.says('root.federation', `${federation}\n`);
    const { publicKey } = rootKey(page);
    page.is('root.signed', Buffer.concat([Buffer.from(`icse/root-key/v1\n${federation}\n`), publicKey]));
    page.is('root.sha256', sha256(page.hex('root.signed')));
    page.is('root.signature', certifyRootKey({ certificatePem, privateKeyPem }, federation, publicKey));
    const pem = encodePem('CERTIFICATE', page.hex('root.certificate'));
    holds(
      isRootKeyCertified(pem, federation, publicKey, page.hex('root.signature')),
      'the certificate vouches for the root key',
    );
  },
};

export function federationOf(page: Page): FederationId {
  return page.text('root.federation').trim() as FederationId;
}

export function rootKey(page: Page): KeyPair {
  const { root } = page.json('keys') as { root: WrittenKey };
  return keyPairOf(bytesOf(root.secret));
}

export function signingKey(page: Page, owner: Owner, purpose: Purpose): KeyPair {
  return keyPairOf(bytesOf(writtenKey(page, owner, purpose).secret));
}

export function sealingKey(page: Page, owner: Owner): KeyPair {
  const key = writtenKey(page, owner, 'sealing');
  return { publicKey: bytesOf(key.public), secretKey: bytesOf(key.secret) };
}

function writtenKey(page: Page, owner: Owner, purpose: Purpose | 'sealing'): WrittenKey {
  return (page.json('keys') as Record<Owner, Record<string, WrittenKey>>)[owner][purpose] as WrittenKey;
}

/** The RSA key with these primes and the exponent 65537, in PEM. */
export function rsaKeyOf(page: Page, name: string): string {
  const [p, q] = [page.hex(`${name}.p`), page.hex(`${name}.q`)].map((prime) =>
    BigInt(`0x${Buffer.from(prime).toString('hex')}`),
  ) as [bigint, bigint];
  const e = 65537n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const parts = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const key = {
    kty: 'RSA',
    ...Object.fromEntries(Object.entries(parts).map(([part, n]) => [part, base64url(n)])),
  };
  return createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }) as string;
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

export function holds(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`it does not hold that ${what}`);
}

/** X25519 of the secret and the base point is the public key. */
export function isSealingPair(sealing: WrittenKey): void {
  isPair(sealing, sharedSecret(bytesOf(sealing.secret), BASE_POINT));
  holds(isClamped(bytesOf(sealing.secret)), `${sealing.secret} is written as X25519 uses it`);
}

function isPair(key: WrittenKey, publicKey: Uint8Array): void {
  holds(Buffer.from(publicKey).toString('hex') === key.public, `${key.public} belongs to ${key.secret}`);
}

/** RFC 7748, section 5: other values of these bits would be the same key. */
function isClamped(secret: Uint8Array): boolean {
  const [first, last] = [secret[0] as number, secret[31] as number];
  return first % 8 === 0 && last >= 64 && last < 128;
}

/** By the extended algorithm of Euclid. */
function inverse(a: bigint, modulus: bigint): bigint {
  let [r, next, x, nextX] = [a % modulus, modulus, 1n, 0n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [x, nextX] = [nextX, x - quotient * nextX];
  }
  return ((x % modulus) + modulus) % modulus;
}

function base64url(n: bigint): string {
  const digits = n.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString('base64url');
}
