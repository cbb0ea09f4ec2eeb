// Why a stream is refused or ended: a code and one sentence, which the peer gets too.

import { ByeCode } from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';

/** All that a peer is told of what is not its affair. */
export const INTERNAL_ERROR = 'an internal error; see the log of the node';

/** Ends a stream; the peer is told code and sentence. */
export class Refusal extends Failure {
  readonly bye: ByeCode;
  /** True when the other side said it. */
  readonly fromPeer: boolean;

  constructor(bye: ByeCode, message: string, cause?: unknown, fromPeer = false) {
    super(byeName(bye), message, cause);
    this.bye = bye;
    this.fromPeer = fromPeer;
  }
}

/** `second-instance` for SECOND_INSTANCE. */
export function byeName(code: ByeCode): string {
  return (ByeCode[code] ?? 'unspecified').toLowerCase().replaceAll('_', '-');
}

/** What is told to a peer about any error: never more than a Refusal's own words. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Failure) return new Refusal(ByeCode.PROTOCOL, error.message, error);
  return new Refusal(ByeCode.INTERNAL, INTERNAL_ERROR, error);
}

/** Longest reason on the wire, in bytes. */
const MAX_REASON = 512;

/** A sentence cut and cleaned for the wire, or for our log when it came from there: printable ASCII. */
export function plainReason(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON);
}

/** True for a sentence as `plainReason` makes them. */
export function isPlainReason(text: string): boolean {
  return text.length <= MAX_REASON && /^[\x20-\x7e]*$/.test(text);
}
