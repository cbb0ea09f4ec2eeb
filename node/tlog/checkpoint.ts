// Checkpoints, C2SP tlog-checkpoint: a log's tree head as the text of a signed note.
//
//   icse/5f0c.../NL                                     the log, and the name of the key that signs
//   70000                                               entries
//   q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=        root hash
//
//   — icse/5f0c.../NL base64(key id ‖ signature)

import { Failure } from '../failure.js';
import { decodeBase64, encodeBase64 } from './base64.js';
import { HASH_BYTES } from './hash.js';
import {
  BadNote,
  formatNote,
  type Note,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
  parseNote,
  UnverifiedNote,
  verifyNote,
} from './note.js';

/** Bytes that are no checkpoint, or not by the log that was meant: `code` is 'bad-checkpoint'. */
export class BadCheckpoint extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-checkpoint', message, cause);
  }
}

export interface TreeHead {
  /** The origin line. */
  readonly log: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** A tree head as read, with the lines that its log added. */
export interface ParsedTreeHead extends TreeHead {
  readonly extensions: string[];
}

/** The text of a checkpoint; we add no lines to the three. Throws BadCheckpoint. */
export function formatTreeHead(head: TreeHead): string {
  if (head.log === '' || head.log.includes('\n')) throw new BadCheckpoint('the name of a log is one line');
  if (!Number.isSafeInteger(head.size) || head.size < 0) {
    throw new BadCheckpoint(`${head.size} is not the size of a log`);
  }
  checkRoot(head.root);
  return `${head.log}\n${head.size}\n${encodeBase64(head.root)}\n`;
}

/** Reads the text of a checkpoint, also of logs that add lines. Throws BadCheckpoint. */
export function parseTreeHead(text: string): ParsedTreeHead {
  if (!text.endsWith('\n')) throw new BadCheckpoint('a checkpoint ends in a newline');
  const lines = text.slice(0, -1).split('\n');
  if (lines.includes('')) throw new BadCheckpoint('a checkpoint has no empty lines');
  const [log, size, root, ...extensions] = lines;
  if (log === undefined || size === undefined || root === undefined) {
    throw new BadCheckpoint('a checkpoint has a line each for log, size and root');
  }
  return { log, size: parseSize(size), root: parseRoot(root), extensions };
}

function parseSize(text: string): number {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text)) {
    throw new BadCheckpoint(`${JSON.stringify(text.slice(0, 40))} is not the size of a log in plain decimal`);
  }
  const size = Number(text);
  if (!Number.isSafeInteger(size)) throw new BadCheckpoint('the size is over 2^53-1, the largest held here');
  return size;
}

function parseRoot(text: string): Uint8Array {
  const root = decodeBase64(text);
  if (root === undefined) throw new BadCheckpoint('the root is not canonical base64');
  checkRoot(root);
  return root;
}

function checkRoot(root: Uint8Array): void {
  if (root.length !== HASH_BYTES) {
    throw new BadCheckpoint(`the root has ${root.length} bytes instead of ${HASH_BYTES}`);
  }
}

/** The log's own statement of its head. Throws BadCheckpoint. */
export function signCheckpoint(head: TreeHead, signer: NoteSigner): Uint8Array {
  if (head.log !== signer.name) throw new BadCheckpoint(`${signer.name} does not sign for ${head.log}`);
  const text = formatTreeHead(head);
  const signature = signer.sign(Buffer.from(text, 'utf8'));
  return formatNote(text, [{ name: signer.name, keyId: signer.keyId, signature }]);
}

/**
 * The head of the log that the verifier is for, after its signature was verified. A checkpoint with lines
 * beyond the three is refused: no log of the federation writes any, and they could carry text across a
 * border. Throws BadCheckpoint.
 */
export function openCheckpoint(bytes: Uint8Array, verifier: NoteVerifier): TreeHead {
  return openCheckpointNote(parsedCheckpoint(bytes), verifier).head;
}

/** The note that a checkpoint is; nothing is verified by that. Throws BadCheckpoint. */
export function parsedCheckpoint(bytes: Uint8Array): Note {
  try {
    return parseNote(bytes);
  } catch (error) {
    if (error instanceof BadNote) throw new BadCheckpoint(`not a checkpoint: ${error.message}`, error);
    throw error;
  }
}

/** As openCheckpoint, of a note that is parsed already; `lines` are those that were verified. */
export function openCheckpointNote(
  note: Note,
  verifier: NoteVerifier,
): { readonly head: TreeHead; readonly lines: readonly NoteSignature[] } {
  const { verified } = verifiedLines(note, verifier);
  const { log, size, root, extensions } = parseTreeHead(note.text);
  if (log !== verifier.name) {
    throw new BadCheckpoint(
      `the checkpoint is of ${JSON.stringify(log.slice(0, 120))}, not of ${verifier.name}`,
    );
  }
  if (extensions.length > 0) throw new BadCheckpoint(`the checkpoint of ${log} has lines beyond the three`);
  return { head: { log, size, root }, lines: verified };
}

function verifiedLines(note: Note, verifier: NoteVerifier): ReturnType<typeof verifyNote> {
  try {
    return verifyNote(note, [verifier]);
  } catch (error) {
    if (error instanceof UnverifiedNote) {
      throw new BadCheckpoint(`not a checkpoint of ${verifier.name}: ${error.message}`, error);
    }
    throw error;
  }
}
