// A checkpoint as its author's: opened under the first of the author's keys that fits, and kept with the author's
// own signature line alone. Other lines of a note could carry anything.

import type { LogName } from '../names.js';
import { BadCheckpoint, openCheckpoint, parseTreeHead } from '../tlog/checkpoint.js';
import { BadNote, ed25519Verifier, formatNote, parseNote, verifyNote } from '../tlog/note.js';
import type { SignedHead } from './log-state.js';

/** Public keys that may have signed a checkpoint of that size. */
export type KeysAt = (size: number) => readonly Uint8Array[];

/** The head that the note states, with the note as it may be kept. Throws BadCheckpoint when it is not the author's. */
export function openAuthorNote(log: LogName, bytes: Uint8Array, keysAt: KeysAt): SignedHead {
  let last: unknown;
  for (const key of keysAt(sizeOf(bytes))) {
    try {
      const verifier = ed25519Verifier(log, key);
      const head = openCheckpoint(bytes, verifier);
      const note = parseNote(bytes);
      return { ...head, note: formatNote(note.text, verifyNote(note, [verifier]).verified) };
    } catch (error) {
      if (!(error instanceof BadCheckpoint)) throw error;
      last = error;
    }
  }
  throw last ?? new BadCheckpoint(`no key that could have signed a checkpoint of ${log} is known`);
}

function sizeOf(bytes: Uint8Array): number {
  try {
    return parseTreeHead(parseNote(bytes).text).size;
  } catch (error) {
    if (error instanceof BadNote) throw new BadCheckpoint(`not a checkpoint: ${error.message}`, error);
    throw error;
  }
}
