// The handshake carried out over a wire: the dialler greets, the acceptor answers. What the hellos must say is
// in handshake.ts.

import { create } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Envelope,
  EnvelopeSchema,
  type Hello,
  type HelloBody,
  type Open,
  Role,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import type { Clock } from '../clock.js';
import { LYON, type MemberCode } from '../names.js';
import type { Registry } from '../registry/registry.js';
import {
  type Binding,
  checkHello,
  checkOpen,
  openingOf,
  type SelfIntroduction,
  sayHello,
  sessionIdOf,
  type VerifiedHello,
} from './handshake.js';
import { Refusal } from './refusal.js';
import { farewell } from './session.js';
import { checkEnvelope } from './strict-message.js';
import type { Wire } from './wire.js';

/** The messages of a handshake. */
export interface Transcript {
  readonly open: Open;
  readonly acceptor: Hello;
  readonly dialler: Hello;
}

export interface Handshake {
  readonly peer: VerifiedHello;
  readonly sessionId: Uint8Array;
  /** What the session id was made of, for the record. */
  readonly transcript: Transcript;
}

/** What a handshake needs of the node. */
export interface HandshakeHost {
  readonly clock: Clock;
  readonly me: MemberCode;
  readonly sessionKey: Uint8Array;
  readonly logs: { readonly registry: Registry };
  random(sizeBytes: number): Uint8Array;
  introduction(): SelfIntroduction;
  /** True for a member that this hub has lost from its registry: its certificate alone says who it is. */
  knowsByCertificate(member: MemberCode): boolean;
}

const NONCE_BYTES = 32;
const UNKNOWN = new Uint8Array(0);

/** The dialler's side. Throws Refusal. */
export async function greet(
  host: HandshakeHost,
  wire: Wire,
  inbox: AsyncIterator<Envelope>,
): Promise<Handshake> {
  const open = openingOf(host.random(NONCE_BYTES));
  await wire.send(create(EnvelopeSchema, { content: { case: 'open', value: open } }));
  const theirs = await next(inbox, 'hello');
  const binding: Binding = {
    diallerNonce: open.nonce,
    acceptorNonce: UNKNOWN,
    diallerCertificate: wire.ownCertificate,
    acceptorCertificate: wire.peer.certificate,
  };
  const peer = checkHello(theirs, expectations(host, wire, Role.ACCEPTOR, binding));
  const bound = { ...binding, acceptorNonce: peer.body.acceptorNonce };
  const ours = sayHello(host.introduction(), peer.member, Role.DIALLER, bound, host.sessionKey);
  await wire.send(create(EnvelopeSchema, { content: { case: 'hello', value: ours } }));
  return {
    peer,
    sessionId: sessionIdOf(open, theirs, ours),
    transcript: { open, acceptor: theirs, dialler: ours },
  };
}

/** The acceptor's side. Throws Refusal. */
export async function answer(
  host: HandshakeHost,
  wire: Wire,
  inbox: AsyncIterator<Envelope>,
): Promise<Handshake> {
  const open = await next(inbox, 'open');
  checkOpen(open);
  const binding: Binding = {
    diallerNonce: open.nonce,
    acceptorNonce: host.random(NONCE_BYTES),
    diallerCertificate: wire.peer.certificate,
    acceptorCertificate: wire.ownCertificate,
  };
  const ours = sayHello(host.introduction(), wire.peer.member, Role.ACCEPTOR, binding, host.sessionKey);
  await wire.send(create(EnvelopeSchema, { content: { case: 'hello', value: ours } }));
  const theirs = await next(inbox, 'hello');
  const peer = checkHello(theirs, expectations(host, wire, Role.DIALLER, binding));
  return {
    peer,
    sessionId: sessionIdOf(open, ours, theirs),
    transcript: { open, acceptor: ours, dialler: theirs },
  };
}

type Greeting = { open: Open; hello: Hello };

async function next<Case extends keyof Greeting>(
  inbox: AsyncIterator<Envelope>,
  expected: Case,
): Promise<Greeting[Case]> {
  const { value, done } = await inbox.next();
  if (done === true)
    throw new Refusal(ByeCode.GOING_AWAY, 'the peer ended the stream in the handshake', undefined, true);
  checkEnvelope(value);
  const { content } = value;
  if (content.case === 'refusal') throw farewell(content.value);
  if (content.case !== expected)
    throw new Refusal(ByeCode.PROTOCOL, `${content.case ?? 'nothing'} came where ${expected} was due`);
  return content.value as Greeting[Case];
}

function expectations(host: HandshakeHost, wire: Wire, role: Role, binding: Binding) {
  const { registry } = host.logs;
  return {
    federation: registry.anchors.federation,
    me: host.me,
    peer: wire.peer.member,
    role,
    binding,
    nowMs: host.clock.now(),
    keysOf: (body: HelloBody) =>
      host.knowsByCertificate(wire.peer.member)
        ? [body.sessionKey]
        : sessionKeys(registry, wire.peer.member, body),
  };
}

/** The peer's session key by the registry; of the hub also the one that the root vouches for in its hello. */
function sessionKeys(registry: Registry, member: MemberCode, body: HelloBody): Uint8Array[] {
  const known = member === LYON ? registry.hubKeys.session : registry.state.members.get(member)?.keys.session;
  const keys = known === undefined ? [] : [known];
  if (member !== LYON || body.rootSigned.length === 0) return keys;
  const renewed = registry.newHubKeys(body.rootSigned);
  return renewed === undefined ? keys : [...keys, renewed.session];
}
