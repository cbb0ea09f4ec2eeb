// What waits to go out on a link, and how it goes into frames: acknowledgements and other small messages before
// segments, as many to a frame as are ready, one frame after the other (the wire's back-pressure is honoured).

import { create } from '@bufbuild/protobuf';
import { ByeCode, type Envelope, EnvelopeSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import {
  encodeMessage,
  type FrameRecord,
  type FrameWriter,
  MAX_MESSAGES,
  type SaidMessage,
  saidMessage,
} from './frames.js';
import type { Content } from './messages.js';
import { Refusal } from './refusal.js';
import type { Wire } from './wire.js';

/** Messages of one frame: a segment of full size and small ones beside it. */
const FRAME_BYTES = 1024 * 1024;
/** Segments that many peers are sent are encoded once. */
const encodedSegments = new WeakMap<object, Uint8Array>();
/** What waits to go out: the window of segments, and more small messages than any honest peer lets wait. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** What a message costs in memory beside its bytes: a peer can ask for answers of a few bytes each. */
const MESSAGE_COST_BYTES = 256;
/** A frame that the peer has not taken for so long: 1 MiB at 17 kB/s, less than any line that carries a federation. */
export const SEND_MS = 60_000;

export interface FrameQueue {
  /** Takes the message. Throws Refusal TOO_LARGE when the peer takes nothing of what waits already. */
  add(content: Content): void;
  /** Takes the last message, whatever waits. */
  addLast(content: Content): void;
  /** Resolves when nothing waits any more. Rejects once the stream is broken. */
  flush(): Promise<void>;
}

/** `onFrame` hears of each frame before it goes, for the record. */
export function createFrameQueue(
  wire: Wire,
  writer: FrameWriter,
  clock: Clock,
  onFrame: (record: FrameRecord, messages: readonly SaidMessage[]) => void,
): FrameQueue {
  const urgent: SaidMessage[] = [];
  const bulk: SaidMessage[] = [];
  let queuedBytes = 0;
  let flushing: Promise<void> | undefined;

  async function flushQueues(): Promise<void> {
    // In a microtask, so that what is said in one turn goes into one frame.
    await Promise.resolve();
    try {
      while (urgent.length + bulk.length > 0) {
        const messages = nextFrame();
        const { frame, record } = writer.write(messages.map(({ bytes }) => bytes));
        onFrame(record, messages);
        await sendInTime(create(EnvelopeSchema, { content: { case: 'frame', value: frame } }));
      }
    } finally {
      // At once after the queues were found empty: what is said from here on starts the next flush.
      flushing = undefined;
    }
  }

  /** A peer whose machine answers and which reads nothing would hold its place, and what waits for it, for good. */
  async function sendInTime(envelope: Envelope): Promise<void> {
    const cancel = clock.after(SEND_MS, () => wire.destroy());
    try {
      await wire.send(envelope);
    } finally {
      cancel();
    }
  }

  /** What is ready, acknowledgements and other small messages before segments. */
  function nextFrame(): SaidMessage[] {
    const messages: SaidMessage[] = [];
    let sizeBytes = 0;
    for (const queue of [urgent, bulk]) {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        const { length } = next.bytes;
        if (messages.length > 0 && (sizeBytes + length > FRAME_BYTES || messages.length >= MAX_MESSAGES))
          return messages;
        sizeBytes += length;
        messages.push(next);
        queue.shift();
        queuedBytes -= length + MESSAGE_COST_BYTES;
      }
    }
    return messages;
  }

  function encoded(content: Content): SaidMessage {
    const bytes = content.case === 'segment' ? encodedOnce(content) : encodeMessage(content);
    queuedBytes += bytes.length + MESSAGE_COST_BYTES;
    return saidMessage(bytes, content);
  }

  return {
    add(content) {
      const message = encoded(content);
      if (queuedBytes > MAX_QUEUED_BYTES) {
        throw new Refusal(ByeCode.TOO_LARGE, `${wire.peer.member} takes nothing of what it is told`);
      }
      (content.case === 'segment' ? bulk : urgent).push(message);
    },
    addLast(content) {
      urgent.push(encoded(content));
    },
    flush() {
      flushing ??= flushQueues();
      return flushing;
    },
  };
}

function encodedOnce(content: Extract<Content, { case: 'segment' }>): Uint8Array {
  const bytes = encodedSegments.get(content.value) ?? encodeMessage(content);
  encodedSegments.set(content.value, bytes);
  return bytes;
}
