// A liar at its own end of a stream: the node behind it is honest, and what it says is altered on its way out, signed
// again with the liar's session key, so that each receiver has the liar's word for it.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createFrameWriter, type FrameWriter } from '../../node/exchange/frames.js';
import { sessionIdOf } from '../../node/exchange/handshake.js';
import type { Wire } from '../../node/exchange/wire.js';
import { type LogName, LYON, type MemberCode } from '../../node/names.js';
import {
  type Envelope,
  EnvelopeSchema,
  type Frame,
  type Hello,
  type Message,
  MessageSchema,
  type Open,
  type Segment,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { alterEntry, alterProof, falseFault, forgeCheckpoint } from './altering.js';
import { type LieKind, watchLies } from './caught-lies.js';
import type { Chance } from './chance.js';
import type { Federation } from './federation.js';
import type { Host } from './network.js';

const KINDS: readonly LieKind[] = [
  'altered segment',
  'wrong proof',
  'forged checkpoint',
  'forged frame',
  'replayed frame',
  'false fault',
];

/** A lie in so many frames, one in so many. */
const RATE = 0.06;

/** Writes the frames of one session. */
interface Pen {
  readonly sessionId: Uint8Array;
  readonly writer: FrameWriter;
}

/** Makes the member lie on all its streams from now on; returns how to have no more lies. */
export function lieOnWires(federation: Federation, liar: MemberCode, chance: Chance): () => void {
  const { ledger } = federation;
  const isLie = watchLies(federation, liar);
  let isLying = true;
  ledger.dishonest.add(liar);

  /** The frames that go out in place of one. */
  async function framesFor(frame: Frame, pen: Pen): Promise<Frame[]> {
    const messages = frame.messages.map((bytes) => fromBinary(MessageSchema, bytes));
    const kinds = liar === LYON ? [...KINDS, 'withheld entries' as const] : KINDS;
    const kind = isLying && chance.happens(RATE) ? chance.pick(kinds) : undefined;
    const { sessionId } = pen;
    if (kind === 'forged frame') {
      const forged = written(messages, pen);
      const at = chance.int(0, 63);
      // One bit: a byte of its own choice could be the one that stood there.
      forged.signature[at] = (forged.signature[at] as number) ^ (1 << (at % 8));
      isLie(forged, { kind, sessionId });
      return [forged];
    }
    if (kind === 'replayed frame') {
      const honest = written(messages, pen);
      isLie(honest, { kind, sessionId });
      return [honest, honest];
    }
    const at = messages.findIndex(({ content }) => content.case === 'segment' && !content.value.fill);
    const content = messages[at]?.content;
    if (kind === undefined || content?.case !== 'segment') return [written(messages, pen)];
    if (kind === 'withheld entries') {
      ledger.happened('withheld entries');
      return [written(messages.toSpliced(at, 1), pen)];
    }
    const segment = content.value;
    if (kind === 'false fault') messages.push(falseFault(segment, chance));
    else await alter(kind, segment);
    const [log, from] = [segment.log as LogName, Number(segment.from)];
    const lie = written(messages, pen);
    isLie(lie, { kind, sessionId, about: { log, from, end: from + segment.entries.length } });
    return [lie];
  }

  async function alter(kind: LieKind, segment: Segment): Promise<void> {
    const log = federation.nodes.get(liar)?.logs.get(segment.log as LogName);
    if (kind === 'altered segment') alterEntry(segment, chance);
    else if (kind === 'wrong proof' || log === undefined) alterProof(segment, chance);
    else await forgeCheckpoint(segment, log, chance);
  }

  federation.tamper = (host) =>
    host.member === liar ? (wire) => lyingWire(wire, host, framesFor, federation) : undefined;
  return () => {
    isLying = false;
  };
}

function written(messages: readonly Message[], { writer }: Pen): Frame {
  return writer.write(messages.map((message) => toBinary(MessageSchema, message))).frame;
}

/** Learns the session's id from the handshake that passes, and then writes every frame anew. */
function lyingWire(
  wire: Wire,
  host: Host,
  framesFor: (frame: Frame, pen: Pen) => Promise<Frame[]>,
  federation: Federation,
): Wire {
  let open: Open | undefined;
  let [sent, heard]: (Hello | undefined)[] = [undefined, undefined];
  let isDialler = false;
  let pen: Pen | undefined;

  function pass(content: Envelope['content'], isOurs: boolean): void {
    if (content.case === 'open') {
      open = content.value;
      isDialler = isOurs;
    } else if (content.case === 'hello') {
      if (isOurs) sent = content.value;
      else heard = content.value;
    }
  }

  return {
    ...wire,
    async send(envelope) {
      const { content } = envelope;
      pass(content, true);
      if (content.case !== 'frame' || open === undefined || sent === undefined || heard === undefined)
        return wire.send(envelope);
      const secret = federation.homes.get(host.member)?.secrets.session.secretKey as Uint8Array;
      const sessionId = isDialler ? sessionIdOf(open, heard, sent) : sessionIdOf(open, sent, heard);
      pen ??= { sessionId, writer: createFrameWriter(sessionId, secret) };
      for (const frame of await framesFor(content.value, pen)) {
        await wire.send(create(EnvelopeSchema, { content: { case: 'frame', value: frame } }));
      }
    },
    async *receive() {
      for await (const envelope of wire.receive()) {
        pass(envelope.content, false);
        yield envelope;
      }
    },
  };
}
