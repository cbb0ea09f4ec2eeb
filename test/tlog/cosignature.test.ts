import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyPairOf, sign } from '../../node/keys/ed25519.js';
import { BadCheckpoint, openCheckpoint, signCheckpoint } from '../../node/tlog/checkpoint.js';
import {
  BadCosignature,
  cosign,
  cosignatureVerifier,
  mergeSignatures,
  readCosignature,
} from '../../node/tlog/cosignature.js';
import { BadNote, ed25519Signer, ed25519Verifier, formatNote, parseNote } from '../../node/tlog/note.js';

const pairOf = (seed: number) => keyPairOf(new Uint8Array(32).fill(seed));
const receiptName = (member: string) => `icse/${'5f'.repeat(32)}/${member}/receipt`;
const aCosigner = (member: string, seed: number) => ({ name: receiptName(member), keyPair: pairOf(seed) });
const verifierOf = ({ name, keyPair }: ReturnType<typeof aCosigner>) =>
  cosignatureVerifier(name, keyPair.publicKey);

const NL = `icse/${'5f'.repeat(32)}/NL`;
const author = ed25519Signer(NL, pairOf(1));
const knownAuthor = ed25519Verifier(NL, pairOf(1).publicKey);
const head = { log: NL, size: 70_000, root: new Uint8Array(32).fill(9) };
const checkpoint = signCheckpoint(head, author);
const au = aCosigner('AU', 2);
const lyon = aCosigner('LYON', 3);
const TIME = 1_679_315_147;

describe('a cosignature', () => {
  it('says when it was made, and leaves the checkpoint as it was', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (time) => {
        const note = cosign(checkpoint, au, time);
        expect(readCosignature(note, verifierOf(au))).toEqual({ time });
        expect(openCheckpoint(note, knownAuthor)).toEqual(head);
      }),
      { numRuns: 30 },
    );
  });

  it('signs the header, the time and the text, as C2SP tlog-cosignature has it', () => {
    const { text, signatures } = parseNote(cosign(checkpoint, au, TIME));
    const line = Buffer.from(signatures.at(-1)?.signature as Uint8Array);
    expect(line.subarray(0, 8).toString('hex')).toBe('00000000641850cb');
    const signedText = Buffer.from(`cosignature/v1\ntime ${TIME}\n${text}`);
    expect(line.subarray(8)).toEqual(Buffer.from(sign(au.keyPair.secretKey, signedText)));
  });

  it('with another time, or on another text, is refused', () => {
    const { text, signatures } = parseNote(cosign(checkpoint, au, TIME));
    const line = signatures.at(-1) as (typeof signatures)[0];
    const later = { ...line, signature: Uint8Array.from(line.signature).with(7, 0) };
    const endless = { ...line, signature: Uint8Array.from(line.signature).fill(0xff, 0, 8) };
    const short = { ...line, signature: line.signature.subarray(8) };
    for (const wrong of [later, endless, short]) {
      expect(() => readCosignature(formatNote(text, [wrong]), verifierOf(au))).toThrow(BadCosignature);
    }
    expect(() => readCosignature(formatNote(`${text}x\n`, [line]), verifierOf(au))).toThrow(BadCosignature);
  });

  it('that is absent is refused with that reason', () => {
    expect(() => readCosignature(checkpoint, verifierOf(au))).toThrow(BadCosignature);
    expect(() => readCosignature(cosign(checkpoint, lyon, TIME), verifierOf(au))).toThrow(/no signature by/);
    expect(() => readCosignature(checkpoint, knownAuthor)).toThrow(BadCosignature);
    expect(() => readCosignature(new Uint8Array(9), verifierOf(au))).toThrow(BadCosignature);
  });

  it("is not a log's own signature under the same name and key", () => {
    const { text } = parseNote(checkpoint);
    const plain = ed25519Signer(au.name, au.keyPair);
    const note = formatNote(text, [{ ...plain, signature: plain.sign(Buffer.from(text)) }]);
    expect(() => readCosignature(note, verifierOf(au))).toThrow(BadCosignature);
  });

  it('takes the place of an earlier one by the same key', () => {
    const twice = cosign(cosign(cosign(checkpoint, au, TIME), lyon, TIME), au, TIME + 1);
    expect(parseNote(twice).signatures.map(({ name }) => name)).toEqual([NL, lyon.name, au.name]);
    expect(readCosignature(twice, verifierOf(au)).time).toBe(TIME + 1);
  });

  it('is made on checkpoints alone, at whole seconds', () => {
    const text = 'anything else\n';
    const note = formatNote(text, [{ ...author, signature: author.sign(Buffer.from(text)) }]);
    expect(() => cosign(note, au, TIME)).toThrow(BadCheckpoint);
    expect(() => cosign(checkpoint, au, TIME + 0.5)).toThrow(BadCosignature);
    expect(() => cosign(checkpoint, au, -1)).toThrow(BadCosignature);
  });
});

describe('a checkpoint with receipts merged', () => {
  const byAu = cosign(checkpoint, au, TIME);
  const byLyon = cosign(checkpoint, lyon, TIME + 5);

  it('carries each signature line once', () => {
    const merged = mergeSignatures(byAu, byLyon);
    expect(parseNote(merged).signatures.map(({ name }) => name)).toEqual([NL, au.name, lyon.name]);
    expect(readCosignature(merged, verifierOf(au)).time).toBe(TIME);
    expect(readCosignature(merged, verifierOf(lyon)).time).toBe(TIME + 5);
    expect(openCheckpoint(merged, knownAuthor)).toEqual(head);
    expect(mergeSignatures(merged, byAu)).toEqual(merged);
  });

  it('is one checkpoint: receipts on another are refused', () => {
    const next = signCheckpoint({ ...head, size: 70_001 }, author);
    expect(() => mergeSignatures(byAu, cosign(next, lyon, TIME))).toThrow(BadNote);
  });
});
