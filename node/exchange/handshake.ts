// The handshake: Open, the acceptor's Hello, the dialler's Hello. A hello signs both nonces, both members, the
// role and both TLS certificates, so that it is good for this one connection alone. Pure.
//
//   session id = SHA-256("icse/session/v1\n" ‖ SHA-256(Open) ‖ SHA-256(acceptor's body) ‖ SHA-256(dialler's body))

import { hash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ByeCode,
  type Head,
  type Hello,
  type HelloBody,
  HelloBodySchema,
  HelloSchema,
  type Open,
  OpenSchema,
  Role,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import { sign, verify } from '../keys/ed25519.js';
import { BadName, type FederationId, LYON, type MemberCode, parseLogName } from '../names.js';
import { canonicalScanner, NotCanonical } from '../statements/canonical.js';
import { MAX_ENTRY_BYTES } from '../statements/entry.js';
import { plainReason, Refusal } from './refusal.js';

export const PROTOCOL_VERSION = 1;
const scanBody = canonicalScanner(HelloBodySchema);
const HELLO_LABEL = Buffer.from('icse/hello/v1\n');
const SESSION_LABEL = Buffer.from('icse/session/v1\n');
/** Versions that an Open names; a node speaks two. */
const MAX_VERSIONS = 16;
const SOFTWARE = /^[a-z0-9./-]{1,64}$/;
/** Members whose clocks differ by more are refused: keep-until days and receipts' times would mean nothing. */
export const MAX_CLOCK_SKEW_MS = 10 * 60 * 1000;

/** What the two TLS certificates and the nonces are: the same on both sides. */
export interface Binding {
  readonly diallerNonce: Uint8Array;
  readonly acceptorNonce: Uint8Array;
  /** SHA-256 of the leaf certificates' DER. */
  readonly diallerCertificate: Uint8Array;
  readonly acceptorCertificate: Uint8Array;
}

/** What a node says of itself. */
export interface SelfIntroduction {
  readonly federation: FederationId;
  readonly member: MemberCode;
  readonly instance: Uint8Array;
  readonly software: string;
  readonly schema: number;
  readonly clockMs: number;
  readonly registry: Head;
  /** The last entry that the root signed; empty when there is none. */
  readonly rootSigned: Uint8Array;
  /** The 32-byte public key that signs this hello. */
  readonly sessionKey: Uint8Array;
}

/** A hello whose signature and binding have been checked. */
export interface VerifiedHello {
  readonly body: HelloBody;
  readonly member: MemberCode;
  /** The 32-byte key that signed it, and signs the peer's frames. */
  readonly sessionKey: Uint8Array;
}

export interface HelloExpectations {
  readonly federation: FederationId;
  readonly me: MemberCode;
  /** The member that the peer's TLS certificate names. */
  readonly peer: MemberCode;
  readonly role: Role;
  readonly binding: Binding;
  readonly nowMs: number;
  /** Session keys under which the peer may sign, by the registry and by what the root signed. */
  keysOf(body: HelloBody): readonly Uint8Array[];
}

export function openingOf(nonce: Uint8Array): Open {
  return create(OpenSchema, { versions: [PROTOCOL_VERSION], nonce });
}

/** Checks a dialler's Open. Throws Refusal VERSION or PROTOCOL. */
export function checkOpen(open: Open): void {
  if (!open.versions.includes(PROTOCOL_VERSION)) {
    throw new Refusal(
      ByeCode.VERSION,
      `this node speaks protocol ${PROTOCOL_VERSION}, the dialler ${open.versions.join(', ') || 'none'}`,
    );
  }
  if (open.versions.length > MAX_VERSIONS)
    throw new Refusal(ByeCode.PROTOCOL, `an Open names at most ${MAX_VERSIONS} versions`);
  if (open.nonce.length !== 32) throw new Refusal(ByeCode.PROTOCOL, 'the nonce is not 32 bytes');
}

/** A signed hello; `sessionKey` is the 64-byte secret key. */
export function sayHello(
  self: SelfIntroduction,
  peer: MemberCode,
  role: Role,
  binding: Binding,
  sessionKey: Uint8Array,
): Hello {
  const body = toBinary(
    HelloBodySchema,
    create(HelloBodySchema, {
      version: PROTOCOL_VERSION,
      ...self,
      peer,
      role,
      ...binding,
      clockMs: BigInt(self.clockMs),
    }),
  );
  return create(HelloSchema, { body, signature: sign(sessionKey, Buffer.concat([HELLO_LABEL, body])) });
}

/** Checks the peer's hello against all that this connection is. Throws Refusal, which says what does not fit. */
export function checkHello(hello: Hello, expected: HelloExpectations): VerifiedHello {
  const body = readBody(hello.body);
  // First, so that a later version is told so and not that its fields are unknown.
  if (body.version !== PROTOCOL_VERSION) {
    throw new Refusal(
      ByeCode.VERSION,
      `the peer speaks protocol ${body.version}, this node ${PROTOCOL_VERSION}`,
    );
  }
  checkForm(hello.body);
  if (body.federation !== expected.federation) {
    throw new Refusal(
      ByeCode.FEDERATION,
      `the peer is of federation ${plainReason(body.federation).slice(0, 8)}, this node of ${expected.federation.slice(0, 8)}`,
    );
  }
  if (body.member !== expected.peer) {
    throw new Refusal(
      ByeCode.IDENTITY,
      `the hello is by ${plainReason(body.member).slice(0, 16)}, the certificate by ${expected.peer}`,
    );
  }
  if (body.peer !== expected.me || body.role !== expected.role) {
    throw new Refusal(ByeCode.IDENTITY, `the hello is not said to ${expected.me} in this role`);
  }
  for (const part of [
    'diallerNonce',
    'acceptorNonce',
    'diallerCertificate',
    'acceptorCertificate',
  ] as const) {
    // The acceptor's nonce is heard for the first time in its own hello.
    if (part === 'acceptorNonce' && expected.role === Role.ACCEPTOR && body[part].length === 32) continue;
    if (Buffer.compare(body[part], expected.binding[part]) !== 0) {
      throw new Refusal(ByeCode.IDENTITY, `the hello is bound to another connection (${part})`);
    }
  }
  if (body.instance.length !== 16 || !SOFTWARE.test(body.software) || body.registry === undefined) {
    throw new Refusal(ByeCode.PROTOCOL, 'the hello lacks its instance, software or registry');
  }
  if (!isRegistryHead(body.registry, expected.federation)) {
    throw new Refusal(ByeCode.PROTOCOL, 'the hello names no registry of this federation');
  }
  if (body.sessionKey.length !== 32) throw new Refusal(ByeCode.PROTOCOL, 'the session key is not 32 bytes');
  if (body.rootSigned.length > (expected.peer === LYON ? MAX_ENTRY_BYTES : 0)) {
    throw new Refusal(ByeCode.PROTOCOL, "the hello says more of the root's word than is the peer's to say");
  }
  const signed = Buffer.concat([HELLO_LABEL, hello.body]);
  const keys = expected.keysOf(body);
  if (keys.length === 0) {
    throw new Refusal(ByeCode.NOT_A_MEMBER, `${expected.peer} is not in the registry of ${expected.me}`);
  }
  const sessionKey = keys.find((key) => verify(key, signed, hello.signature));
  if (sessionKey === undefined) {
    throw new Refusal(
      ByeCode.IDENTITY,
      `the hello is not signed by the session key that ${expected.peer} has in the registry`,
    );
  }
  if (Math.abs(Number(body.clockMs) - expected.nowMs) > MAX_CLOCK_SKEW_MS) {
    const [theirs, ours] = [Number(body.clockMs), expected.nowMs].map(utcText);
    throw new Refusal(
      ByeCode.CLOCK,
      `clocks differ by more than 10 minutes: ${expected.peer} says ${theirs}, ${expected.me} says ${ours}`,
    );
  }
  return { body, member: expected.peer, sessionKey };
}

/** The id of the session: 32 bytes that only these two hellos give. */
export function sessionIdOf(open: Open, acceptor: Hello, dialler: Hello): Uint8Array {
  // The contract's fields alone, whatever else a stranger's Open may have brought.
  const opening = toBinary(OpenSchema, open, { writeUnknownFields: false });
  const parts = [opening, acceptor.body, dialler.body];
  return hash(
    'sha256',
    Buffer.concat([SESSION_LABEL, ...parts.map((part) => hash('sha256', part, 'buffer'))]),
    'buffer',
  );
}

function readBody(bytes: Uint8Array): HelloBody {
  try {
    // What is not known costs an object each; the look at the form refuses it.
    return fromBinary(HelloBodySchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw new Refusal(ByeCode.PROTOCOL, 'the hello cannot be read', error);
  }
}

/** One encoding, nothing unknown at any depth. */
function checkForm(bytes: Uint8Array): void {
  try {
    scanBody(bytes);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new Refusal(ByeCode.PROTOCOL, `the hello is not in its form: ${error.message}`, error);
  }
}

/** Log, size and root of a registry, and no checkpoint. */
function isRegistryHead({ log, root, checkpoint }: Head, federation: FederationId): boolean {
  if (root.length !== 32 || checkpoint.length > 0) return false;
  try {
    const named = parseLogName(log);
    return named.federation === federation && named.member === undefined;
  } catch (error) {
    if (error instanceof BadName) return false;
    throw error;
  }
}

function utcText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'no time' : date.toISOString();
}
