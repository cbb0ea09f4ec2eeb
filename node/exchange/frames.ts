// Frames: numbered, signed bundles of messages (one signature a frame, not a message). The signature covers
// the list of the messages' hashes, so that what was said can be shown later without the messages themselves.
//
//   text = "icse/frame/v1\n" ‖ session id (32) ‖ sequence (8, big-endian) ‖ SHA-256(SHA-256(m1) ‖ SHA-256(m2) ...)

import { createHash, hash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Frame,
  FrameSchema,
  type Message,
  MessageSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { sign, verify } from '../keys/ed25519.js';
import { Refusal } from './refusal.js';
import { readMessages } from './strict-message.js';

const LABEL = Buffer.from('icse/frame/v1\n');
/** Messages of one frame, written or read: some 10 ms of work at most for small ones, in which nobody else is heard. */
export const MAX_MESSAGES = 1024;

/** What of a frame is kept for the record. */
export interface FrameRecord {
  readonly sequence: number;
  readonly hashes: Uint8Array;
  readonly signature: Uint8Array;
}

/** The run of a log that a segment brings. */
export interface SaidRun {
  readonly log: string;
  readonly from: number;
  readonly entries: number;
  readonly fill: boolean;
}

/** A message as it stands in a frame; of a segment, which run it brings, so that nobody has to read it again. */
export interface SaidMessage {
  readonly bytes: Uint8Array;
  readonly run: SaidRun | undefined;
}

export interface FrameWriter {
  /** Puts messages, serialised, into the next frame and signs it. */
  write(messages: Uint8Array[]): { frame: Frame; record: FrameRecord };
}

export interface FrameReader {
  /**
   * The messages of the next frame. Throws Refusal PROTOCOL on a gap or repeat or a message out of form, SIGNATURE on
   * a bad signature.
   */
  read(frame: Frame): { messages: Message[]; record: FrameRecord };
}

/** Frames in the sending direction of one session; `secretKey` is the sender's session key. */
export function createFrameWriter(sessionId: Uint8Array, secretKey: Uint8Array): FrameWriter {
  let next = 0;
  return {
    write(messages) {
      const sequence = next++;
      const hashes = hashList(messages);
      const signature = sign(secretKey, signedText(sessionId, sequence, hashes));
      const frame = create(FrameSchema, { sequence: BigInt(sequence), messages, signature });
      return { frame, record: { sequence, hashes, signature } };
    },
  };
}

/** Frames in the receiving direction of one session; `publicKey` is the sender's session key. */
export function createFrameReader(sessionId: Uint8Array, publicKey: Uint8Array): FrameReader {
  let next = 0;
  return {
    read(frame) {
      if (frame.sequence !== BigInt(next)) {
        throw new Refusal(ByeCode.PROTOCOL, `frame ${frame.sequence} came where ${next} was due`);
      }
      if (frame.messages.length > MAX_MESSAGES) {
        throw new Refusal(ByeCode.TOO_LARGE, `a frame has at most ${MAX_MESSAGES} messages`);
      }
      const hashes = hashList(frame.messages);
      if (!verify(publicKey, signedText(sessionId, next, hashes), frame.signature)) {
        throw new Refusal(ByeCode.SIGNATURE, `the signature of frame ${next} is not the peer's`);
      }
      const record = { sequence: next++, hashes, signature: frame.signature };
      return { messages: readMessages(frame.messages), record };
    },
  };
}

/** A message as it stands in a frame. */
export function encodeMessage(content: Message['content']): Uint8Array {
  return toBinary(MessageSchema, create(MessageSchema, { content }));
}

/** The message of the bytes, when it says this. */
export function saidMessage(bytes: Uint8Array, content: Message['content']): SaidMessage {
  if (content.case !== 'segment') return { bytes, run: undefined };
  const { log, from, entries, fill } = content.value;
  return { bytes, run: { log, from: Number(from), entries: entries.length, fill } };
}

function hashList(messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(messages.map((message) => hash('sha256', message, 'buffer')));
}

function signedText(sessionId: Uint8Array, sequence: number, hashes: Uint8Array): Uint8Array {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  const list = createHash('sha256').update(hashes).digest();
  return Buffer.concat([LABEL, sessionId, number, list]);
}
