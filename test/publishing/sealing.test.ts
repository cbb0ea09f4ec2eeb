import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotOpened } from '../../node/keys/sealing.js';
import type { LogName, MemberCode } from '../../node/names.js';
import { BadReaders, sealStatement, type ToSeal } from '../../node/publishing/sealing.js';
import type { RegistryState } from '../../node/registry/state.js';
import { buildEntry, RulesBroken } from '../../node/statements/build.js';
import { decodeEntry, MAX_ENTRY_BYTES } from '../../node/statements/entry.js';
import {
  isSealedEntry,
  type SealableStatement,
  type SealedEntry,
} from '../../node/statements/sealed-content.js';
import { openerOf } from '../../node/views/opener.js';
import {
  AssessmentSchema,
  EntryReferenceSchema,
  EventKind,
  IdentificationEventSchema,
  LinkSchema,
  MediaHashSchema,
  SubjectSchema,
  ThingSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { random } from '../exchange/random.js';
import { admit, aRegistry, cut, FEDERATION, log, secretsOf, suspend } from '../registry/acts.js';
import { aRecord } from '../statements/samples.js';

const NL = { member: 'NL' as MemberCode, generation: 1 };
const codes = (...texts: string[]) => texts as MemberCode[];
const REGISTRY = (
  await aRegistry([...['NL', 'AU', 'FR', 'US', 'BE'].map((code) => admit(code)), suspend('BE', cut('BE', 0))])
).state;
const RECORD: SealableStatement = { case: 'mediaRecord', value: aRecord() };

function sealing(changes: Partial<ToSeal> = {}): ToSeal {
  return {
    statement: RECORD,
    readers: codes('AU', 'FR'),
    author: NL,
    now: 1_800_000_000,
    registry: REGISTRY,
    random,
    ...changes,
  };
}

const sealedBytes = (changes: Partial<ToSeal> = {}) => buildEntry(sealStatement(sealing(changes)));
const sealedEntry = (changes: Partial<ToSeal> = {}) => decodeEntry(sealedBytes(changes)) as SealedEntry;

function opened(entry: SealedEntry, reader: string, at = log('NL'), federation = FEDERATION) {
  return openerOf(federation, reader as MemberCode, secretsOf(reader).sealing)(entry, at, 7);
}

const subject = (member: string) => create(SubjectSchema, { member, id: random(16) });
const entryAt = (member: string, index: bigint) =>
  create(EntryReferenceSchema, { member, generation: 1, index });
const STATEMENTS: readonly SealableStatement[] = [
  RECORD,
  {
    case: 'event',
    value: create(IdentificationEventSchema, { kind: EventKind.VICTIM_IDENTIFIED, subject: subject('NL') }),
  },
  {
    case: 'link',
    value: create(LinkSchema, {
      from: create(ThingSchema, { thing: { case: 'victim', value: subject('NL') } }),
      relation: 1,
      to: create(ThingSchema, { thing: { case: 'victim', value: subject('AU') } }),
      confidence: 1,
    }),
  },
  {
    case: 'assessment',
    value: create(AssessmentSchema, { entry: entryAt('AU', 3n), verdict: 2, reason: 1 }),
  },
];

describe('a sealed statement', () => {
  it('is read by every named reader and by its author, whatever kind of statement it is', () => {
    for (const statement of STATEMENTS) {
      const entry = sealedEntry({ statement, keepUntilDay: 25_000 });
      expect(entry.handling).toMatchObject({ audience: ['AU', 'FR'], keepUntilDay: 25_000 });
      for (const reader of ['AU', 'FR', 'NL']) expect(opened(entry, reader)).toEqual(statement);
    }
  });

  it('is read by nobody else, Lyon among them', () => {
    const entry = sealedEntry();
    for (const other of ['US', 'LYON', 'BE']) {
      expect(opened(entry, other)).toBeUndefined();
      // With a name that is not its own, it has the wrong key.
      for (const named of codes('AU', 'FR', 'NL')) {
        const open = openerOf(FEDERATION, named, secretsOf(other).sealing);
        expect(() => open(entry, log('NL'), 7)).toThrow(NotOpened);
      }
    }
  });

  it('does not open when any bit of the entry is another, for no reader', () => {
    const bytes = sealedBytes();
    let read = 0;
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = new Uint8Array(bytes);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        const entry = decodedOrNothing(changed);
        if (entry === undefined) return;
        read++;
        for (const reader of ['AU', 'FR', 'NL']) {
          expect(opensOrNothing(entry, reader)).toBeUndefined();
        }
      }),
      { numRuns: 400 },
    );
    expect(read).toBeGreaterThan(200);
  });

  it("cannot be passed off as another's, in another federation, for others, or with another salt, time or end", () => {
    const entry = sealedEntry({ keepUntilDay: 25_000 });
    const handling = (changes: object) => ({ ...entry, handling: { ...entry.handling, ...changes } });
    const other = 'ef'.repeat(32) as typeof FEDERATION;
    expect(opened(entry, 'AU')).toBeDefined();
    // Another log of the same author is that of the same member.
    expect(opened(entry, 'AU', log('NL.2'))).toBeDefined();
    expect(() => opened(entry, 'AU', log('US'))).toThrow(NotOpened);
    expect(() => opened(entry, 'AU', `icse/${other}/NL` as LogName, other)).toThrow(NotOpened);
    for (const changed of [
      handling({ audience: ['AU', 'US'] }),
      handling({ audience: ['AU'] }),
      handling({ keepUntilDay: 25_001 }),
      { ...entry, salt: random(16) },
      { ...entry, madeAt: entry.madeAt + 1n },
    ]) {
      expect(() => opened(changed as SealedEntry, 'AU')).toThrow(NotOpened);
    }
  });

  it('names at most 64 readers, and fits an entry with all of them and the longest content', async () => {
    const all = Array.from(
      { length: 65 },
      (_, i) => `X${String.fromCharCode(65 + (i % 26), 65 + Math.floor(i / 26))}`,
    );
    const registry = (await aRegistry(['NL', ...all].map((code) => admit(code)))).state;
    const statement = longest();
    const bytes = sealedBytes({ registry, readers: codes(...all.slice(0, 64)), statement });
    expect(bytes.length).toBeLessThan(MAX_ENTRY_BYTES);
    const entry = decodeEntry(bytes) as SealedEntry;
    for (const reader of [all[0], all[63], 'NL'] as string[])
      expect(opened(entry, reader)).toEqual(statement);
    expect(() => sealStatement(sealing({ registry, readers: codes(...all) }))).toThrow(
      '65 readers are named, and at most 64 can be',
    );
  });

  it('has 2 KiB of content at most, and keeps the rules of an open one', () => {
    const media = Array.from({ length: 16 }, (_, i) => photodna(i));
    const value = create(IdentificationEventSchema, { kind: EventKind.ASSISTANCE_ASKED, media });
    expect(reasonsOf(() => sealStatement(sealing({ statement: { case: 'event', value } })))).toEqual([
      expect.stringMatching(/^content: \d+ bytes, must be at most 2048$/),
    ]);
    const bad = create(AssessmentSchema, { entry: entryAt('NL', 3n) });
    expect(
      reasonsOf(() => sealStatement(sealing({ statement: { case: 'assessment', value: bad } }))),
    ).toEqual(["entry: NL:3 is the author's own; others assess it", 'verdict: missing']);
  });

  it('is sealed for members alone that are admitted, each once; the reasons name the others', () => {
    const readers = codes('AU', 'BE', 'NL', 'ZZ', 'AU');
    expect(reasonsOf(() => sealStatement(sealing({ readers })))).toEqual([
      'AU is named twice',
      'BE is suspended',
      'NL is the author, who can read it anyway',
      'ZZ is not a member',
    ]);
    expect(reasonsOf(() => sealStatement(sealing({ readers: [] })))).toEqual(['no reader is named']);
    const registry: RegistryState = { ...REGISTRY, members: new Map(REGISTRY.members) };
    (registry.members as Map<MemberCode, unknown>).delete('NL' as MemberCode);
    expect(reasonsOf(() => sealStatement(sealing({ registry })))).toEqual(['NL is not yet in the registry']);
  });
});

const photodna = (fill: number) =>
  create(MediaHashSchema, { hash: { case: 'photodna', value: new Uint8Array(144).fill(fill + 1) } });

/** An event of nearly 2 KiB. */
function longest(): SealableStatement {
  const media = Array.from({ length: 13 }, (_, i) => photodna(i));
  const value = create(IdentificationEventSchema, { kind: EventKind.ASSISTANCE_ASKED, media });
  return { case: 'event', value };
}

function reasonsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof BadReaders || error instanceof RulesBroken) return error.reasons;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The entry, when the bytes are canonical and still sealed. */
function decodedOrNothing(bytes: Uint8Array): SealedEntry | undefined {
  try {
    const entry = decodeEntry(bytes);
    return isSealedEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function opensOrNothing(entry: SealedEntry, reader: string): unknown {
  try {
    return opened(entry, reader);
  } catch (error) {
    if (error instanceof NotOpened) return undefined;
    throw error;
  }
}
