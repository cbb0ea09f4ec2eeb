import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotOpened, open, type SealedBytes, seal } from '../../node/keys/sealing.js';
import { deriveSecrets, type SealingKeyPair } from '../../node/keys/seed.js';
import { random } from '../exchange/random.js';

/** Sealing keys that are told apart by a number. */
function keysOf(count: number, first = 1): SealingKeyPair[] {
  return Array.from({ length: count }, (_, i) => deriveSecrets(new Uint8Array(32).fill(first + i)).sealing);
}

const publicKeys = (owners: readonly SealingKeyPair[]) => owners.map(({ publicKey }) => publicKey);
const CONTEXT = new Uint8Array(Buffer.from('what it is bound to'));
const sealed = (content: Uint8Array, owners: readonly SealingKeyPair[]): SealedBytes =>
  seal(content, publicKeys(owners), () => CONTEXT, random);

const anyContent = fc.uint8Array({ maxLength: 2048 });

describe('a sealed content', () => {
  it('is opened by each owner, and is what was sealed', () => {
    fc.assert(
      fc.property(anyContent, fc.integer({ min: 1, max: 5 }), (content, count) => {
        const owners = keysOf(count);
        const bytes = sealed(content, owners);
        for (const [place, owner] of owners.entries()) {
          expect(open(bytes, place, owner, CONTEXT)).toEqual(content);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is opened by nobody else, at no place', () => {
    const owners = keysOf(3);
    const bytes = sealed(random(100), owners);
    for (const stranger of keysOf(5, 100)) {
      for (const place of [0, 1, 2, 3]) {
        expect(() => open(bytes, place, stranger, CONTEXT)).toThrow(NotOpened);
      }
    }
    expect(() => open(bytes, 1, owners[0] as SealingKeyPair, CONTEXT)).toThrow(NotOpened);
  });

  it('does not open when a bit of it, or of what it is bound to, is another', () => {
    const [owner] = keysOf(1) as [SealingKeyPair];
    const { ephemeralKey, wrappedKeys, ciphertext } = sealed(random(300), [owner]);
    const parts = [ephemeralKey, wrappedKeys[0] as Uint8Array, ciphertext, CONTEXT];
    for (const [at, part] of parts.entries()) {
      for (let bit = 0; bit < part.length * 8; bit += 7) {
        // X25519 masks the top bit of a public key (RFC 7748, section 5); the nonce is made of it all the same.
        const changed = parts.map((bytes, other) => (other === at ? withBit(bytes, bit) : bytes));
        const [key, wrapped, text, context] = changed as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
        const bytes = { ephemeralKey: key, wrappedKeys: [wrapped], ciphertext: text };
        expect(() => open(bytes, 0, owner, context), `part ${at}, bit ${bit}`).toThrow(NotOpened);
      }
    }
  });

  it('tells no more of its length than the step of 256 bytes, a byte of padding included', () => {
    const owners = keysOf(1);
    for (const [from, to, steps] of [
      [0, 255, 1],
      [256, 511, 2],
      [1792, 2047, 8],
      [2048, 2048, 9],
    ] as const) {
      for (const length of [from, from + 1, to].filter((each) => each <= to)) {
        expect(sealed(random(length), owners).ciphertext.length).toBe(steps * 256 + 16);
      }
    }
  });

  it('is made with randomness that is passed in, and that is wiped afterwards', () => {
    const drawn: Uint8Array[] = [];
    const counting = (sizeBytes: number): Uint8Array => {
      const bytes = new Uint8Array(sizeBytes).fill(drawn.length + 1);
      drawn.push(bytes);
      return bytes;
    };
    const content = random(10);
    const owners = keysOf(2);
    const first = seal(content, publicKeys(owners), () => CONTEXT, counting);
    expect(drawn).toEqual([new Uint8Array(32), new Uint8Array(32)]);
    drawn.length = 0;
    expect(seal(content, publicKeys(owners), () => CONTEXT, counting)).toEqual(first);
  });

  it('shares no key with another one of the same content', () => {
    const owners = keysOf(1);
    const content = random(10);
    const [one, other] = [sealed(content, owners), sealed(content, owners)];
    expect(one.ephemeralKey).not.toEqual(other.ephemeralKey);
    expect(one.ciphertext).not.toEqual(other.ciphertext);
  });

  it('is refused for a key of low order, which would share its secret with anybody', () => {
    const low = new Uint8Array(32);
    expect(() => seal(random(10), [low], () => CONTEXT, random)).toThrow(
      expect.objectContaining({ code: 'bad-sealing-key', owner: 0 }),
    );
  });
});

function withBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
  return changed;
}
