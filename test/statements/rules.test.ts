import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildEntry, RulesBroken } from '../../node/statements/build.js';
import { parseDay } from '../../node/statements/day.js';
import { decodeEntry, EntryTooLarge, encodeEntry, MAX_ENTRY_BYTES } from '../../node/statements/entry.js';
import { brokenRules } from '../../node/statements/rules.js';
import {
  type Entry,
  HandlingSchema,
  type MediaKind,
  type MediaRecord,
  type MimeType,
} from '../../proto/gen/icse/v1/entry_pb.js';
import {
  AdmitSchema,
  AmendSchema,
  type Cut,
  CutSchema,
  EpochSchema,
  MemberKeysSchema,
  QuotaSchema,
  ReinstateSchema,
  RotateSchema,
  SchemaChangeSchema,
  SuspendSchema,
} from '../../proto/gen/icse/v1/registry_pb.js';
import { anEntry, anyEntry, aRecord, bytesOf, sameBytes } from './samples.js';

const NOW = 1_800_000_000;
const FEDERATION = 'f'.repeat(64);

function recordFaults(fields: Parameters<typeof aRecord>[0]): string[] {
  return brokenRules(anEntry({ statement: { case: 'mediaRecord', value: aRecord(fields) } }), 'member');
}

function actFaults(statement: Entry['statement']): string[] {
  return brokenRules(anEntry({ statement }), 'registry');
}

const digest = (algorithm: string) => new Uint8Array(createHash(algorithm).digest());
const keys = create(MemberKeysSchema, {
  log: bytesOf(32, 1),
  receipt: bytesOf(32, 2),
  session: bytesOf(32, 3),
  sealing: bytesOf(32, 4),
});
const quota = create(QuotaSchema, { entries: 10n, bytes: 10n });
const cutOf = (name: string, size = 5n) =>
  create(CutSchema, { log: `icse/${FEDERATION}/${name}`, size, root: bytesOf(32, 9) });

describe('the rules of an entry', () => {
  test('a good record breaks none', () => {
    expect(brokenRules(anEntry(), 'member')).toEqual([]);
  });

  test('all broken rules are told at once', () => {
    const entry = anEntry({ salt: bytesOf(3, 1), schema: 2, madeAt: 0n, statement: { case: undefined } });
    expect(brokenRules(entry, 'member')).toEqual([
      'salt: 3 bytes, must be 16',
      'schema: 2, must be 1',
      'madeAt: 0, must be after 1970 and before 2200, in seconds',
      'statement: missing',
    ]);
  });

  test('any entry at all is judged without a throw', () => {
    fc.assert(
      fc.property(anyEntry, fc.constantFrom('member' as const, 'registry' as const), (entry, where) => {
        for (const reason of brokenRules(entry, where)) expect(reason.length).toBeLessThan(300);
      }),
    );
  });

  test('a member says nothing in the registry, and the registry nothing in a member log', () => {
    expect(brokenRules(anEntry(), 'registry')).toEqual([
      "mediaRecord: a member's statement, not for the registry",
    ]);
    const statement = { case: 'schemaChange', value: create(SchemaChangeSchema, { schema: 2 }) } as const;
    expect(brokenRules(anEntry({ statement }), 'member')).toEqual([
      "schemaChange: a statement of the registry, not for a member's log",
    ]);
  });

  test.each<[string, Partial<Omit<MediaRecord, '$typeName'>>, string]>([
    [
      'without a hash',
      { sha256: bytesOf(0, 0) },
      'no hash: at least one of sha256, sha1, md5, pdq, photodna',
    ],
    ['with a short hash', { sha256: bytesOf(31, 1) }, 'sha256: 31 bytes, must be 32'],
    ['with a short PhotoDNA', { photodna: bytesOf(143, 1) }, 'photodna: 143 bytes, must be 144'],
    ['of an empty file by SHA-256', { sha256: digest('sha256') }, 'sha256: the hash of empty input'],
    ['of an empty file by SHA-1', { sha1: digest('sha1') }, 'sha1: the hash of empty input'],
    ['of an empty file by MD5', { md5: digest('md5') }, 'md5: the hash of empty input'],
    ['without an id', { recordId: bytesOf(0, 0) }, 'recordId: 0 bytes, must be 16'],
    ['with a quality of nothing', { pdqQuality: 50 }, 'pdq quality: 50 without a pdq hash'],
    [
      'with a quality over 100',
      { pdq: bytesOf(32, 1), pdqQuality: 101 },
      'pdq quality: 101, must be 0 to 100',
    ],
    ['of more than 2^50 bytes', { size: 2n ** 50n + 1n }, 'size: 1125899906842625 bytes, must be at most'],
    ['of an unknown kind', { kind: 7 as MediaKind }, 'kind: unknown value 7'],
    ['of an unknown type', { mime: 99 as MimeType }, 'mime: unknown value 99'],
    ['with a short series', { series: bytesOf(4, 1) }, 'series: 4 bytes, must be 16'],
    ['with flags out of order', { flags: [2, 1] }, 'flags: victim-identified is out of order'],
    ['with a flag twice', { flags: [1, 1] }, 'flags: victim-identified is given twice'],
    ['with an unspecified flag', { flags: [0] }, 'flags: unknown value 0'],
    ['with thousands of flags', { flags: Array(4000).fill(1) }, 'flags: 4000 given, must be at most 6'],
  ])('a record %s is refused', (_what, fields, reason) => {
    expect(recordFaults(fields)).toEqual([expect.stringContaining(reason)]);
  });

  test('a classification has scheme and code, each of its pattern', () => {
    const classification = { $typeName: 'icse.v1.Classification', scheme: '', code: 'a name' } as const;
    expect(recordFaults({ classification })).toEqual([
      expect.stringMatching(/^classification scheme: "", must be/),
      expect.stringMatching(/^classification code: "a name", must be/),
    ]);
  });

  test('an audience other than all must be sealed', () => {
    const handling = create(HandlingSchema, { audience: ['NL'] });
    expect(brokenRules(anEntry({ handling }), 'member')).toEqual([
      'audience: 1 members named, but an audience other than all must be sealed',
    ]);
  });

  test('a handling that says nothing has no place in the one encoding', () => {
    const handling = create(HandlingSchema);
    expect(brokenRules(anEntry({ handling }), 'member')).toEqual([
      'handling: present but says nothing, must be left out',
    ]);
  });

  test('a keep-until past the year 9999 is refused, and one that has passed is none of our business', () => {
    const withDay = (keepUntilDay: number) =>
      brokenRules(anEntry({ handling: create(HandlingSchema, { keepUntilDay }) }), 'member');
    expect(withDay(3_000_000)).toEqual(['keepUntil: day 3000000, must be at most 2932896 (9999-12-31)']);
    expect(withDay(1)).toEqual([]);
  });
});

describe('the rules of the registry', () => {
  const good: Entry['statement'][] = [
    { case: 'admit', value: create(AdmitSchema, { member: 'NL', keys, address: 'node.nl:7443', quota }) },
    { case: 'admit', value: create(AdmitSchema, { member: 'EUROPOL', keys, address: '', quota }) },
    { case: 'amend', value: create(AmendSchema, { member: 'NL', address: '[2001:db8::1]:443' }) },
    { case: 'amend', value: create(AmendSchema, { member: 'NL', address: '' }) },
    { case: 'suspend', value: create(SuspendSchema, { member: 'NL', cut: cutOf('NL') }) },
    { case: 'reinstate', value: create(ReinstateSchema, { member: 'NL', resume: cutOf('NL.2') }) },
    { case: 'rotate', value: create(RotateSchema, { member: 'NL', keys, cut: cutOf('NL') }) },
    {
      case: 'rotate',
      value: create(RotateSchema, {
        member: 'LYON',
        keys,
        cut: cutOf('LYON'),
        rootSignature: bytesOf(64, 1),
      }),
    },
    { case: 'schemaChange', value: create(SchemaChangeSchema, { schema: 2 }) },
    {
      case: 'epoch',
      value: create(EpochSchema, {
        previous: cutOf('registry'),
        keys,
        address: '10.0.0.1:7443',
        rootSignature: bytesOf(64, 1),
      }),
    },
  ];

  test.each(good.map((statement) => [statement.case, statement] as const))(
    'a good %s breaks none',
    (_case, statement) => {
      expect(actFaults(statement)).toEqual([]);
    },
  );

  test('an admission names every fault', () => {
    const bad = create(MemberKeysSchema, {
      log: bytesOf(31, 1),
      receipt: bytesOf(32, 2),
      session: bytesOf(32, 2),
    });
    const value = create(AdmitSchema, {
      member: 'UK',
      keys: bad,
      address: 'node.nl',
      quota: create(QuotaSchema),
    });
    expect(actFaults({ case: 'admit', value })).toEqual([
      'member: member code UK is not in ISO 3166-1; write GB',
      'keys.log: 31 bytes, must be 32',
      'keys.session: the same as keys.receipt',
      'keys.sealing: 0 bytes, must be 32',
      'address: "node.nl", must be host:port, with an IPv6 address in [ ]',
      'quota.entries: 0, must be at least 1',
      'quota.bytes: 0, must be at least 1',
    ]);
  });

  test('an admission needs keys and quota', () => {
    expect(actFaults({ case: 'admit', value: create(AdmitSchema, { member: 'NL' }) })).toEqual([
      'keys: missing',
      'quota: missing',
    ]);
  });

  test.each([
    'node.nl:0',
    'node.nl:65536',
    ':443',
    'a b:443',
    'node.nl:0443',
    '2001:db8::1:443',
    `${'a'.repeat(254)}:1`,
  ])('the address %s is refused', (address) => {
    const value = create(AmendSchema, { member: 'NL', address });
    expect(actFaults({ case: 'amend', value })).toEqual([expect.stringMatching(/^address: /)]);
  });

  test('an amendment changes something', () => {
    expect(actFaults({ case: 'amend', value: create(AmendSchema, { member: 'NL' }) })).toEqual([
      'amend: changes neither address nor quota',
    ]);
  });

  test('a cut is in the log of its member, and has a root', () => {
    const suspend = (cut: Cut | undefined) =>
      actFaults({
        case: 'suspend',
        value: create(SuspendSchema, cut === undefined ? { member: 'NL' } : { member: 'NL', cut }),
      });
    expect(suspend(undefined)).toEqual(['cut: missing']);
    expect(suspend(cutOf('BE'))).toEqual(['cut.log: the log of BE, must be that of "NL"']);
    expect(suspend(cutOf('registry'))).toEqual(['cut.log: the log of a registry, must be that of "NL"']);
    expect(suspend(cutOf('nl'))).toEqual([expect.stringMatching(/^cut\.log: .* is not the name of a log$/)]);
    expect(suspend(cutOf('NL', 0n))).toEqual(['cut.root: of size 0, must be the root of the empty tree']);
    expect(suspend(cutOf('NL', 2n ** 60n))).toEqual([
      expect.stringMatching(/^cut\.size: 1152921504606846976/),
    ]);
    const rootless = cutOf('NL');
    rootless.root = bytesOf(5, 5);
    expect(suspend(rootless)).toEqual(['cut.root: 5 bytes, must be 32']);
  });

  test('the root signs when the keys of the hub change, and only then', () => {
    const rotate = (member: string, rootSignature: Uint8Array<ArrayBuffer>) =>
      actFaults({
        case: 'rotate',
        value: create(RotateSchema, { member, keys, cut: cutOf(member), rootSignature }),
      });
    expect(rotate('LYON', bytesOf(0, 0))).toEqual(['rootSignature: 0 bytes, must be 64']);
    expect(rotate('NL', bytesOf(64, 1))).toEqual(['rootSignature: only where the keys of LYON change']);
  });

  test('an act of the registry never ends', () => {
    const handling = create(HandlingSchema, { keepUntilDay: 30_000 });
    const statement = { case: 'schemaChange', value: create(SchemaChangeSchema, { schema: 2 }) } as const;
    expect(brokenRules(anEntry({ handling, statement }), 'registry')).toEqual([
      'handling: must be left out in the registry',
    ]);
    expect(actFaults({ case: 'schemaChange', value: create(SchemaChangeSchema) })).toEqual([
      'schema: 0, must be at least 1',
    ]);
  });
});

describe('making an entry', () => {
  const statement = { case: 'mediaRecord', value: aRecord() } as const;

  test('gives bytes that decode to the statement, with salt, schema and time', () => {
    const bytes = buildEntry({ statement, keepUntilDay: 30_000, now: NOW + 0.9, random: sameBytes });
    const entry = decodeEntry(bytes);
    expect(entry).toMatchObject({ salt: bytesOf(16, 7), schema: 1, madeAt: BigInt(NOW), statement });
    expect(entry.handling?.keepUntilDay).toBe(30_000);
    expect(brokenRules(entry, 'member')).toEqual([]);
  });

  test('refuses a statement that breaks rules, naming each', () => {
    const bad = { case: 'mediaRecord', value: aRecord({ sha256: bytesOf(31, 1), pdqQuality: 3 }) } as const;
    const build = () => buildEntry({ statement: bad, now: NOW, random: sameBytes });
    expect(build).toThrow(RulesBroken);
    expect(build).toThrow(
      expect.objectContaining({
        code: 'rules-broken',
        reasons: ['sha256: 31 bytes, must be 32', 'pdq quality: 3 without a pdq hash'],
      }),
    );
  });

  test('refuses to publish what has ended already', () => {
    const build = (day: string) => () =>
      buildEntry({ statement, keepUntilDay: parseDay(day) ?? 0, now: NOW, random: sameBytes });
    expect(build('2027-01-14')).toThrow('keepUntil: 2027-01-14 is in the past');
    expect(build('2027-01-15')).not.toThrow();
  });
});

describe('the bytes of an entry', () => {
  test('are at most 8 KiB, made or read', () => {
    const large = anEntry({ salt: bytesOf(MAX_ENTRY_BYTES, 1) });
    expect(() => encodeEntry(large)).toThrow(EntryTooLarge);
    expect(() => decodeEntry(bytesOf(MAX_ENTRY_BYTES + 1, 0))).toThrow(
      'an entry of 8193 bytes; at most 8192',
    );
  });

  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
      }),
    );
  });
});
