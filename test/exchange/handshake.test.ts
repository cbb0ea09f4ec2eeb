import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  type Binding,
  checkHello,
  checkOpen,
  type HelloExpectations,
  openingOf,
  type SelfIntroduction,
  sayHello,
  sessionIdOf,
} from '../../node/exchange/handshake.js';
import { keyPairOf, sign } from '../../node/keys/ed25519.js';
import { type FederationId, LYON, type MemberCode } from '../../node/names.js';
import {
  HeadSchema,
  type HelloBody,
  HelloBodySchema,
  HelloSchema,
  Role,
} from '../../proto/gen/icse/v1/exchange_pb.js';

const FEDERATION = 'ab'.repeat(32) as FederationId;
const NL = 'NL' as MemberCode;
const KEY = keyPairOf(new Uint8Array(32).fill(3));
const OTHER_KEY = keyPairOf(new Uint8Array(32).fill(4));
const NOW = Date.parse('2026-03-01T12:00:00Z');
const bytes = (fill: number, length = 32) => new Uint8Array(length).fill(fill);

const BINDING: Binding = {
  diallerNonce: bytes(1),
  acceptorNonce: bytes(2),
  diallerCertificate: bytes(3),
  acceptorCertificate: bytes(4),
};
const SELF: SelfIntroduction = {
  federation: FEDERATION,
  member: NL,
  instance: bytes(5, 16),
  software: 'icse-exchange/0.1.0',
  schema: 1,
  clockMs: NOW,
  registry: create(HeadSchema, { log: `icse/${FEDERATION}/registry`, size: 3n, root: bytes(6) }),
  rootSigned: new Uint8Array(0),
  sessionKey: KEY.publicKey,
};

const UNKNOWN = { no: 99, wireType: 2, data: new Uint8Array([4, ...Buffer.from('text')]) };

/** What the receiver of a hello said in this role expects. */
function expectations(role: Role): HelloExpectations {
  return {
    federation: FEDERATION,
    me: LYON,
    peer: NL,
    role,
    binding: role === Role.ACCEPTOR ? { ...BINDING, acceptorNonce: new Uint8Array(0) } : BINDING,
    nowMs: NOW,
    keysOf: () => [KEY.publicKey],
  };
}

/** A hello with some of its body changed, signed anew by its key. */
function helloWith(change: Partial<HelloBody>, role: Role, key = KEY) {
  const said = sayHello(SELF, LYON, role, BINDING, KEY.secretKey);
  const body = toBinary(HelloBodySchema, { ...fromBinary(HelloBodySchema, said.body), ...change });
  const signature = sign(key.secretKey, Buffer.concat([Buffer.from('icse/hello/v1\n'), body]));
  return create(HelloSchema, { body, signature });
}

const ROLES: [string, Role.DIALLER | Role.ACCEPTOR][] = [
  ['dialler', Role.DIALLER],
  ['acceptor', Role.ACCEPTOR],
];

describe.each(ROLES)("the %s's hello", (_who, role) => {
  const other = role === Role.DIALLER ? Role.ACCEPTOR : Role.DIALLER;

  it('is taken as it was said', () => {
    const { member, sessionKey, body } = checkHello(helloWith({}, role), expectations(role));
    expect([member, sessionKey, body.schema]).toEqual([NL, KEY.publicKey, 1]);
  });

  it.each<[string, Partial<HelloBody>, string]>([
    ['another protocol', { version: 2 }, 'version'],
    ['another federation', { federation: 'cd'.repeat(32) }, 'federation'],
    ['another member', { member: 'BE' }, 'identity'],
    ['somebody else as peer', { peer: 'BE' }, 'identity'],
    ['the other role', { role: other }, 'identity'],
    ['no role', { role: Role.UNSPECIFIED }, 'identity'],
    ["another dialler's nonce", { diallerNonce: bytes(9) }, 'identity'],
    ["another dialler's certificate", { diallerCertificate: bytes(9) }, 'identity'],
    ["another acceptor's certificate", { acceptorCertificate: bytes(9) }, 'identity'],
    ["half an acceptor's nonce", { acceptorNonce: bytes(2, 16) }, 'identity'],
    ['half an instance', { instance: bytes(5, 8) }, 'protocol'],
    ['software that is free text', { software: 'Our own node!' }, 'protocol'],
    ['half a session key', { sessionKey: bytes(5, 16) }, 'protocol'],
    ["the root's word, which is Lyon's to say", { rootSigned: bytes(5) }, 'protocol'],
    ['free text as its registry', { registry: { ...SELF.registry, log: 'words' } }, 'protocol'],
    [
      "a member's log as its registry",
      { registry: { ...SELF.registry, log: `icse/${FEDERATION}/NL` } },
      'protocol',
    ],
    ['a checkpoint', { registry: { ...SELF.registry, checkpoint: bytes(1) } }, 'protocol'],
    ['a clock 11 minutes behind', { clockMs: BigInt(NOW - 660_000) }, 'clock'],
    ['a clock 11 minutes ahead', { clockMs: BigInt(NOW + 660_000) }, 'clock'],
    ['a clock that is no time', { clockMs: 2n ** 63n }, 'clock'],
  ])('with %s is refused', (_what, change, code) => {
    expect(() => checkHello(helloWith(change, role), expectations(role))).toThrow(
      expect.objectContaining({ code, fromPeer: false }),
    );
  });

  it('without a registry is refused', () => {
    const said = sayHello(SELF, LYON, role, BINDING, KEY.secretKey);
    const { registry: _, ...rest } = fromBinary(HelloBodySchema, said.body);
    const body = toBinary(HelloBodySchema, create(HelloBodySchema, rest));
    expect(() => checkHello({ ...said, body }, expectations(role))).toThrow(
      expect.objectContaining({ code: 'protocol' }),
    );
  });

  it('signed by another key is refused', () => {
    expect(() => checkHello(helloWith({}, role, OTHER_KEY), expectations(role))).toThrow(
      expect.objectContaining({ code: 'identity' }),
    );
  });

  it('altered after it was signed is refused', () => {
    const said = helloWith({}, role);
    const body = toBinary(HelloBodySchema, { ...fromBinary(HelloBodySchema, said.body), schema: 2 });
    expect(() => checkHello({ ...said, body }, expectations(role))).toThrow(
      expect.objectContaining({ code: 'identity' }),
    );
  });

  it('by somebody who is not in the registry is refused', () => {
    const expected = { ...expectations(role), keysOf: () => [] };
    expect(() => checkHello(helloWith({}, role), expected)).toThrow(
      expect.objectContaining({ code: 'not-a-member' }),
    );
  });

  it.each<[string, Partial<HelloBody>]>([
    ['beside', { $unknown: [UNKNOWN] }],
    ['inside its registry', { registry: { ...SELF.registry, $unknown: [UNKNOWN] } }],
  ])('with a field that is not in the contract %s is refused', (_where, change) => {
    expect(() => checkHello(helloWith(change, role), expectations(role))).toThrow(
      expect.objectContaining({ code: 'protocol' }),
    );
  });

  it('of a later version is told so, whatever fields it has', () => {
    expect(() =>
      checkHello(helloWith({ version: 2, $unknown: [UNKNOWN] }, role), expectations(role)),
    ).toThrow(expect.objectContaining({ code: 'version' }));
  });

  it('that cannot be read is refused', () => {
    const said = create(HelloSchema, { body: bytes(255, 3), signature: bytes(0, 64) });
    expect(() => checkHello(said, expectations(role))).toThrow(expect.objectContaining({ code: 'protocol' }));
  });

  it('names both times when the clocks differ', () => {
    expect(() =>
      checkHello(helloWith({ clockMs: BigInt(NOW - 3_600_000) }, role), expectations(role)),
    ).toThrow('NL says 2026-03-01T11:00:00.000Z, LYON says 2026-03-01T12:00:00.000Z');
  });
});

describe("the acceptor's nonce", () => {
  it('of another connection makes a dialler refused', () => {
    expect(() =>
      checkHello(helloWith({ acceptorNonce: bytes(9) }, Role.DIALLER), expectations(Role.DIALLER)),
    ).toThrow(expect.objectContaining({ code: 'identity' }));
  });
});

describe('an Open', () => {
  it('without our protocol, or with a nonce too short, is refused', () => {
    expect(() => checkOpen({ ...openingOf(bytes(1)), versions: [7, 3] })).toThrow(
      expect.objectContaining({ code: 'version', message: 'this node speaks protocol 1, the dialler 7, 3' }),
    );
    expect(() => checkOpen(openingOf(bytes(1, 8)))).toThrow(expect.objectContaining({ code: 'protocol' }));
    expect(() => checkOpen(openingOf(bytes(1)))).not.toThrow();
  });
});

describe('the session id', () => {
  it('is another when anything of the handshake is', () => {
    const open = openingOf(bytes(1));
    const [dialler, acceptor] = [helloWith({}, Role.DIALLER), helloWith({}, Role.ACCEPTOR)];
    const ids = [
      sessionIdOf(open, acceptor, dialler),
      sessionIdOf(openingOf(bytes(2)), acceptor, dialler),
      sessionIdOf(open, helloWith({ schema: 2 }, Role.ACCEPTOR), dialler),
      sessionIdOf(open, acceptor, helloWith({ schema: 2 }, Role.DIALLER)),
      sessionIdOf(open, dialler, acceptor),
    ].map((id) => Buffer.from(id).toString('hex'));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
