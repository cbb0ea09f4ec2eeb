// Cosignatures, C2SP tlog-cosignature, type 0x04: another party's signature on a checkpoint, with the time.
// A receipt is one. What is signed, and what stands in the signature line after the key id:
//
//   cosignature/v1                                        00 00 00 00 64 18 50 cb   POSIX seconds, big-endian
//   time 1679315147                                       64 bytes                  Ed25519
//   icse/5f0c.../NL
//   70000
//   q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=

import { Failure } from '../failure.js';
import { type KeyPair, sign, verify } from '../keys/ed25519.js';
import { parseTreeHead } from './checkpoint.js';
import {
  BadNote,
  formatNote,
  isByKey,
  type NoteSignature,
  type NoteVerifier,
  parseNote,
  TYPE_COSIGNATURE,
  UnverifiedNote,
  verifierKey,
  verifyNote,
} from './note.js';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = TIME_BYTES + 64;

/** A cosignature that is absent, wrong or impossible: `code` is 'bad-cosignature'. */
export class BadCosignature extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-cosignature', message, cause);
  }
}

export interface Cosigner {
  readonly name: string;
  /** For cosignatures alone: the signed text does not name the cosigner. */
  readonly keyPair: KeyPair;
}

/**
 * The note with this cosignature as its last line; an earlier one by the same key is replaced. Anything but
 * a checkpoint is refused. Throws BadNote, BadCheckpoint, BadVerifierKey and BadCosignature.
 */
export function cosign(note: Uint8Array, cosigner: Cosigner, timeSeconds: number): Uint8Array {
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds < 0) {
    throw new BadCosignature(`${timeSeconds} is not a time in whole seconds since 1970`);
  }
  const { text, signatures } = parseNote(note);
  parseTreeHead(text);
  const key = verifierKey(cosigner.name, TYPE_COSIGNATURE, cosigner.keyPair.publicKey);
  const signature = Buffer.alloc(SIGNATURE_BYTES);
  signature.writeBigUInt64BE(BigInt(timeSeconds));
  signature.set(
    sign(cosigner.keyPair.secretKey, cosignedText(timeSeconds, Buffer.from(text, 'utf8'))),
    TIME_BYTES,
  );
  const others = signatures.filter((line) => !isByKey(line, key));
  return formatNote(text, [...others, { name: key.name, keyId: key.keyId, signature }]);
}

/** Verifies cosignatures (type 0x04) in notes. Throws BadVerifierKey. */
export function cosignatureVerifier(name: string, publicKey: Uint8Array): NoteVerifier {
  return {
    ...verifierKey(name, TYPE_COSIGNATURE, publicKey),
    verify: (text, signature) => {
      if (signature.length !== SIGNATURE_BYTES) return false;
      const time = timeOf(signature);
      if (!Number.isSafeInteger(time)) return false;
      return verify(publicKey, cosignedText(time, text), signature.subarray(TIME_BYTES));
    },
  };
}

/** When this cosigner signed the note, once its signature was verified. Throws BadCosignature. */
export function readCosignature(note: Uint8Array, verifier: NoteVerifier): { readonly time: number } {
  if (verifier.type !== TYPE_COSIGNATURE) {
    throw new BadCosignature(`the key of ${verifier.name} is not for cosignatures`);
  }
  const [cosignature] = verifiedSignatures(note, verifier);
  return { time: timeOf((cosignature as NoteSignature).signature) };
}

/** One note with the signature lines of both, those of `a` first. Throws BadNote, also for two texts. */
export function mergeSignatures(a: Uint8Array, b: Uint8Array): Uint8Array {
  const one = parseNote(a);
  const other = parseNote(b);
  if (one.text !== other.text) throw new BadNote('signatures on two different texts do not go into one note');
  const added = other.signatures.filter((line) => !one.signatures.some((known) => isSameLine(line, known)));
  return formatNote(one.text, [...one.signatures, ...added]);
}

function cosignedText(timeSeconds: number, text: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n`, 'utf8'), text]);
}

/** Exact up to 2^53-1; beyond that no safe integer, which no verifier here accepts. */
function timeOf(signature: Uint8Array): number {
  return Number(new DataView(signature.buffer, signature.byteOffset, TIME_BYTES).getBigUint64(0));
}

function verifiedSignatures(note: Uint8Array, verifier: NoteVerifier): NoteSignature[] {
  try {
    return verifyNote(parseNote(note), [verifier]).verified;
  } catch (error) {
    if (error instanceof BadNote || error instanceof UnverifiedNote) {
      throw new BadCosignature(`no cosignature of ${verifier.name}: ${error.message}`, error);
    }
    throw error;
  }
}

function isSameLine(a: NoteSignature, b: NoteSignature): boolean {
  return isByKey(a, b) && Buffer.compare(a.signature, b.signature) === 0;
}
