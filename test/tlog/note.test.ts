import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { openCheckpoint, parseTreeHead } from '../../node/tlog/checkpoint.js';
import { cosignatureVerifier, readCosignature } from '../../node/tlog/cosignature.js';
import {
  BadNote,
  BadVerifierKey,
  ed25519Signer,
  ed25519Verifier,
  formatNote,
  formatVerifierKey,
  keyIdOf,
  type NoteSigner,
  type NoteVerifier,
  parseNote,
  parseVerifierKey,
  TYPE_COSIGNATURE,
  TYPE_ED25519,
  UnverifiedNote,
  verifyNote,
} from '../../node/tlog/note.js';
import { haveVectors, readVectors } from './vectors.js';

const pairOf = (seed: number) => keyPairOf(new Uint8Array(32).fill(seed));
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const lineBy = (signer: NoteSigner, text: string) => ({
  name: signer.name,
  keyId: signer.keyId,
  signature: signer.sign(bytesOf(text)),
});

const TEXT = 'a text\n\nwith an empty line\n';
const alice = ed25519Signer('example.org/alice', pairOf(1));
const bob = ed25519Signer('example.org/bob', pairOf(2));
const knownAlice = ed25519Verifier('example.org/alice', pairOf(1).publicKey);
const knownBob = ed25519Verifier('example.org/bob', pairOf(2).publicKey);

const keyName = fc
  .string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
  .filter((name) => !/[\p{White_Space}\p{Cc}+]/u.test(name));
const noteText = fc
  .array(
    fc.string({ maxLength: 20, unit: 'grapheme' }).filter((line) => !/\p{Cc}/u.test(line)),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((lines) => `${lines.join('\n')}\n`);
const signatureLine = fc.record({
  name: keyName,
  keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
});
const signatureLines = fc.array(signatureLine, { minLength: 1, maxLength: 4 });

describe('a note', () => {
  it('is read back as it was written, to the byte', () => {
    fc.assert(
      fc.property(noteText, signatureLines, (text, signatures) => {
        const bytes = formatNote(text, signatures);
        const note = parseNote(bytes);
        expect(note.text).toBe(text);
        expect(note.signatures.map(({ name }) => name)).toEqual(signatures.map(({ name }) => name));
        expect(formatNote(note.text, note.signatures)).toEqual(bytes);
      }),
    );
  });

  it('is refused with BadNote, or prints back to the same bytes, whatever is changed in it', () => {
    const bytes = formatNote(TEXT, [lineBy(alice, TEXT), lineBy(bob, TEXT)]);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), fc.boolean(), (at, value, cut) => {
        const changed = Uint8Array.from(cut ? bytes.subarray(0, at) : bytes);
        if (!cut) changed[at] = value;
        try {
          const note = parseNote(changed);
          expect(textOf(formatNote(note.text, note.signatures))).toBe(textOf(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(BadNote);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with BadNote when it is garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
        expect(() => parseNote(garbage)).toThrow(BadNote);
      }),
    );
  });

  const [line] = textOf(formatNote('x\n', [lineBy(alice, 'x\n')]))
    .split('\n')
    .slice(2) as [string];
  it.each([
    ['no signature', 'x\n\n'],
    ['no text and no empty line', `${line}\n`],
    ['an empty line after the signatures', `x\n\n${line}\n\n`],
    ['a carriage return', `x\r\n\n${line}\n`],
    ['a tab', `x\ty\n\n${line}\n`],
    ['two spaces before the signature', `x\n\n${line.replace('alice ', 'alice  ')}\n`],
    ['a space after the signature', `x\n\n${line} \n`],
    ['a plus in the name', `x\n\n${line.replace('alice', 'al+ice')}\n`],
    ['a no-break space in the name', `x\n\n${line.replace('alice', 'al\u00a0ice')}\n`],
    ['no name', `x\n\n${line.replace('example.org/alice', '')}\n`],
    ['base64 without its padding', `x\n\n${line.replace(/=+$/, '')}\n`],
    ['the other base64 alphabet', `x\n\n\u2014 alice AAAA_-AA\n`],
    ['a key id without a signature', 'x\n\n\u2014 alice AAAAAA==\n'],
  ])('with %s is refused', (_, note) => {
    expect(() => parseNote(bytesOf(note))).toThrow(BadNote);
  });

  it('is refused when it is not UTF-8', () => {
    const bytes = formatNote('xy\n', [lineBy(alice, 'xy\n')]);
    expect(() => parseNote(Uint8Array.from(bytes).with(0, 0xff))).toThrow(BadNote);
    expect(() => parseNote(Uint8Array.from(bytes).with(0, 0xc0).with(1, 0x80))).toThrow(BadNote);
  });

  it('keeps a byte order mark as part of its text', () => {
    const text = '\ufeffx\n';
    expect(parseNote(formatNote(text, [lineBy(alice, text)])).text).toBe(text);
  });

  it('has at most 100 signatures and 64 KiB', () => {
    const signature = lineBy(alice, TEXT);
    expect(parseNote(formatNote(TEXT, Array(100).fill(signature))).signatures).toHaveLength(100);
    expect(() => formatNote(TEXT, Array(101).fill(signature))).toThrow(BadNote);
    const crowded = textOf(formatNote(TEXT, Array(100).fill(signature)));
    expect(() => parseNote(bytesOf(`${crowded}${line}\n`))).toThrow(BadNote);
    const long = `${'x'.repeat(64 * 1024)}\n`;
    expect(() => formatNote(long, [signature])).toThrow(BadNote);
    expect(() => parseNote(bytesOf(`${long}\n${line}\n`))).toThrow(BadNote);
  });

  it('is not written from parts that would not be read back', () => {
    const signature = lineBy(alice, TEXT);
    expect(() => formatNote('no newline', [signature])).toThrow(BadNote);
    expect(() => formatNote('bell \u0007\n', [signature])).toThrow(BadNote);
    expect(() => formatNote('half \ud800\n', [signature])).toThrow(BadNote);
    expect(() => formatNote(TEXT, [])).toThrow(BadNote);
    expect(() => formatNote(TEXT, [{ ...signature, name: 'a b' }])).toThrow(BadNote);
    expect(() => formatNote(TEXT, [{ ...signature, name: '' }])).toThrow(BadNote);
    expect(() => formatNote(TEXT, [{ ...signature, keyId: new Uint8Array(3) }])).toThrow(BadNote);
    expect(() => formatNote(TEXT, [{ ...signature, signature: new Uint8Array(0) }])).toThrow(BadNote);
  });
});

describe('a verified note', () => {
  const both = parseNote(formatNote(TEXT, [lineBy(alice, TEXT), lineBy(bob, TEXT)]));
  const names = (verified: readonly { name: string }[]) => verified.map(({ name }) => name);

  it('names the known keys that signed it, and passes over the others', () => {
    expect(names(verifyNote(both, [knownAlice, knownBob]).verified)).toEqual([alice.name, bob.name]);
    expect(names(verifyNote(both, [knownBob]).verified)).toEqual([bob.name]);
  });

  it('passes over keys that share only a name or only an id with a known one', () => {
    const [byAlice, byBob] = both.signatures as [(typeof both.signatures)[0], (typeof both.signatures)[0]];
    const strangers = [
      { ...byBob, name: alice.name },
      { ...byBob, keyId: alice.keyId },
    ];
    const note = { text: TEXT, signatures: [...strangers, byAlice] };
    expect(verifyNote(note, [knownAlice]).verified).toEqual([byAlice]);
  });

  it('is refused when a known key did not sign it, however many did', () => {
    const forged = lineBy(alice, 'another text\n');
    const note = { text: TEXT, signatures: [...both.signatures, forged] };
    expect(() => verifyNote(note, [knownAlice, knownBob])).toThrow(UnverifiedNote);
    expect(names(verifyNote(note, [knownBob]).verified)).toEqual([bob.name]);
  });

  it('is refused when no known key signed it', () => {
    const stranger = ed25519Verifier('example.org/carol', pairOf(3).publicKey);
    expect(() => verifyNote(both, [stranger])).toThrow(UnverifiedNote);
    expect(() => verifyNote(both, [])).toThrow(UnverifiedNote);
  });

  it('counts a key once that signed it twice', () => {
    const note = { text: TEXT, signatures: [...both.signatures, ...both.signatures] };
    expect(names(verifyNote(note, [knownAlice, knownBob]).verified)).toEqual([alice.name, bob.name]);
  });
});

describe('a verifier key', () => {
  it('is read back as it was written', () => {
    const { publicKey } = pairOf(4);
    for (const type of [TYPE_ED25519, TYPE_COSIGNATURE]) {
      const vkey = formatVerifierKey('example.org/log', type, publicKey);
      const key = parseVerifierKey(vkey);
      expect(key).toEqual({
        name: 'example.org/log',
        type,
        publicKey,
        keyId: keyIdOf('example.org/log', type, publicKey),
      });
      expect(formatVerifierKey(key.name, key.type, key.publicKey)).toBe(vkey);
    }
  });

  const vkey = formatVerifierKey('example.org/log', TYPE_ED25519, pairOf(4).publicKey);
  it.each([
    ['another name', vkey.replace('log', 'lag')],
    ['capitals in its id', vkey.replace(/\+[0-9a-f]{8}\+/, (id) => id.toUpperCase())],
    ['no id', vkey.replace(/\+[0-9a-f]{8}/, '')],
    ['a padding that it does not need', `${vkey}=`],
    ['a key that is too short', 'a+00000000+AQID'],
    ['a type not known here', `a+00000000+${Buffer.alloc(33, 2).toString('base64')}`],
    ['an empty key', 'a+00000000+===='],
    ['a space in its name', vkey.replace('org/', 'org ')],
    ['nothing', ''],
  ])('with %s is refused', (_, text) => {
    expect(() => parseVerifierKey(text)).toThrow(BadVerifierKey);
  });

  it('is refused with BadVerifierKey when it is garbage', () => {
    fc.assert(
      fc.property(fc.string(), (garbage) => {
        expect(() => parseVerifierKey(garbage)).toThrow(BadVerifierKey);
      }),
    );
    expect(() => ed25519Verifier('a b', pairOf(4).publicKey)).toThrow(BadVerifierKey);
    expect(() => ed25519Verifier('a', new Uint8Array(31))).toThrow(BadVerifierKey);
    expect(() => ed25519Signer('tab\u0001', pairOf(4))).toThrow(BadVerifierKey);
  });
});

interface NoteVectors {
  readonly good: {
    readonly source: string;
    readonly note: string;
    readonly isCheckpoint: boolean;
    readonly verifies: { readonly vkey: string; readonly kind: string }[];
  }[];
  readonly bad: { readonly why: string; readonly note: string; readonly vkeys: string[] }[];
}

const have = haveVectors('notes');
const vectors: NoteVectors = have ? readVectors('notes/notes.json') : { good: [], bad: [] };

function verifierOf(vkey: string): NoteVerifier {
  const { name, type, publicKey } = parseVerifierKey(vkey);
  return type === TYPE_COSIGNATURE ? cosignatureVerifier(name, publicKey) : ed25519Verifier(name, publicKey);
}

describe.skipIf(!have)('notes that others wrote', () => {
  it.each(vectors.good)('$source: verifies under each of its keys, and prints back', (vector) => {
    const bytes = bytesOf(vector.note);
    const note = parseNote(bytes);
    expect(textOf(formatNote(note.text, note.signatures))).toBe(vector.note);
    const verifiers = vector.verifies.map(({ vkey }) => verifierOf(vkey));
    expect(verifyNote(note, verifiers).verified).toHaveLength(verifiers.length);
    for (const { vkey, kind } of vector.verifies) {
      const verifier = verifierOf(vkey);
      expect(verifyNote(note, [verifier]).verified).toHaveLength(1);
      if (kind.startsWith('cosignature ')) {
        expect(readCosignature(bytes, verifier).time).toBe(Number(kind.split(' ')[1]));
      } else if (vector.isCheckpoint) {
        expect(openCheckpoint(bytes, verifier).log).toBe(verifier.name);
      }
    }
  });

  it.each(vectors.bad)('$why: is refused', ({ note, vkeys }) => {
    const open = () => {
      const parsed = parseNote(bytesOf(note));
      verifyNote(parsed, vkeys.map(verifierOf));
      parseTreeHead(parsed.text);
    };
    expect(open).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^bad-note|^unverified-note/) }),
    );
  });
});
