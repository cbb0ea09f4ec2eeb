import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyPairOf } from '../../node/keys/ed25519.js';
import {
  BadCheckpoint,
  formatTreeHead,
  openCheckpoint,
  parseTreeHead,
  signCheckpoint,
} from '../../node/tlog/checkpoint.js';
import { ed25519Signer, ed25519Verifier, formatNote } from '../../node/tlog/note.js';

const NL = `icse/${'5f'.repeat(32)}/NL`;
const AU = `icse/${'5f'.repeat(32)}/AU`;
const pair = keyPairOf(new Uint8Array(32).fill(1));
const signer = ed25519Signer(NL, pair);
const verifier = ed25519Verifier(NL, pair.publicKey);
const root = new Uint8Array(32).fill(9);
const head = { log: NL, size: 70_000, root };
const ROOT = Buffer.from(root).toString('base64');

/** A note with this text under the signature of the Dutch log. */
function signed(text: string): Uint8Array {
  return formatNote(text, [{ name: NL, keyId: signer.keyId, signature: signer.sign(Buffer.from(text)) }]);
}

describe('a tree head', () => {
  it('is three lines', () => {
    expect(formatTreeHead(head)).toBe(`${NL}\n70000\n${ROOT}\n`);
  });

  it('is read back as it was written', () => {
    const anyHead = fc.record({
      log: fc.string({ minLength: 1, maxLength: 60 }),
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(anyHead, (any) => {
        const text = formatTreeHead(any);
        const parsed = parseTreeHead(text);
        expect(parsed).toEqual({ ...any, extensions: [] });
        expect(formatTreeHead(parsed)).toBe(text);
      }),
    );
  });

  it("reports the lines that others' logs add", () => {
    expect(parseTreeHead(`${formatTreeHead(head)}one more\nand another\n`).extensions).toEqual([
      'one more',
      'and another',
    ]);
  });

  it.each([
    ['no log', `\n7\n${ROOT}\n`],
    ['no root', `${NL}\n7\n`],
    ['no final newline', `${NL}\n7\n${ROOT}`],
    ['an empty line', `${NL}\n7\n${ROOT}\n\n`],
    ['a leading zero', `${NL}\n07\n${ROOT}\n`],
    ['a sign', `${NL}\n+7\n${ROOT}\n`],
    ['a negative size', `${NL}\n-7\n${ROOT}\n`],
    ['an exponent', `${NL}\n7e3\n${ROOT}\n`],
    ['a space', `${NL}\n7 \n${ROOT}\n`],
    ['digits of another script', `${NL}\n٧\n${ROOT}\n`],
    ['a root of 31 bytes', `${NL}\n7\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root of 33 bytes', `${NL}\n7\n${Buffer.alloc(33).toString('base64')}\n`],
    ['base64 that is not canonical', `${NL}\n7\n${ROOT.replace(/.=$/, 'l=')}\n`],
    ['nothing', ''],
  ])('with %s is refused', (_, text) => {
    expect(() => parseTreeHead(text)).toThrow(BadCheckpoint);
  });

  it('is held up to 2^53-1 entries, and beyond refused with that reason', () => {
    expect(parseTreeHead(`${NL}\n9007199254740991\n${ROOT}\n`).size).toBe(2 ** 53 - 1);
    for (const size of ['9007199254740992', '9007199254740993', '18446744073709551615', '9'.repeat(400)]) {
      expect(() => parseTreeHead(`${NL}\n${size}\n${ROOT}\n`)).toThrow(/over 2\^53-1/);
    }
  });

  it('is refused with BadCheckpoint when it is garbage', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        expect(() => parseTreeHead(garbage)).toThrow(BadCheckpoint);
      }),
    );
  });

  it('is not written when it could not be read', () => {
    expect(() => formatTreeHead({ ...head, log: '' })).toThrow(BadCheckpoint);
    expect(() => formatTreeHead({ ...head, log: 'two\nlines' })).toThrow(BadCheckpoint);
    expect(() => formatTreeHead({ ...head, size: 2 ** 53 })).toThrow(BadCheckpoint);
    expect(() => formatTreeHead({ ...head, size: -1 })).toThrow(BadCheckpoint);
    expect(() => formatTreeHead({ ...head, root: root.subarray(1) })).toThrow(BadCheckpoint);
  });
});

describe('a checkpoint', () => {
  it('opens under the key of its log', () => {
    expect(openCheckpoint(signCheckpoint(head, signer), verifier)).toEqual(head);
  });

  it('is not signed for another log', () => {
    expect(() => signCheckpoint({ ...head, log: AU }, signer)).toThrow(BadCheckpoint);
  });

  it('of another log does not open, even where the same key signed it', () => {
    expect(() => openCheckpoint(signed(formatTreeHead({ ...head, log: AU })), verifier)).toThrow(
      /not of icse/,
    );
  });

  it('does not open under another key, nor when a byte was changed', () => {
    const other = ed25519Verifier(NL, keyPairOf(new Uint8Array(32).fill(2)).publicKey);
    const bytes = signCheckpoint(head, signer);
    expect(() => openCheckpoint(bytes, other)).toThrow(/no signature by/);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = bytes.with(at, (bytes[at] as number) ^ flip);
        expect(() => openCheckpoint(changed, verifier)).toThrow(BadCheckpoint);
      }),
    );
  });

  it('with lines of its own does not open here', () => {
    expect(() => openCheckpoint(signed(`${formatTreeHead(head)}hidden text\n`), verifier)).toThrow(
      /beyond the three/,
    );
  });

  it('is refused with BadCheckpoint when it is garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
        expect(() => openCheckpoint(garbage, verifier)).toThrow(BadCheckpoint);
      }),
    );
  });
});
