// Why an enrolment or renewal is refused: a stable code and one sentence, carried to the member as the status of
// the call ('icse-code' among its trailers) and made an error again there.

import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { plainReason } from '../exchange/refusal.js';
import { Failure } from '../failure.js';

const CODE_TRAILER = 'icse-code';
const CODE = /^[a-z][a-z-]{1,39}$/;

/** The hub does not enrol or renew, and says why. */
export class EnrolmentRefused extends Failure {}

/** The hub gives no answer: `code` is 'hub-unreachable'. */
export class HubUnreachable extends Failure {
  constructor(address: string, cause: Partial<ServiceError>) {
    super(
      'hub-unreachable',
      `the hub's enrolment at ${address} does not answer: ${plainReason(cause.details ?? '')}`,
      cause,
    );
  }
}

/** A refusal as the status of a call; anything but a Failure is the hub's own affair. */
export function statusOf(error: unknown): Partial<ServiceError> {
  const metadata = new Metadata();
  if (!(error instanceof Failure)) {
    metadata.set(CODE_TRAILER, 'internal');
    return {
      code: status.INTERNAL,
      details: 'an error inside the hub; its operator finds it in the log',
      metadata,
    };
  }
  metadata.set(CODE_TRAILER, error.code);
  return { code: status.FAILED_PRECONDITION, details: plainReason(error.message), metadata };
}

/** What a failed call means to the caller. */
export function errorOfStatus(address: string, error: Partial<ServiceError>): Failure {
  const code = error.metadata?.get(CODE_TRAILER)[0];
  if (typeof code !== 'string' || !CODE.test(code)) return new HubUnreachable(address, error);
  return new EnrolmentRefused(code, `the hub refuses: ${plainReason(error.details ?? '')}`, error);
}
