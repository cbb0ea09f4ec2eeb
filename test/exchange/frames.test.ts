import { create } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createFrameReader,
  createFrameWriter,
  encodeMessage,
  type FrameReader,
  type FrameWriter,
} from '../../node/exchange/frames.js';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { PingSchema } from '../../proto/gen/icse/v1/exchange_pb.js';

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
