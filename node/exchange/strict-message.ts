// What is held to its form before anything is done with it, kept or written into the journal: one encoding for each
// message, no field that is not in the contract, and a pattern for every string. So there is no place for free text.

import type { Message as AnyMessage } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Envelope,
  EnvelopeSchema,
  type Message,
  MessageSchema,
  type Want,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { Failure } from '../failure.js';
import { parseLogName, parseMemberCode } from '../names.js';
import { canonicalScanner } from '../statements/canonical.js';
import { MAX_EXCEPT } from './messages.js';
import { isPlainReason, Refusal } from './refusal.js';

const scanMessage = canonicalScanner(MessageSchema);
const scanEnvelope = canonicalScanner(EnvelopeSchema);

/**
 * Elements of lists in one envelope and, counted apart, in the messages of one frame. A frame of 1 MiB that is full
 * of holes, the smallest that are sent (46 bytes, and 2 in the place of the entry), has some 44,000.
 */
const MAX_ELEMENTS = 64 * 1024;

/** The envelope that the bytes are, looked through before anything is made of it. Throws Refusal PROTOCOL. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  try {
    scanEnvelope(bytes, MAX_ELEMENTS);
    return fromBinary(EnvelopeSchema, bytes);
  } catch (error) {
    const why = error instanceof Failure ? `: ${error.message}` : '';
    throw new Refusal(ByeCode.PROTOCOL, `an envelope cannot be read${why}`, error);
  }
}

/** The messages of a frame. Throws Refusal PROTOCOL. */
export function readMessages(all: readonly Uint8Array[]): Message[] {
  let left = MAX_ELEMENTS;
  return all.map((bytes) => {
    const { message, elements } = read(bytes, left);
    left -= elements;
    return message;
  });
}

/** The message that the bytes are. Throws Refusal PROTOCOL. */
export function readMessage(bytes: Uint8Array): Message {
  return read(bytes, MAX_ELEMENTS).message;
}

function read(bytes: Uint8Array, maxElements: number): { message: Message; elements: number } {
  try {
    const elements = scanMessage(bytes, maxElements);
    const message = fromBinary(MessageSchema, bytes);
    checkStrings(message.content);
    return { message, elements };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const why = error instanceof Failure ? `: ${error.message}` : '';
    throw new Refusal(ByeCode.PROTOCOL, `a message in a frame cannot be read${why}`, error);
  }
}

/** What an envelope brings is of the contract: nothing beside it. Throws Refusal PROTOCOL. */
export function checkEnvelope(envelope: Envelope): void {
  refuseUnknown(envelope);
  if (envelope.content.value !== undefined) refuseUnknown(envelope.content.value);
}

/** Throws Refusal PROTOCOL when the message, not those inside it, has fields that are not known. */
function refuseUnknown(message: AnyMessage): void {
  if ((message.$unknown?.length ?? 0) > 0)
    throw new Refusal(ByeCode.PROTOCOL, `${message.$typeName} has a field that is not in the contract`);
}

function checkStrings(content: Message['content']): void {
  switch (content.case) {
    case 'heads':
      for (const head of content.value.heads) parseLogName(head.log);
      return;
    case 'want':
      checkWant(content.value.scope);
      return;
    case 'receipt':
    case 'purgedUpTo':
      parseLogName(content.value.log);
      parseMemberCode(content.value.by);
      return;
    case 'segment':
    case 'ack':
    case 'fault':
    case 'divergence':
      parseLogName(content.value.log);
      return;
    case 'bye':
      if (!isPlainReason(content.value.reason))
        throw new Refusal(ByeCode.PROTOCOL, 'the reason of a Bye is not one plain sentence');
      return;
    default:
      return;
  }
}

function checkWant(scope: Want['scope']): void {
  switch (scope.case) {
    case 'follow':
      if (scope.value.except.length > MAX_EXCEPT)
        throw new Refusal(ByeCode.PROTOCOL, `a Follow excepts more than ${MAX_EXCEPT} logs`);
      for (const log of scope.value.except) parseLogName(log);
      return;
    case 'onward':
    case 'ranges':
    case 'stop':
      parseLogName(scope.value.log);
      return;
    default:
      return;
  }
}
