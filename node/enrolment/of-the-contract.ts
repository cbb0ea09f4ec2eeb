// What a call carries is of the contract, at every depth: a field that is not in it could carry anything.

import { isMessage, type Message } from '@bufbuild/protobuf';
import { EnrolmentRefused } from './refused.js';

/** The message as it is. Throws EnrolmentRefused 'malformed' when it has a field that is not known here. */
export function ofTheContract<Content extends Message>(message: Content): Content {
  if ((message.$unknown?.length ?? 0) > 0) {
    throw new EnrolmentRefused('malformed', `${message.$typeName} has a field that is not in the contract`);
  }
  for (const value of Object.values(message)) {
    for (const part of Array.isArray(value) ? value : [value]) if (isMessage(part)) ofTheContract(part);
  }
  return message;
}
