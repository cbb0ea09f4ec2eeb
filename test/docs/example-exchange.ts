// The worked examples of a stream: handshake, heads, messages, frames.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createFrameReader, createFrameWriter, encodeMessage } from '../../node/exchange/frames.js';
import { checkHello, checkOpen, sayHello, sessionIdOf } from '../../node/exchange/handshake.js';
import { headsDigest, type LocalHead, segmentWeight } from '../../node/exchange/messages.js';
import { type FederationId, type LogName, LYON, logName, type MemberCode } from '../../node/names.js';
import { EMPTY_ROOT } from '../../node/tlog/hash.js';
import {
  type Envelope,
  EnvelopeSchema,
  type Frame,
  type HelloBody,
  HelloBodySchema,
  HelloSchema,
  MessageSchema,
  OpenSchema,
  Role,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Page } from './example-blocks.js';
import { federationOf, holds, sha256, signingKey } from './example-keys.js';
import { logHead, registryHead, signedIs } from './example-logs.js';
import type { Examples } from './examples.js';

const NL = 'NL' as MemberCode;
const MESSAGES = [
  'heads-digest',
  'heads-complete',
  'want-follow',
  'want-all-heads',
  'want-onward',
  'want-ranges',
  'want-stop',
  'segment',
  'segment-hole',
  'segment-via',
  'segment-fill',
  'ack',
  'receipt',
  'fault',
  'ping',
  'pong',
  'bye',
  'divergence',
] as const;
/** NL's frames, in order. */
const FRAMES = [
  ['heads-digest', 'want-all-heads'],
  ['ack', 'ping'],
] as const;

export const exchangeExamples: Examples = {
  open(page) {
    const open = page.message(OpenSchema, 'open.fields');
    checkOpen(open);
    page.is('open.bytes', toBinary(OpenSchema, open));
    page.is('open.envelope', envelope({ case: 'open', value: open }));
    page.is('open.sha256', sha256(page.hex('open.bytes')));
    page.is('open.bytes', toBinary(OpenSchema, fromBinary(OpenSchema, page.hex('open.bytes'))));
  },

  'hello.acceptor': (page) => helloIs(page, 'hello.acceptor', LYON, NL, Role.ACCEPTOR),
  'hello.dialler': (page) => helloIs(page, 'hello.dialler', NL, LYON, Role.DIALLER),

  session(page) {
    const open = page.message(OpenSchema, 'open.fields');
    const [acceptor, dialler] = ['hello.acceptor.bytes', 'hello.dialler.bytes'].map((name) =>
      fromBinary(HelloSchema, page.hex(name)),
    ) as [ReturnType<typeof sayHello>, ReturnType<typeof sayHello>];
    page.is(
      'session.input',
      Buffer.concat([
        Buffer.from('icse/session/v1\n'),
        ...[page.hex('open.bytes'), acceptor.body, dialler.body].map((part) => sha256(part)),
      ]),
    );
    page.is('session.id', sha256(page.hex('session.input')));
    page.is('session.id', sessionIdOf(open, acceptor, dialler));
  },

  heads(page) {
    const federation = federationOf(page);
    const logs = [
      { log: logName(federation, LYON), size: 0, root: EMPTY_ROOT },
      logHead(page),
      registryHead(page, 2),
    ];
    const input = logs.flatMap(({ log, size, root }) => {
      const eight = Buffer.alloc(8);
      eight.writeBigUInt64BE(BigInt(size));
      return [Buffer.from(`${log}\n`), eight, root];
    });
    page.is('heads.input', Buffer.concat(input));
    page.is('heads.digest', sha256(page.hex('heads.input')));
    const held = logs.map(({ log, size, root }) => {
      const head: LocalHead = { size, root, checkpoint: undefined, settled: undefined, end: undefined };
      return [log as LogName, head] as const;
    });
    page.is('heads.digest', headsDigest(held));
  },

  ...Object.fromEntries(MESSAGES.map((name) => [`message.${name}`, (page: Page) => messageIs(page, name)])),
  ...Object.fromEntries(
    FRAMES.map((_, sequence) => [`frame-${sequence}`, (page: Page) => frameIs(page, sequence)]),
  ),

  refusal(page) {
    const refusal = page.message(EnvelopeSchema, 'refusal.fields');
    page.is('refusal.bytes', toBinary(EnvelopeSchema, refusal));
    page.is('refusal.bytes', toBinary(EnvelopeSchema, fromBinary(EnvelopeSchema, page.hex('refusal.bytes'))));
  },
};

function helloIs(page: Page, name: string, me: MemberCode, peer: MemberCode, role: Role): void {
  const body = page.message(HelloBodySchema, `${name}.fields`);
  const key = signingKey(page, me as 'NL' | 'LYON', 'session');
  const hello = sayHello(introductionOf(body), peer, role, body, key.secretKey);
  page.is(`${name}.body`, hello.body);
  page.is(`${name}.signed`, Buffer.concat([Buffer.from('icse/hello/v1\n'), page.hex(`${name}.body`)]));
  signedIs(page, name, hello.signature, key);
  page.is(`${name}.bytes`, toBinary(HelloSchema, hello));
  page.is(`${name}.envelope`, envelope({ case: 'hello', value: hello }));
  checkHello(fromBinary(HelloSchema, page.hex(`${name}.bytes`)), {
    federation: federationOf(page),
    me: peer,
    peer: me,
    role,
    binding: body,
    nowMs: Number(body.clockMs),
    keysOf: () => [key.publicKey],
  });
}

function introductionOf(body: HelloBody): Parameters<typeof sayHello>[0] {
  if (body.registry === undefined) throw new Error('the hello has no registry');
  return {
    federation: body.federation as FederationId,
    member: body.member as MemberCode,
    instance: body.instance,
    software: body.software,
    schema: body.schema,
    clockMs: Number(body.clockMs),
    registry: body.registry,
    rootSigned: body.rootSigned,
    sessionKey: body.sessionKey,
  };
}

function messageIs(page: Page, name: string): void {
  const { content } = page.message(MessageSchema, `message.${name}.fields`);
  page.is(`message.${name}.bytes`, encodeMessage(content));
  const again = fromBinary(MessageSchema, page.hex(`message.${name}.bytes`));
  page.is(`message.${name}.bytes`, encodeMessage(again.content));
  if (content.case === 'segment') {
    page.says(`message.${name}.weight`, `${segmentWeight(content.value)}\n`);
  }
}

function frameIs(page: Page, sequence: number): void {
  const name = `frame-${sequence}`;
  const sessionId = page.hex('session.id');
  const key = signingKey(page, 'NL', 'session');
  const writer = createFrameWriter(sessionId, key.secretKey);
  const reader = createFrameReader(sessionId, key.publicKey);
  const messages = FRAMES.map((names) => names.map((message) => page.hex(`message.${message}.bytes`)));
  const frames = messages.map((each) => writer.write([...each]));
  for (const { frame } of frames.slice(0, sequence)) reader.read(frame);
  const { frame, record } = frames[sequence] as (typeof frames)[number];
  page.is(`${name}.hashes`, record.hashes);
  const counted = Buffer.alloc(8);
  counted.writeBigUInt64BE(BigInt(sequence));
  page.is(
    `${name}.signed`,
    Buffer.concat([Buffer.from('icse/frame/v1\n'), sessionId, counted, sha256(page.hex(`${name}.hashes`))]),
  );
  signedIs(page, name, frame.signature, key);
  page.is(`${name}.envelope`, envelope({ case: 'frame', value: frame }));
  const { content } = fromBinary(EnvelopeSchema, page.hex(`${name}.envelope`));
  const read = reader.read(content.value as Frame);
  read.messages.forEach((message, at) => {
    const [said, meant] = [encodeMessage(message.content), messages[sequence]?.[at] as Uint8Array];
    holds(Buffer.compare(said, meant) === 0, `message ${at} of ${name} is the one above`);
  });
}

function envelope(content: Envelope['content']): Uint8Array {
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { content }));
}
