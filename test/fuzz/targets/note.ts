// Signed notes, the checkpoints in them, and verifier keys (node/tlog). What is opened under a key must be what
// that key signed.

import { openCheckpoint, parseTreeHead, signCheckpoint } from '../../../node/tlog/checkpoint.js';
import {
  ed25519Signer,
  ed25519Verifier,
  formatNote,
  formatVerifierKey,
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  type Note,
  parseNote,
  parseVerifierKey,
  TYPE_ED25519,
} from '../../../node/tlog/note.js';
import type { Chance } from '../../chaos/chance.js';
import { AUTHOR, NL, SIGNER } from '../../log/logs.js';
import { bytesOf, isSame, promise, type Target } from '../target.js';

/** All that the author ever signs here. */
const HEADS = Array.from({ length: 8 }, (_, n) => ({
  log: NL,
  size: [0, 1, 7, 255, 256, 70_000, 2 ** 31, Number.MAX_SAFE_INTEGER][n] as number,
  root: new Uint8Array(32).fill(n),
}));
const CHECKPOINTS = HEADS.map((head) => signCheckpoint(head, SIGNER));
const VERIFIER = ed25519Verifier(NL, AUTHOR.publicKey);
const OTHERS = ['icse/x', 'witness.example/1', 'é'].map((name) => ed25519Signer(name, AUTHOR));

/** With the author's signature and a cosignature as many as a note may have. */
const MOST_OTHERS = MAX_NOTE_SIGNATURES - 2;

export const NOTE_WORDS = ['\u2014 ', '\n\n', NL, 'witness.example/1', '0', '70000', 'AAAA', '==', '+'];

export const noteTarget: Target = {
  name: 'note',
  open: () => ({
    form: 'text',
    maxBytes: MAX_NOTE_BYTES + 16,
    words: NOTE_WORDS,
    sample: (chance) => (chance.happens(0.15) ? aVerifierKey(chance) : aNote(chance)),
    take(input) {
      if (!input.includes(0x0a)) return takeVerifierKey(Buffer.from(input).toString('utf8'));
      const note = parseNote(input);
      promise(isSame(formatNote(note.text, note.signatures), input), 'the note prints to other bytes');
      takeText(note);
      const head = openCheckpoint(input, VERIFIER);
      const signed = HEADS.find(({ size }) => size === head.size);
      promise(signed !== undefined && isSame(signed.root, head.root), 'nobody signed this checkpoint');
    },
  }),
};

function takeText({ text }: Note): void {
  const { log, size, root, extensions } = parseTreeHead(text);
  const printed = [log, size, Buffer.from(root).toString('base64'), ...extensions, ''].join('\n');
  promise(printed === text, 'the tree head prints to another text');
}

function takeVerifierKey(text: string): void {
  const { name, type, publicKey } = parseVerifierKey(text);
  promise(formatVerifierKey(name, type, publicKey) === text, 'the verifier key prints to another text');
}

/** A checkpoint of the author, with signatures of others after it. */
export function aNote(chance: Chance): Uint8Array {
  const { text, signatures } = parseNote(chance.pick(CHECKPOINTS));
  const more = Array.from({ length: chance.happens(0.02) ? MOST_OTHERS : chance.int(0, 2) }, () => {
    const { name, keyId } = chance.pick(OTHERS);
    return { name, keyId, signature: chance.bytes(chance.pick([1, 64, 72])) };
  });
  return formatNote(text, [...signatures, ...more]);
}

function aVerifierKey(chance: Chance): Uint8Array {
  return bytesOf(formatVerifierKey(chance.pick([NL, 'a.example']), TYPE_ED25519, chance.bytes(32)));
}
