// Proof that a log's author has forked it: two checkpoints that it signed, and an RFC 6962 consistency proof
// which shows that the tree of the larger has another root at the size of the smaller. Anyone can check it
// offline with the author's public key alone.

import type { Fault } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import type { LogName } from '../names.js';
import { openCheckpoint } from '../tlog/checkpoint.js';
import { ed25519Verifier } from '../tlog/note.js';
import { verifyConsistency } from '../tlog/proof.js';

/** A fault that proves nothing: code 'not-a-fork'. */
export class NotAFork extends Failure {
  constructor(message: string, cause?: unknown) {
    super('not-a-fork', message, cause);
  }
}

/**
 * Checks that the fault proves a fork of `log` by the holder of the 32-byte public key.
 * Returns the sizes of the two heads; throws NotAFork.
 */
export function verifyFork(log: LogName, key: Uint8Array, fault: Fault): { first: number; second: number } {
  if (fault.log !== log) throw new NotAFork(`the fault is about ${fault.log}, not ${log}`);
  const verifier = ed25519Verifier(log, key);
  let first: ReturnType<typeof openCheckpoint>;
  let second: typeof first;
  try {
    first = openCheckpoint(fault.first, verifier);
    second = openCheckpoint(fault.second, verifier);
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
  return { first: first.size, second: second.size };
}
