// Which statement an entry makes, told from its first bytes, without decoding the rest: for the few questions that
// are asked of every entry. The bytes are canonical (canonical.ts), so the fields stand in their order.
//
//   0a 10 <16 bytes>  10 01  18 <varint>  22 <length> <handling>  62 ...     a Retraction, field 12

const SALT = 0x0a;
const SCHEMA = 0x10;
const MADE_AT = 0x18;
const HANDLING = 0x22;
/** Tags of Entry (field number times 8, plus wire type 2). */
const MEDIA_RECORD = 0x42;
const EVENT = 0x4a;
const LINK = 0x52;
const RETRACTION = 0x62;
const SEALED = 0x6a;

/** True for the canonical bytes of an entry that is a MediaRecord. */
export function isMediaRecord(bytes: Uint8Array): boolean {
  return statementTag(bytes) === MEDIA_RECORD;
}

/** True for the canonical bytes of an entry that is an IdentificationEvent. */
export function isEvent(bytes: Uint8Array): boolean {
  return statementTag(bytes) === EVENT;
}

/** True for the canonical bytes of an entry that is a Link. */
export function isLink(bytes: Uint8Array): boolean {
  return statementTag(bytes) === LINK;
}

/** True for the canonical bytes of an entry that is a Retraction. */
export function isRetraction(bytes: Uint8Array): boolean {
  return statementTag(bytes) === RETRACTION;
}

/** True for the canonical bytes of an entry that is Sealed. */
export function isSealed(bytes: Uint8Array): boolean {
  return statementTag(bytes) === SEALED;
}

/** The first byte of the statement's tag; undefined when there is none. */
function statementTag(bytes: Uint8Array): number | undefined {
  let at = 0;
  if (bytes[at] === SALT) at += 2 + (bytes[at + 1] as number);
  if (bytes[at] === SCHEMA) at = afterVarint(bytes, at + 1);
  if (bytes[at] === MADE_AT) at = afterVarint(bytes, at + 1);
  if (bytes[at] === HANDLING) {
    const end = afterVarint(bytes, at + 1);
    at = end + varint(bytes, at + 1);
  }
  return bytes[at];
}

function afterVarint(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] as number) >= 0x80) at++;
  return at + 1;
}

/** A length that is below 2^28. */
function varint(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}
