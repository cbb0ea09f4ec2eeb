// Receipts: this node's cosignatures on the tree heads of others (C2SP tlog-cosignature), and those of others
// that it has heard. A receipt says: every leaf hash up to this size is on my disk, and the bytes due to me,
// except the holes listed. It is signed only after the log is on disk, and at most once a second a log.

import { create } from '@bufbuild/protobuf';
import { type Receipt, ReceiptSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { KeyPair } from '../keys/ed25519.js';
import { safeSize } from '../log/item.js';
import type { Log } from '../log/log.js';
import { type FederationId, type LogName, type MemberCode, parseMemberCode } from '../names.js';
import type { RegistryState } from '../registry/state.js';
import { hubKeys } from '../registry/state.js';
import { openCheckpoint, type TreeHead } from '../tlog/checkpoint.js';
import { cosign, cosignatureVerifier, readCosignature } from '../tlog/cosignature.js';
import { ed25519Verifier, formatNote, type NoteVerifier, parseNote, verifyNote } from '../tlog/note.js';
import type { Evidence } from './evidence-book.js';

/** Holes named in one receipt; a node that lacks more confirms nothing, and `status` shows its trouble. */
const MAX_HOLES = 1000;

/** A receipt as it is kept: the author's note with one cosignature line. */
export interface KeptReceipt extends Evidence {
  /** POSIX seconds at the signer. */
  readonly time: number;
  readonly note: Uint8Array;
  readonly holes: readonly number[];
}

/** The cosigner's name in notes. */
export function receiptKeyName(federation: FederationId, member: MemberCode): string {
  return `icse/${federation}/${member}/receipt`;
}

/** A receipt for the log as it is on disk; undefined while it does not stand at a checkpoint, or has too many holes. */
export async function giveReceipt(
  log: Log,
  federation: FederationId,
  me: MemberCode,
  receiptKey: KeyPair,
  nowMs: number,
): Promise<Receipt | undefined> {
  const { settled } = log;
  if (settled === undefined || settled.size !== log.size) return undefined;
  const cosigner = { name: receiptKeyName(federation, me), keyPair: receiptKey };
  const holes = await log.listDueHoles(MAX_HOLES + 1);
  // One that left out some of them would claim their bytes.
  if (holes.length > MAX_HOLES) return undefined;
  return create(ReceiptSchema, {
    log: log.name,
    note: cosign(settled.note, cosigner, Math.floor(nowMs / 1000)),
    by: me,
    holes: holes.map((hole) => hole.index),
  });
}

/**
 * Checks a receipt against the registry: the author's signature and the cosignature. Throws the note's error
 * when either is not what it claims.
 */
export function readReceipt(receipt: Receipt, registry: RegistryState): KeptReceipt {
  const log = receipt.log as LogName;
  const by = parseMemberCode(receipt.by);
  const logKey = registry.logs.get(log)?.key ?? hubKeys(registry)?.log ?? new Uint8Array(32);
  const receiptKey = registry.members.get(by)?.keys.receipt ?? new Uint8Array(32);
  const author = verifyingOnce(ed25519Verifier(log, logKey));
  const cosigner = verifyingOnce(cosignatureVerifier(receiptKeyName(registry.federation, by), receiptKey));
  const head: TreeHead = openCheckpoint(receipt.note, author);
  const { time } = readCosignature(receipt.note, cosigner);
  const holes = receipt.holes.map(safeSize);
  if (holes.length > MAX_HOLES || holes.some((hole) => hole >= head.size)) {
    throw new Failure(
      'bad-receipt',
      `a receipt of ${by} names more holes than ${MAX_HOLES}, or none of this log`,
    );
  }
  // Nothing is kept or passed on but these two lines: others could carry anything.
  const note = parseNote(receipt.note);
  const lines = verifyNote(note, [author, cosigner]).verified;
  return { log, by, size: head.size, time, note: formatNote(note.text, lines), holes };
}

/** Remembers what it was last asked: a note's lines are looked at more than once, and a signature is dear. */
function verifyingOnce(verifier: NoteVerifier): NoteVerifier {
  let last:
    | { readonly text: Uint8Array; readonly signature: Uint8Array; readonly isGood: boolean }
    | undefined;
  return {
    ...verifier,
    verify(text, signature) {
      if (last === undefined || !isSame(last.text, text) || !isSame(last.signature, signature)) {
        last = { text, signature, isGood: verifier.verify(text, signature) };
      }
      return last.isGood;
    },
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The receipt for the wire again. */
export function receiptMessage({ log, by, note, holes }: KeptReceipt): Receipt {
  return create(ReceiptSchema, { log, by, note, holes: holes.map(BigInt) });
}
