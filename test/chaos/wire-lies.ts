// A liar at its own end of a stream: the node behind it is honest, and what it says is altered on its way out, signed
// again with the liar's session key, so that each receiver has the liar's word for it. A lie counts as told when it
// has arrived where it matters, and as caught when the receiver ends the stream for it.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ExchangeEvent } from '../../node/exchange/exchange.js';
import { createFrameWriter, type FrameWriter } from '../../node/exchange/frames.js';
import { sessionIdOf } from '../../node/exchange/handshake.js';
import type { Wire } from '../../node/exchange/wire.js';
import { type LogName, LYON, type MemberCode } from '../../node/names.js';
import {
  type Envelope,
  EnvelopeSchema,
  FaultSchema,
  type Frame,
  type Hello,
  type Message,
  MessageSchema,
  type Open,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Chance } from './chance.js';
import type { Federation } from './federation.js';
import type { Host } from './network.js';
import type { SimulatedNode } from './simulated-node.js';

export type LieKind =
  | 'altered segment'
  | 'wrong proof'
  | 'forged frame'
  | 'replayed frame'
  | 'false fault'
  | 'withheld entries';

/** How the receiver must end the stream. */
const CODES: Readonly<Record<LieKind, readonly string[]>> = {
  'altered segment': ['proof'],
  'wrong proof': ['proof'],
  'forged frame': ['signature', 'protocol'],
  'replayed frame': ['protocol'],
  'false fault': ['proof'],
  'withheld entries': [],
};

/** A lie in so many frames, one in so many. */
const RATE = 0.06;

interface Lie {
  readonly kind: LieKind;
  /** What the lie is about: it matters only to who lacks it. */
  readonly about: { log: LogName; end: number } | undefined;
}

interface Outstanding extends Lie {
  readonly receiver: SimulatedNode;
}

export interface WireLiar {
  /** No more lies. */
  repent(): void;
  /** Judges what is left, when nothing can happen any more. */
  judge(): void;
}

/** Makes the member lie on all its streams from now on. */
export function lieOnWires(federation: Federation, liar: MemberCode, chance: Chance): WireLiar {
  const { ledger } = federation;
  /** By the signature of the frame: times that it is still to arrive before it is a lie. */
  const underway = new Map<string, Lie>();
  const arrived = new Set<string>();
  /** By signature, how often a frame may still be found good. */
  const mayBeTaken = new Map<string, { kind: LieKind; times: number }>();
  let outstanding: Outstanding[] = [];
  let isLying = true;
  ledger.dishonest.add(liar);

  function kinds(): LieKind[] {
    const all: LieKind[] = [
      'altered segment',
      'wrong proof',
      'forged frame',
      'replayed frame',
      'false fault',
    ];
    return liar === LYON ? [...all, 'withheld entries'] : all;
  }

  /** The frames that go out in place of one. */
  function told(frame: Frame, writer: FrameWriter): Frame[] {
    const messages = frame.messages.map((bytes) => fromBinary(MessageSchema, bytes));
    const kind = isLying && chance.happens(RATE) ? chance.pick(kinds()) : undefined;
    const at = messages.findIndex(({ content }) => content.case === 'segment' && !content.value.fill);
    const segment = at < 0 ? undefined : (messages[at] as Message);
    if (kind === 'withheld entries' && segment !== undefined) {
      ledger.happened('withheld entries');
      return [
        written(
          messages.filter((message) => message !== segment),
          writer,
        ),
      ];
    }
    if ((kind === 'altered segment' || kind === 'wrong proof') && segment?.content.case === 'segment') {
      const { value } = segment.content;
      alter(kind, value, chance);
      const lie = written(messages, writer);
      const about = { log: value.log as LogName, end: Number(value.from) + value.entries.length };
      underway.set(keyOf(lie), { kind, about });
      return [lie];
    }
    if (kind === 'false fault' && segment?.content.case === 'segment') {
      const { log, checkpoint } = segment.content.value;
      const accusation = falseFault(log, checkpoint, chance);
      const lie = written([...messages, accusation], writer);
      underway.set(keyOf(lie), { kind, about: { log: log as LogName, end: Number.POSITIVE_INFINITY } });
      return [lie];
    }
    const honest = written(messages, writer);
    if (kind === 'forged frame') {
      const at = chance.int(0, 63);
      // One bit: a byte of its own choice could be the one that stood there.
      honest.signature[at] = (honest.signature[at] as number) ^ (1 << (at % 8));
      underway.set(keyOf(honest), { kind, about: undefined });
      mayBeTaken.set(keyOf(honest), { kind, times: 0 });
    } else if (kind === 'replayed frame') {
      arrived.add(keyOf(honest));
      underway.set(keyOf(honest), { kind, about: undefined });
      mayBeTaken.set(keyOf(honest), { kind, times: 1 });
      return [honest, honest];
    }
    return [honest];
  }

  federation.tamper = (host) =>
    host.member === liar ? (wire) => lyingWire(wire, host, told, federation) : undefined;
  federation.onDelivery = (envelope, from, to) => {
    if (from.member !== liar || envelope.content.case !== 'frame') return;
    const key = keyOf(envelope.content.value);
    // Of a replay, the first is honest.
    if (arrived.delete(key)) return;
    const lie = underway.get(key);
    if (lie === undefined) return;
    underway.delete(key);
    const receiver = federation.running().find(({ host }) => host === to);
    if (receiver === undefined || !matters(lie, receiver, liar)) return;
    outstanding.push({ ...lie, receiver });
  };
  federation.onFrameTaken = ({ member }, peer, record) => {
    const may = peer === liar ? mayBeTaken.get(keyOf(record)) : undefined;
    if (may === undefined || --may.times >= 0) return;
    ledger.told(may.kind);
    ledger.broken('every lie is caught', `${member} took a lie of ${liar} (${may.kind}) for good`);
  };
  federation.onEvent = (node: SimulatedNode, event: ExchangeEvent) => {
    if (event.kind !== 'unlinked' || event.member !== liar) return;
    const [heard, rest] = [outstanding.filter(isAt(node)), outstanding.filter((lie) => !isAt(node)(lie))];
    outstanding = rest;
    for (const { kind } of heard) {
      // A stream that was lost first took the lie with it.
      if (!CODES[kind].includes(event.code)) continue;
      ledger.told(kind);
      ledger.caught(kind);
    }
  };
  return {
    repent() {
      isLying = false;
    },
    judge() {
      for (const { kind, receiver } of outstanding) {
        if (!receiver.isRunning) continue;
        ledger.told(kind);
        ledger.broken(
          'every lie is caught',
          `${receiver.member} took a lie of ${liar} (${kind}) and went on`,
        );
      }
    },
  };
}

function isAt(node: SimulatedNode): (lie: Outstanding) => boolean {
  return ({ receiver }) => receiver === node;
}

function matters({ about }: Lie, receiver: SimulatedNode, liar: MemberCode): boolean {
  const link = receiver.exchange.linkTo(liar);
  if (link === undefined || link.ended) return false;
  if (about === undefined) return true;
  const log = receiver.logs.get(about.log);
  return (
    log !== undefined &&
    log.fault === undefined &&
    log.size < about.end &&
    !receiver.exchange.isOwn(about.log)
  );
}

function alter(
  kind: LieKind,
  value: { entries: Uint8Array[]; proof: Uint8Array[]; checkpoint: Uint8Array },
  chance: Chance,
): void {
  const flip = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes);
    const at = chance.int(0, copy.length - 1);
    copy[at] = (copy[at] as number) ^ (1 << chance.int(0, 7));
    return copy;
  };
  const last = value.entries.length - 1;
  if (kind === 'altered segment' && (value.entries[last]?.length ?? 0) > 0) {
    value.entries[last] = flip(value.entries[last] as Uint8Array);
  } else if (value.proof.length > 0) {
    value.proof[0] = flip(value.proof[0] as Uint8Array);
  } else {
    value.checkpoint = flip(value.checkpoint);
  }
}

function written(messages: readonly Message[], writer: FrameWriter): Frame {
  return writer.write(messages.map((message) => toBinary(MessageSchema, message))).frame;
}

function keyOf({ signature }: Pick<Frame, 'signature'>): string {
  return Buffer.from(signature).toString('base64');
}

/** Says of the log that it is forked, with two notes that show nothing. */
function falseFault(log: string, checkpoint: Uint8Array, chance: Chance): Message {
  const value = create(FaultSchema, {
    log,
    first: checkpoint,
    second: checkpoint,
    firstRoot: chance.bytes(32),
  });
  return create(MessageSchema, { content: { case: 'fault', value } });
}

/** Learns the session's id from the handshake that passes, and then writes every frame anew. */
function lyingWire(
  wire: Wire,
  host: Host,
  told: (frame: Frame, writer: FrameWriter) => Frame[],
  federation: Federation,
): Wire {
  let open: Open | undefined;
  let [sent, heard]: (Hello | undefined)[] = [undefined, undefined];
  let isDialler = false;
  let writer: FrameWriter | undefined;

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
      writer ??= createFrameWriter(
        isDialler ? sessionIdOf(open, heard, sent) : sessionIdOf(open, sent, heard),
        secret,
      );
      for (const frame of told(content.value, writer)) {
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
