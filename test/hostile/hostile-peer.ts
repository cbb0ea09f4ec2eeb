// A member gone bad: its own certificate and keys, the real wire, and no manners. It says on a stream whatever it
// is told to say, byte for byte; nothing here waits for the other side, and everything ends with the test.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, connectivityState, status } from '@grpc/grpc-js';
import { readNodeCertificate } from '../../certs/certificate.js';
import { createFrameWriter, encodeMessage } from '../../node/exchange/frames.js';
import { openingOf, sayHello, sessionIdOf } from '../../node/exchange/handshake.js';
import type { Content } from '../../node/exchange/messages.js';
import { byeName } from '../../node/exchange/refusal.js';
import { diallingCredentials, type TlsIdentity } from '../../node/exchange/tls.js';
import { type Identity, loadIdentity } from '../../node/home/identity.js';
import { homePaths } from '../../node/home/layout.js';
import { LYON } from '../../node/names.js';
import {
  type Envelope,
  EnvelopeSchema,
  HelloBodySchema,
  type Message,
  MessageSchema,
  type Open,
  Role,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { random } from '../federation/federation.js';

export interface BareStream {
  /** Says these bytes as an envelope. */
  say(envelope: Uint8Array): void;
  /** As `say`; resolves when more may follow, or the stream has ended. */
  sayAll(envelopes: Iterable<Uint8Array>): Promise<void>;
  /** What comes next; undefined once the stream has ended. Nothing is read from the stream before it is called. */
  hear(): Promise<Envelope | undefined>;
  /** Resolves with the status when the other side has ended the stream. */
  readonly ended: Promise<string>;
  /** Resolves when the connection is gone, whatever was read of the stream. */
  cut(): Promise<void>;
  /** DER of the certificate that the other side showed. */
  shown(): Uint8Array;
  destroy(): void;
}

/** A stream to Lyon on a connection of its own. */
export function bareStream(address: string, tls: TlsIdentity): BareStream {
  let shown = new Uint8Array(0);
  const credentials = diallingCredentials(tls, LYON, (der) => {
    shown = new Uint8Array(der);
  });
  const client = new Client(address, credentials, {
    'grpc.ssl_target_name_override': 'lyon.icse.invalid',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
  });
  const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const call: ClientDuplexStream<Uint8Array, Uint8Array> = client.makeBidiStreamRequest(
    '/icse.v1.Exchange/Sync',
    same,
    same,
  );
  let isOver = false;
  const ended = new Promise<string>((resolve) => {
    call.on('status', ({ code }: { code: number }) => {
      isOver = true;
      resolve(status[code] ?? String(code));
      client.close();
    });
  });
  call.on('error', () => {});
  let inbox: AsyncIterator<Uint8Array> | undefined;
  return {
    say: (envelope) => void (isOver || call.write(envelope)),
    async sayAll(envelopes) {
      for (const envelope of envelopes) {
        if (isOver) return;
        if (call.write(envelope)) continue;
        await Promise.race([new Promise((resolve) => call.once('drain', resolve)), ended]);
      }
    },
    async hear() {
      inbox ??= (call as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      try {
        const { value, done } = await inbox.next();
        return done === true ? undefined : fromBinary(EnvelopeSchema, value);
      } catch {
        return undefined;
      }
    },
    ended,
    async cut() {
      while (client.getChannel().getConnectivityState(false) === connectivityState.READY)
        await new Promise((resolve) => setTimeout(resolve, 10));
    },
    shown: () => shown,
    destroy() {
      call.cancel();
      client.close();
    },
  };
}

export interface BadMember {
  readonly identity: Identity;
  stream(): BareStream;
  /** A stream on which the handshake is done in good order; all that follows is up to the test. */
  linked(): Promise<LinkedStream>;
}

export interface LinkedStream extends BareStream {
  /** The envelope of the next frame, signed, with these messages as bytes. */
  frame(messages: Uint8Array[]): Uint8Array;
  /** Says the contents in the next frame. */
  tell(...contents: Content[]): void;
  /** The messages that come next; undefined once the stream has ended. */
  hearMessages(): Promise<Message[] | undefined>;
  /** Reads until the stream has ended; resolves with why the other side ended it. */
  farewell(): Promise<string>;
  /** Kind of message → how many were heard so far. */
  readonly heard: Map<string, number>;
}

/** The member whose home it is, after its node has stopped. */
export async function badMember(home: string, address: string): Promise<BadMember> {
  const identity = await loadIdentity(homePaths(home));
  // Always the same, so that its streams replace one another and do not contend.
  const instance = random(16);
  const stream = (): BareStream => bareStream(address, identity.tls);
  return { identity, stream, linked: () => shakeHands(identity, instance, stream()) };
}

export function openOf(nonce: Uint8Array = random(32)): Open {
  return openingOf(nonce);
}

export function envelopeOf(content: Envelope['content']): Uint8Array {
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { content }));
}

async function shakeHands(
  { member, secrets, tls, federation }: Identity,
  instance: Uint8Array,
  bare: BareStream,
): Promise<LinkedStream> {
  const open = openOf();
  bare.say(envelopeOf({ case: 'open', value: open }));
  const answer = (await bare.hear())?.content;
  if (answer?.case !== 'hello') throw new Error(`no hello but ${answer?.case ?? (await bare.ended)}`);
  const theirs = answer.value;
  const body = fromBinary(HelloBodySchema, theirs.body);
  if (body.registry === undefined) throw new Error('a hello without a registry');
  const ours = sayHello(
    {
      federation: federation.federation,
      member,
      instance,
      software: 'hostile/1',
      schema: body.schema,
      clockMs: Date.now(),
      registry: body.registry,
      rootSigned: new Uint8Array(0),
      sessionKey: secrets.session.publicKey,
    },
    LYON,
    Role.DIALLER,
    {
      diallerNonce: open.nonce,
      acceptorNonce: body.acceptorNonce,
      diallerCertificate: readNodeCertificate(tls.leafPem).sha256,
      acceptorCertificate: readNodeCertificate(bare.shown()).sha256,
    },
    secrets.session.secretKey,
  );
  bare.say(envelopeOf({ case: 'hello', value: ours }));
  const writer = createFrameWriter(sessionIdOf(open, theirs, ours), secrets.session.secretKey);
  const heard = new Map<string, number>();
  let why = '';

  function frame(messages: Uint8Array[]): Uint8Array {
    return envelopeOf({ case: 'frame', value: writer.write(messages).frame });
  }

  async function hearMessages(): Promise<Message[] | undefined> {
    const content = (await bare.hear())?.content;
    if (content === undefined) return undefined;
    if (content.case === 'refusal') why = byeName(content.value.code);
    if (content.case !== 'frame') return [];
    const messages = content.value.messages.map((bytes) => fromBinary(MessageSchema, bytes));
    for (const { content: said } of messages) {
      const kind = said.case ?? 'nothing';
      heard.set(kind, (heard.get(kind) ?? 0) + 1);
      if (said.case === 'bye') why = `${byeName(said.value.code)}: ${said.value.reason}`;
    }
    return messages;
  }

  return {
    ...bare,
    frame,
    tell: (...contents) => bare.say(frame(contents.map(encodeMessage))),
    hearMessages,
    async farewell() {
      while ((await hearMessages()) !== undefined);
      return why === '' ? `status ${await bare.ended}` : why;
    },
    heard,
  };
}
