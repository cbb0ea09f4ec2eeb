import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { keyPairOf } from '../../node/keys/ed25519.js';
import { LYON, type MemberCode } from '../../node/names.js';
import { applyRegistryEntry, emptyRegistry, type RegistryState } from '../../node/registry/state.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { MediaRecordSchema } from '../../proto/gen/icse/v1/entry_pb.js';
import { AmendSchema, SchemaChangeSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import {
  type Act,
  admit,
  cut,
  entryOf,
  epoch,
  FEDERATION,
  keysOf,
  log,
  past,
  ROOT,
  reinstate,
  rotate,
  secretsOf,
  suspend,
} from './acts.js';

function folded(acts: readonly Act[], start = emptyRegistry(FEDERATION)): RegistryState {
  return acts.reduce(
    (state, act) => applyRegistryEntry(state, decodeEntry(entryOf(act)), ROOT.publicKey),
    start,
  );
}

const HUB = admit(LYON);
const member = (state: RegistryState, code: string) => state.members.get(code as MemberCode);
const place = (state: RegistryState, short: string) => state.logs.get(log(short))?.cut?.size;
const schema = (number: number): Act => ({
  case: 'schemaChange',
  value: create(SchemaChangeSchema, { schema: number }),
});
const amend = (code: string, address: string): Act => ({
  case: 'amend',
  value: create(AmendSchema, { member: code, address }),
});
/** The act with other keys in the place of some of its own. */
function withKeys(act: Act, keys: Partial<ReturnType<typeof keysOf>>): Act {
  if (act.case === 'admit' || act.case === 'rotate') Object.assign(act.value.keys as object, keys);
  return act;
}
const thief = keyPairOf(new Uint8Array(32).fill(8)).secretKey;

describe('the registry refuses', () => {
  const SUSPENDED = [HUB, admit('NL'), suspend('NL', cut('NL', 10))];
  const cases: [string, Act[], Act, string, RegistryState?][] = [
    ['to begin with a country', [], admit('NL'), 'the first entry admits the hub'],
    [
      'to begin with anything but the hub',
      [],
      suspend('NL', cut('NL', 0)),
      'a registry begins by admitting the hub',
    ],
    ['an epoch where the first registry begins', [], epoch(), 'a registry begins by admitting the hub'],
    ['a member that is there', [HUB, admit('NL')], admit('NL', 'NL again'), 'NL is a member already'],
    ['a log key that another has', [HUB, admit('NL')], admit('BE', 'NL'), 'the log key is in use already'],
    [
      'keys that a member had',
      [HUB, admit('NL'), rotate('NL', 'NL again', cut('NL', 4))],
      admit('BE', 'NL'),
      'the log key is in use already',
    ],
    [
      'a retired receipt key as the log key of another',
      [HUB, admit('NL'), rotate('NL', 'NL again', cut('NL', 4))],
      withKeys(admit('BE'), { log: secretsOf('NL').receipt.publicKey }),
      'the log key is in use already',
    ],
    [
      'retired session and sealing keys in a later rotation',
      [HUB, admit('NL'), rotate('NL', 'NL again', cut('NL', 4))],
      withKeys(rotate('NL', 'NL third', cut('NL.2', 0)), {
        session: keysOf('NL').sealing,
        sealing: keysOf('NL').session,
      }),
      'the session key is in use already',
    ],
    [
      'an earlier log under a key of another purpose',
      [epoch()],
      admit('NL', 'NL', [past('NL', 4, keysOf('NL').receipt)]),
      `the key of ${log('NL')} is in use already`,
      emptyRegistry(FEDERATION, 2),
    ],
    [
      'an earlier log under a key of another member',
      [epoch(), admit('BE')],
      admit('NL', 'NL', [past('NL', 4, keysOf('BE').log)]),
      `the key of ${log('NL')} is in use already`,
      emptyRegistry(FEDERATION, 2),
    ],
    [
      'earlier logs without an epoch',
      [HUB],
      admit('NL', 'NL', [past('NL', 4, secretsOf('x').log.publicKey)]),
      'earlier logs are named only after an epoch',
    ],
    ['to amend who is no member', [HUB], amend('NL', 'nl.example:7400'), 'NL is not a member'],
    ['to suspend who is no member', [HUB], suspend('NL', cut('NL', 0)), 'NL is not a member'],
    ['to suspend the hub', [HUB], suspend(LYON, cut('LYON', 0)), 'the hub cannot be suspended'],
    ['to suspend twice', SUSPENDED, suspend('NL', cut('NL', 5)), 'NL is suspended already'],
    [
      'to cut a log that the member does not write',
      [HUB, admit('NL')],
      suspend('NL', cut('NL.2', 0)),
      'not icse',
    ],
    [
      'to reinstate who is not suspended',
      [HUB, admit('NL')],
      reinstate('NL', cut('NL', 0)),
      'NL is not suspended',
    ],
    [
      'to go on from below the cut',
      SUSPENDED,
      reinstate('NL', cut('NL', 9)),
      'the log cannot go on from below its cut',
    ],
    [
      'to go on from the cut with another tree',
      SUSPENDED,
      reinstate('NL', cut('NL', 10, 6)),
      'the log was cut at that place with another root',
    ],
    ['to go on in a log after the next', SUSPENDED, reinstate('NL', cut('NL.3', 0)), 'NL goes on in'],
    ['to go on in the next log from the middle', SUSPENDED, reinstate('NL', cut('NL.2', 1)), 'NL goes on in'],
    [
      'new keys of the hub without the root',
      [HUB],
      rotate(LYON, 'LYON again', cut('LYON', 0), thief),
      "new keys of the hub need the root's signature",
    ],
    [
      'new keys that are old',
      [HUB, admit('NL')],
      rotate('NL', 'NL', cut('NL', 0)),
      'the log key is in use already',
    ],
    [
      'to rotate in a log that the member does not write',
      [HUB, admit('NL')],
      rotate('NL', 'NL again', cut('NL.2', 0)),
      'not icse',
    ],
    [
      'to rotate above the cut',
      SUSPENDED,
      rotate('NL', 'NL again', cut('NL', 11)),
      'the log is cut below that place already',
    ],
    [
      'to rotate at the cut with another tree',
      SUSPENDED,
      rotate('NL', 'NL again', cut('NL', 10, 6)),
      'with another root',
    ],
    ['to skip a schema', [HUB], schema(3), 'schema 1 is followed by 2'],
    ['an epoch in the middle', [HUB], epoch(), 'epoch is not said in a registry'],
    [
      'an epoch without the root',
      [],
      epoch({}, thief),
      "the epoch lacks the root's signature",
      emptyRegistry(FEDERATION, 2),
    ],
    [
      'to begin a later registry like the first',
      [],
      HUB,
      'a registry begins by admitting the hub',
      emptyRegistry(FEDERATION, 2),
    ],
    [
      'earlier logs that skip one',
      [epoch()],
      admit('NL', 'NL', [past('NL.2', 4, secretsOf('x').log.publicKey)]),
      'is not log 1 of NL',
      emptyRegistry(FEDERATION, 2),
    ],
    [
      'an earlier log with half a key',
      [epoch()],
      admit('NL', 'NL', [past('NL', 4, new Uint8Array(16))]),
      'is not 32 bytes',
      emptyRegistry(FEDERATION, 2),
    ],
  ];

  it.each(cases)('%s', (_what, before, act, reason, start) => {
    const state = folded(before, start);
    const seen = { ...state };
    expect(() => folded([act], state)).toThrow(
      expect.objectContaining({ code: 'bad-registry-entry', message: expect.stringContaining(reason) }),
    );
    expect(state).toEqual(seen);
  });

  it("a member's statement", () => {
    const record = create(MediaRecordSchema, { recordId: new Uint8Array(16), sha256: new Uint8Array(32) });
    const entry = decodeEntry(entryOf(HUB));
    entry.statement = { case: 'mediaRecord', value: record };
    expect(() => applyRegistryEntry(folded([HUB]), entry, ROOT.publicKey)).toThrow(
      'mediaRecord is not said in a registry',
    );
  });
});

describe('the registry', () => {
  it('cuts the log of a suspended member, and opens it again where it is reinstated', () => {
    const suspended = folded([HUB, admit('NL'), suspend('NL', cut('NL', 10))]);
    expect(member(suspended, 'NL')?.suspended).toBe(true);
    expect(place(suspended, 'NL')).toBe(10);
    const again = folded([reinstate('NL', cut('NL', 14))], suspended);
    expect(member(again, 'NL')).toMatchObject({ suspended: false, log: log('NL') });
    expect(again.logs.get(log('NL'))?.cut).toBeUndefined();
  });

  it('closes what is above the cut for good when the member goes on in its next log', () => {
    const state = folded([HUB, admit('NL'), suspend('NL', cut('NL', 10)), reinstate('NL', cut('NL.2', 0))]);
    expect(member(state, 'NL')).toMatchObject({ suspended: false, log: log('NL.2') });
    expect(place(state, 'NL')).toBe(10);
    expect(state.logs.get(log('NL.2'))).toMatchObject({ cut: undefined, key: secretsOf('NL').log.publicKey });
  });

  it('closes the log at a rotation and names the next one with the new key', () => {
    const state = folded([HUB, admit('NL'), rotate('NL', 'NL again', cut('NL', 10))]);
    expect(place(state, 'NL')).toBe(10);
    expect(state.logs.get(log('NL'))?.key).toEqual(secretsOf('NL').log.publicKey);
    expect(state.logs.get(log('NL.2'))?.key).toEqual(secretsOf('NL again').log.publicKey);
    expect(member(state, 'NL')?.keys.session).toEqual(secretsOf('NL again').session.publicKey);
  });

  it('keeps a suspended member out while it gets new keys, and then lets it go on', () => {
    const acts = [HUB, admit('NL'), suspend('NL', cut('NL', 10)), rotate('NL', 'NL again', cut('NL', 8))];
    const state = folded(acts);
    expect(member(state, 'NL')?.suspended).toBe(true);
    expect(place(state, 'NL')).toBe(8);
    expect(place(state, 'NL.2')).toBe(0);
    const again = folded([reinstate('NL', cut('NL.2', 0))], state);
    expect(again.logs.get(log('NL.2'))?.cut).toBeUndefined();
  });

  it("takes new keys of the hub by the root's word", () => {
    const state = folded([HUB, rotate(LYON, 'LYON again', cut('LYON', 0), ROOT.secretKey)]);
    expect(member(state, LYON)?.keys.session).toEqual(secretsOf('LYON again').session.publicKey);
  });

  it('begins anew with an epoch, with the earlier logs of each member closed', () => {
    const old = secretsOf('NL').log.publicKey;
    const state = folded(
      [
        epoch(),
        admit('NL', 'NL again', [past('NL', 7, old), past('NL.2', 0, secretsOf('NL second').log.publicKey)]),
      ],
      emptyRegistry(FEDERATION, 2),
    );
    expect(member(state, 'NL')?.log).toBe(log('NL.3'));
    expect(place(state, 'NL')).toBe(7);
    expect(state.logs.get(log('NL'))?.key).toEqual(old);
    expect(member(state, LYON)?.log).toBe(log('LYON.2'));
  });

  it('is the same for the same entries', () => {
    const acts = [
      HUB,
      admit('NL'),
      admit('BE'),
      suspend('NL', cut('NL', 3)),
      amend('BE', 'be.example:1'),
      schema(2),
    ];
    expect(folded(acts)).toEqual(folded(acts));
    expect(folded(acts)).toMatchObject({ schema: 2, size: 6 });
  });
});
