// A checkpoint as its author's: opened under the first of the author's keys that fits, and kept with the author's
// own signature line alone. Other lines of a note could carry anything.

import type { LogName } from '../names.js';
import { BadCheckpoint, openCheckpointNote, parsedCheckpoint, parseTreeHead } from '../tlog/checkpoint.js';
import { ed25519Verifier, formatNote } from '../tlog/note.js';
import type { SignedHead } from './log-state.js';

/** Public keys that may have signed a checkpoint of that size. */
export type KeysAt = (size: number) => readonly Uint8Array[];

/** The head that the note states, with the note as it may be kept. Throws BadCheckpoint when it is not the author's. */
export function openAuthorNote(log: LogName, bytes: Uint8Array, keysAt: KeysAt): SignedHead {
  const note = parsedCheckpoint(bytes);
  let last: unknown;
  for (const key of keysAt(parseTreeHead(note.text).size)) {
    try {
      const { head, lines } = openCheckpointNote(note, ed25519Verifier(log, key));
      return { ...head, note: formatNote(note.text, lines) };
    } catch (error) {
      if (!(error instanceof BadCheckpoint)) throw error;
      last = error;
    }
  }
  throw last ?? new BadCheckpoint(`no key that could have signed a checkpoint of ${log} is known`);
}
