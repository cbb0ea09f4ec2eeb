// Cosignatures on notes (C2SP tlog-cosignature), and two notes made one.

import { keyPairOf } from '../../../node/keys/ed25519.js';
import {
  cosign,
  cosignatureVerifier,
  mergeSignatures,
  readCosignature,
} from '../../../node/tlog/cosignature.js';
import { formatNote, MAX_NOTE_BYTES, parseNote } from '../../../node/tlog/note.js';
import type { Chance } from '../../chaos/chance.js';
import { isSame, promise, type Target } from '../target.js';
import { aNote, NOTE_WORDS } from './note.js';

const COSIGNER = { name: 'icse/x/LYON/receipt', keyPair: keyPairOf(new Uint8Array(32).fill(9)) };
const VERIFIER = cosignatureVerifier(COSIGNER.name, COSIGNER.keyPair.publicKey);
/** The times at which it signs here. */
const TIMES = [0, 1, 1_800_000_000, 2 ** 32, Number.MAX_SAFE_INTEGER];

export const cosignatureTarget: Target = {
  name: 'cosignature',
  open: () => ({
    form: 'text',
    maxBytes: MAX_NOTE_BYTES + 16,
    words: [...NOTE_WORDS, COSIGNER.name],
    sample: (chance: Chance) => cosign(aNote(chance), COSIGNER, chance.pick(TIMES)),
    take(input) {
      const { time } = readCosignature(input, VERIFIER);
      promise(TIMES.includes(time), 'nobody signed this cosignature');
      promise(isSame(mergeSignatures(input, input), input), 'a note merged with itself is another note');
      const { text, signatures } = parseNote(input);
      const [first] = signatures;
      if (first === undefined) return;
      const merged = parseNote(mergeSignatures(formatNote(text, [first]), input));
      promise(merged.text === text, 'merging changes the text');
      promise(merged.signatures.length <= signatures.length, 'merging makes signatures');
    },
  }),
};
