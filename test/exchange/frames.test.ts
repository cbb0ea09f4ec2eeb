import { create } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createFrameReader,
  createFrameWriter,
  encodeMessage,
  type FrameReader,
  type FrameWriter,
} from '../../node/exchange/frames.js';
import type { Content } from '../../node/exchange/messages.js';
import { readMessage } from '../../node/exchange/strict-message.js';
import { keyPairOf } from '../../node/keys/ed25519.js';
import {
  AckSchema,
  ByeSchema,
  FollowSchema,
  HeadsSchema,
  PingSchema,
  ReceiptSchema,
  SegmentSchema,
  StopSchema,
  type Want,
  WantSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { nameOf } from './two-sides.js';

const KEY = keyPairOf(new Uint8Array(32).fill(3));
const SESSION = new Uint8Array(32).fill(1);
const ping = (token: bigint) => encodeMessage({ case: 'ping', value: create(PingSchema, { token }) });

describe('frames', () => {
  let writer: FrameWriter;
  let reader: FrameReader;
  beforeEach(() => {
    writer = createFrameWriter(SESSION, KEY.secretKey);
    reader = createFrameReader(SESSION, KEY.publicKey);
  });

  it('bring their messages in order', () => {
    const tokens = [[1n, 2n], [], [3n]];
    const read = tokens.map((some) => reader.read(writer.write(some.map(ping)).frame).messages);
    expect(
      read.map((messages) => messages.map(({ content }) => (content.value as { token: bigint }).token)),
    ).toEqual(tokens);
  });

  it('are recorded alike on both sides', () => {
    const { frame, record } = writer.write([ping(1n), ping(2n)]);
    expect(reader.read(frame).record).toEqual(record);
  });

  /** Reads a frame with one message, as its sender signs it. */
  const readOne = (message: Uint8Array) => reader.read(writer.write([message]).frame);
  const text = (words: string) => Buffer.from(words).toString('hex');
  /** A length-delimited field. */
  const field = (tag: string, hex: string) => `${tag}${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;
  const protocol = expect.objectContaining({ code: 'protocol' });

  it.each([
    ['beside the message', `${field('3a', '0801')}${field('fa01', text('free text'))}`],
    ['inside the message', field('3a', `0801${field('7a', text('free text'))}`)],
    ['two messages deep', field('0a', field('12', field('7a', text('free text'))))],
    [
      'given twice, of which one is passed over',
      `${field('22', field('0a', text('free text')))}${field('3a', '0801')}`,
    ],
  ])('with a field that is not in the contract %s are refused', (_where, hex) => {
    expect(() => readOne(Buffer.from(hex, 'hex'))).toThrow(protocol);
  });

  it('with free text where a name is due are refused', () => {
    const words = 'words about somebody';
    const bad: Content[] = [
      { case: 'ack', value: create(AckSchema, { log: words }) },
      { case: 'bye', value: create(ByeSchema, { reason: 'x'.repeat(513) }) },
      { case: 'bye', value: create(ByeSchema, { reason: 'é' }) },
      { case: 'heads', value: create(HeadsSchema, { heads: [{ log: words }] }) },
      { case: 'receipt', value: create(ReceiptSchema, { log: nameOf('NL'), by: words }) },
    ];
    const wants: Want['scope'][] = [
      { case: 'stop', value: create(StopSchema, { log: words }) },
      { case: 'follow', value: create(FollowSchema, { except: [nameOf('NL'), words] }) },
      {
        case: 'follow',
        value: create(FollowSchema, { except: Array.from({ length: 4097 }, () => nameOf('NL')) }),
      },
    ];
    const all = [
      ...bad,
      ...wants.map((scope): Content => ({ case: 'want', value: create(WantSchema, { scope }) })),
    ];
    for (const content of all) expect(() => readOne(encodeMessage(content))).toThrow(protocol);
  });

  it('of full size are read about as fast as they are without these checks', () => {
    const entries = Array.from({ length: 3500 }, (_, i) => new Uint8Array(300).fill(i));
    const message = encodeMessage({
      case: 'segment',
      value: create(SegmentSchema, { log: nameOf('NL'), entries }),
    });
    const timeOf = (read: () => unknown): number => {
      const start = performance.now();
      for (let i = 0; i < 20; i++) read();
      return (performance.now() - start) / 20;
    };
    timeOf(() => readMessage(message));
    expect(timeOf(() => readMessage(message))).toBeLessThan(10);
  });

  it('after a gap are refused', () => {
    writer.write([ping(1n)]);
    expect(() => reader.read(writer.write([ping(2n)]).frame)).toThrow(
      expect.objectContaining({ code: 'protocol', message: 'frame 1 came where 0 was due' }),
    );
  });

  it('that come twice are refused', () => {
    const { frame } = writer.write([ping(1n)]);
    reader.read(frame);
    expect(() => reader.read(frame)).toThrow(expect.objectContaining({ code: 'protocol' }));
  });

  it('renumbered are refused', () => {
    writer.write([ping(1n)]);
    const { frame } = writer.write([ping(2n)]);
    expect(() => reader.read({ ...frame, sequence: 0n })).toThrow(
      expect.objectContaining({ code: 'signature' }),
    );
  });

  it('with a message altered, dropped, added or moved are refused', () => {
    const { frame } = writer.write([ping(1n), ping(2n)]);
    const [one, two] = frame.messages as [Uint8Array, Uint8Array];
    for (const messages of [[one, ping(3n)], [one], [one, two, two], [two, one]]) {
      expect(() => reader.read({ ...frame, messages })).toThrow(
        expect.objectContaining({ code: 'signature' }),
      );
    }
    expect(reader.read(frame).messages).toHaveLength(2);
  });

  it('of another session, or by another key, are refused', () => {
    const elsewhere = createFrameWriter(new Uint8Array(32).fill(2), KEY.secretKey);
    const other = createFrameWriter(SESSION, keyPairOf(new Uint8Array(32).fill(4)).secretKey);
    for (const { frame } of [elsewhere.write([ping(1n)]), other.write([ping(1n)])]) {
      expect(() => reader.read(frame)).toThrow(expect.objectContaining({ code: 'signature' }));
    }
  });

  it('with too many messages, or one that cannot be read, are refused', () => {
    const { frame } = writer.write(Array.from({ length: 5000 }, () => ping(1n)));
    expect(() => reader.read(frame)).toThrow(expect.objectContaining({ code: 'too-large' }));
    const writer2 = createFrameWriter(SESSION, KEY.secretKey);
    const { frame: bad } = writer2.write([new Uint8Array([0xff])]);
    expect(() => reader.read(bad)).toThrow(expect.objectContaining({ code: 'protocol' }));
  });
});
