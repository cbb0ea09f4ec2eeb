// Proof that a log's author has forked it: two checkpoints that it signed, and an RFC 6962 consistency proof
// which shows that the tree of the larger has another root at the size of the smaller. Anyone can check it
// offline with the author's public keys alone.

import { create } from '@bufbuild/protobuf';
import { type Divergence, type Fault, FaultSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { BadCheckpoint } from '../tlog/checkpoint.js';
import { verifyConsistency } from '../tlog/proof.js';
import { type KeysAt, openAuthorNote } from './author-note.js';
import type { SignedHead } from './log-state.js';

/** A fault that proves nothing: code 'not-a-fork'. */
export class NotAFork extends Failure {
  constructor(message: string, cause?: unknown) {
    super('not-a-fork', message, cause);
  }
}

/**
 * Checks that the fault proves a fork of `log` by whoever held the keys that it had.
 * Returns the sizes of the two heads; throws NotAFork.
 */
export function verifyFork(log: LogName, keysAt: KeysAt, fault: Fault): { first: number; second: number } {
  const { first, second } = forkedHeads(log, keysAt, fault);
  return { first: first.size, second: second.size };
}

/**
 * The fault with what proves it and nothing else: what a peer may have put beside it is neither kept nor passed
 * on. Throws NotAFork when it proves nothing.
 */
export function provenFault(log: LogName, keysAt: KeysAt, fault: Fault): Fault {
  const { first, second } = forkedHeads(log, keysAt, fault);
  const notes = { log, first: first.note, second: second.note };
  if (first.size === second.size) return create(FaultSchema, notes);
  return create(FaultSchema, {
    ...notes,
    firstRoot: new Uint8Array(fault.firstRoot),
    proof: fault.proof.map((hash) => new Uint8Array(hash)),
  });
}

/** True when whoever held the keys of the log has signed a tree that has this root at this size. */
export function isSigned(
  log: LogName,
  keysAt: KeysAt,
  { size, root, checkpoint, proof }: Divergence,
): boolean {
  try {
    const head = openAuthorNote(log, checkpoint, keysAt);
    return verifyConsistency(Number(size), head.size, root, head.root, proof);
  } catch (error) {
    if (error instanceof BadCheckpoint) return false;
    throw error;
  }
}

function forkedHeads(
  log: LogName,
  keysAt: KeysAt,
  fault: Fault,
): { readonly first: SignedHead; readonly second: SignedHead } {
  if (fault.log !== log) throw new NotAFork(`the fault is about ${fault.log}, not ${log}`);
  let first: SignedHead;
  let second: SignedHead;
  try {
    first = openAuthorNote(log, fault.first, keysAt);
    second = openAuthorNote(log, fault.second, keysAt);
  } catch (error) {
    throw new NotAFork(
      `a checkpoint is not its author's: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
  if (first.size > second.size) throw new NotAFork('the larger checkpoint stands first');
  const root = first.size === second.size ? second.root : fault.firstRoot;
  if (Buffer.compare(root, first.root) === 0) throw new NotAFork('both checkpoints agree');
  if (!verifyConsistency(first.size, second.size, root, second.root, fault.proof)) {
    throw new NotAFork('the consistency proof does not verify');
  }
  return { first, second };
}
