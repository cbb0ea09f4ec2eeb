// Signed notes, C2SP signed-note: text, an empty line, and a line for each signature.
//
//   icse/5f0c.../NL
//   70000
//   q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=
//
//   — icse/5f0c.../NL base64(4-byte key id ‖ signature)
//
// A key is told by name and id, id = SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]. Only bytes that would
// print back to themselves are a note.

import { hash } from 'node:crypto';
import { Failure } from '../failure.js';
import { type KeyPair, sign, verify } from '../keys/ed25519.js';
import { decodeBase64, encodeBase64 } from './base64.js';

/** Far more than a checkpoint with every member's receipt needs; the specification leaves the bound to us. */
export const MAX_NOTE_BYTES = 64 * 1024;

/** As golang.org/x/mod; bounds the verifying that one note can cause. */
export const MAX_NOTE_SIGNATURES = 100;

/** Ed25519 over the note's text. */
export const TYPE_ED25519 = 0x01;

/** Ed25519 over the time and the text, see cosignature.ts. */
export const TYPE_COSIGNATURE = 0x04;

const KEY_ID_BYTES = 4;
const ED25519_PUBLIC_KEY_BYTES = 32;

/** Bytes that are no note, or parts that would make none: `code` is 'bad-note'. */
export class BadNote extends Failure {
  constructor(message: string, cause?: unknown) {
    super('bad-note', message, cause);
  }
}

/** A note without a good signature by a known key, or with a wrong one: `code` is 'unverified-note'. */
export class UnverifiedNote extends Failure {
  constructor(message: string) {
    super('unverified-note', message);
  }
}

/** Text or parts that are no verifier key: `code` is 'bad-verifier-key'. */
export class BadVerifierKey extends Failure {
  constructor(message: string) {
    super('bad-verifier-key', message);
  }
}

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSigner {
  readonly name: string;
  readonly keyId: Uint8Array;
  sign(text: Uint8Array): Uint8Array;
}

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly type: number;
  readonly publicKey: Uint8Array;
}

export interface NoteVerifier extends VerifierKey {
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Splits a note into its text and signatures; nothing is verified by that. Throws BadNote. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE_BYTES) throw new BadNote(`a note has at most ${MAX_NOTE_BYTES} bytes`);
  // What decodes has no half of a surrogate pair.
  const whole = decodeUtf8(bytes);
  if (hasControlCharacter(whole)) throw new BadNote('the note has a control character');
  const blank = whole.lastIndexOf('\n\n');
  if (blank < 0) throw new BadNote('the note has no empty line between its text and its signatures');
  if (!whole.endsWith('\n')) throw new BadNote('the note does not end in a newline');
  const lines = whole.slice(blank + 2, -1).split('\n');
  if (lines.length > MAX_NOTE_SIGNATURES) {
    throw new BadNote(`a note has at most ${MAX_NOTE_SIGNATURES} signatures`);
  }
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

/** The bytes of a note: `parseNote` gives back the same parts. Throws BadNote. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): Uint8Array {
  if (!text.endsWith('\n')) throw new BadNote('the text of a note ends in a newline');
  if (signatures.length === 0) throw new BadNote('a note has at least one signature');
  if (signatures.length > MAX_NOTE_SIGNATURES) {
    throw new BadNote(`a note has at most ${MAX_NOTE_SIGNATURES} signatures`);
  }
  const whole = `${text}\n${signatures.map(formatSignatureLine).join('')}`;
  checkCharacters(whole);
  const bytes = new TextEncoder().encode(whole);
  if (bytes.length > MAX_NOTE_BYTES) throw new BadNote(`a note has at most ${MAX_NOTE_BYTES} bytes`);
  return bytes;
}

/**
 * The signatures by known keys, the first of each. Signatures by other keys are passed over; one that names
 * a known key and is wrong refuses the note, and so does a note that no known key has signed.
 * Throws UnverifiedNote.
 */
export function verifyNote(
  note: Note,
  verifiers: readonly NoteVerifier[],
): { readonly verified: NoteSignature[] } {
  const text = Buffer.from(note.text, 'utf8');
  const verified = new Map<NoteVerifier, NoteSignature>();
  for (const signature of note.signatures) {
    const verifier = verifiers.find((known) => isByKey(signature, known));
    if (verifier === undefined) continue;
    if (!verifier.verify(text, signature.signature)) {
      throw new UnverifiedNote(`the signature of ${signature.name} does not verify`);
    }
    if (!verified.has(verifier)) verified.set(verifier, signature);
  }
  if (verified.size === 0) {
    throw new UnverifiedNote(
      `there is no signature by ${verifiers.map(({ name }) => name).join(', ') || 'a known key'}`,
    );
  }
  return { verified: [...verified.values()] };
}

/** True when the line names this key; the signature may still be wrong. */
export function isByKey(
  signature: NoteSignature,
  key: { readonly name: string; readonly keyId: Uint8Array },
): boolean {
  return signature.name === key.name && Buffer.compare(signature.keyId, key.keyId) === 0;
}

/** The four bytes that tell keys of one name apart. */
export function keyIdOf(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  const input = Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.of(type), publicKey]);
  return new Uint8Array(hash('sha256', input, 'buffer').subarray(0, KEY_ID_BYTES));
}

/** Signs notes with Ed25519 (type 0x01). Throws BadVerifierKey when the name cannot stand in a note. */
export function ed25519Signer(name: string, keyPair: KeyPair): NoteSigner {
  const { keyId } = verifierKey(name, TYPE_ED25519, keyPair.publicKey);
  return { name, keyId, sign: (text) => sign(keyPair.secretKey, text) };
}

/** Verifies notes with Ed25519 (type 0x01). Throws BadVerifierKey. */
export function ed25519Verifier(name: string, publicKey: Uint8Array): NoteVerifier {
  return {
    ...verifierKey(name, TYPE_ED25519, publicKey),
    verify: (text, signature) => verify(publicKey, text, signature),
  };
}

/** The parts of a verifier key, with its id. Throws BadVerifierKey. */
export function verifierKey(name: string, type: number, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new BadVerifierKey(`${quoted(name)} is not the name of a key`);
  if (type !== TYPE_ED25519 && type !== TYPE_COSIGNATURE) {
    throw new BadVerifierKey(`keys of type ${type} are not known here`);
  }
  if (publicKey.length !== ED25519_PUBLIC_KEY_BYTES) {
    throw new BadVerifierKey(
      `an Ed25519 public key has ${ED25519_PUBLIC_KEY_BYTES} bytes, not ${publicKey.length}`,
    );
  }
  return { name, type, publicKey, keyId: keyIdOf(name, type, publicKey) };
}

/** `EnochRoot+af0cfe78+ATtqJ7zOtqQ...`: name, key id, base64(type ‖ public key). Throws BadVerifierKey. */
export function formatVerifierKey(name: string, type: number, publicKey: Uint8Array): string {
  const { keyId } = verifierKey(name, type, publicKey);
  const key = encodeBase64(Buffer.concat([Buffer.of(type), publicKey]));
  return `${name}+${Buffer.from(keyId).toString('hex')}+${key}`;
}

/** Reads what `formatVerifierKey` prints; the id must be that of name and key. Throws BadVerifierKey. */
export function parseVerifierKey(vkey: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})$/.exec(vkey);
  if (match === null) throw new BadVerifierKey(`${quoted(vkey)} is not a verifier key: NAME+ID+KEY`);
  const [, name, keyId, base64] = match as unknown as [string, string, string, string];
  const bytes = decodeBase64(base64);
  const type = bytes?.[0];
  if (bytes === undefined || type === undefined) {
    throw new BadVerifierKey(`the key of ${name} is not canonical base64`);
  }
  const key = verifierKey(name, type, bytes.subarray(1));
  if (Buffer.from(key.keyId).toString('hex') !== keyId) {
    throw new BadVerifierKey(`the verifier key of ${name} has another id than its own`);
  }
  return key;
}

function parseSignatureLine(line: string): NoteSignature {
  const match = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
  if (match === null) throw new BadNote(`${quoted(line)} is not a signature line`);
  const [, name, base64] = match as unknown as [string, string, string];
  if (!isKeyName(name)) throw new BadNote(`${quoted(name)} is not the name of a key`);
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw new BadNote(`the signature of ${name} is not canonical base64`);
  if (bytes.length <= KEY_ID_BYTES) throw new BadNote(`the signature of ${name} is too short`);
  return { name, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw new BadNote(`${quoted(name)} is not the name of a key`);
  if (keyId.length !== KEY_ID_BYTES) throw new BadNote(`a key id has ${KEY_ID_BYTES} bytes`);
  if (signature.length === 0) throw new BadNote(`the signature of ${name} is empty`);
  return `\u2014 ${name} ${encodeBase64(Buffer.concat([keyId, signature]))}\n`;
}

/** Non-empty, without spaces of any script, control characters and plus signs. */
function isKeyName(name: string): boolean {
  if (/^[\x21-\x2a\x2c-\x7e]+$/.test(name)) return true;
  return name !== '' && !/[\p{White_Space}\p{Surrogate}+]/u.test(name) && !hasControlCharacter(name);
}

function checkCharacters(text: string): void {
  if (hasControlCharacter(text)) throw new BadNote('the note has a control character');
  if (/\p{Surrogate}/u.test(text))
    throw new BadNote('the note has half a surrogate pair, which has no UTF-8');
}

/** Those below U+0020 other than newline, as the specification has it. */
function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new BadNote('the note is not UTF-8', error);
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
