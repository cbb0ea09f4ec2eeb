// The rules of a sealed statement that anybody can check, without reading it: who may read it, and how long it is.
// What is inside is held to the rules by those who can open it.

import type { Handling, Sealed } from '../../proto/gen/icse/v1/entry_pb.js';
import { type Author, checkMemberCode } from './references.js';

export const MAX_READERS = 64;
/** Serialised SealedContent. */
export const MAX_CONTENT_BYTES = 2048;
/** The length tells no more than in which of these steps it lies. */
export const PADDING_BYTES = 256;
/** Of XChaCha20-Poly1305. */
export const TAG_BYTES = 16;
/** A content key of 32 bytes with a tag of 16. */
export const WRAPPED_KEY_BYTES = 48;

const KEY_BYTES = 32;
/** Padding is at least one byte. */
const MAX_PADDED_BYTES = MAX_CONTENT_BYTES + PADDING_BYTES;

/** Adds the rules that a sealed statement breaks. */
export function checkSealed(sealed: Sealed, audience: readonly string[], reasons: string[]): void {
  const { ephemeralKey, wrappedKeys, ciphertext } = sealed;
  if (ephemeralKey.length !== KEY_BYTES) {
    reasons.push(`ephemeralKey: ${ephemeralKey.length} bytes, must be ${KEY_BYTES}`);
  }
  if (wrappedKeys.length !== audience.length + 1) {
    reasons.push(
      `wrappedKeys: ${wrappedKeys.length}, must be ${audience.length + 1}: one for each reader and the author`,
    );
  }
  const wrong = wrappedKeys.find((key) => key.length !== WRAPPED_KEY_BYTES);
  if (wrong !== undefined) {
    reasons.push(`wrappedKeys: one of ${wrong.length} bytes, must be ${WRAPPED_KEY_BYTES}`);
  }
  const padded = ciphertext.length - TAG_BYTES;
  if (padded < PADDING_BYTES || padded > MAX_PADDED_BYTES || padded % PADDING_BYTES !== 0) {
    reasons.push(
      `ciphertext: ${ciphertext.length} bytes, must be ${TAG_BYTES} and 1 to ${MAX_PADDED_BYTES / PADDING_BYTES} times ${PADDING_BYTES}`,
    );
  }
}

/** Adds the rules that the audience of a sealed statement breaks: codes, ascending, at most 64, not the author. */
export function checkAudience(
  handling: Handling | undefined,
  author: Author | undefined,
  reasons: string[],
): void {
  const audience = handling?.audience ?? [];
  if (audience.length === 0) reasons.push('audience: missing; a sealed statement is for named members');
  if (audience.length > MAX_READERS) {
    reasons.push(`audience: ${audience.length} members named, must be at most ${MAX_READERS}`);
    return;
  }
  for (const [place, code] of audience.entries()) {
    const last = audience[place - 1];
    checkMemberCode('audience', code, reasons);
    if (code === author?.member) reasons.push(`audience: ${code} is the author, who can read it anyway`);
    if (code === last) reasons.push(`audience: ${code} is named twice`);
    else if (last !== undefined && code < last) reasons.push(`audience: ${code} is out of order`);
  }
}
