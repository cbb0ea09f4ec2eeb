// What members say beside records: the JSON form, and every rule, named with field and value.

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberCode } from '../../node/names.js';
import { checkEntryBytes, encodeEntry } from '../../node/statements/entry.js';
import type { Author } from '../../node/statements/references.js';
import { brokenRules } from '../../node/statements/rules.js';
import { BadStatement, statementFromJson, statementToJson } from '../../node/statements/statement-json.js';
import { isRetraction, isSealed } from '../../node/statements/statement-tag.js';
import {
  EventKind,
  HandlingSchema,
  IdentificationEventSchema,
  SealedSchema,
} from '../../proto/gen/icse/v1/entry_pb.js';
import { anEntry, anyEntry, bytesOf } from './samples.js';

const NL = 'NL' as MemberCode;
const AUTHOR: Author = { member: NL, generation: 2, index: 10 };
const CHILD = '5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11';
const CASE = '0b8e9a3e-0000-4000-8000-000000000001';
const HASH = 'ab'.repeat(32);
const MD5 = 'cd'.repeat(16);

/** The rules that what the Netherlands says breaks, at NL.2:10. */
function brokenBy(statement: object, author: Author | undefined = AUTHOR): string[] {
  return brokenRules(anEntry({ statement: statementFromJson(statement, NL).statement }), 'member', author);
}

describe('the JSON form of a statement', () => {
  it.each([
    {
      event: 'victim-identified',
      subject: `AU/${CHILD}`,
      media: [HASH, MD5],
      series: `NL/${CASE}`,
      case: CASE,
      answers: 'NL.2:5',
      keepUntil: '2030-12-31',
    },
    { event: 'investigation-closed', case: CASE },
    { link: 'depicts', from: HASH, to: `victim:NL/${CHILD}`, confidence: 'probable' },
    { link: 'taken-at', from: `series:NL/${CASE}`, to: `place:AU/${CHILD}`, confidence: 'possible' },
    { assess: 'AU:5', verdict: 'dispute', reason: 'wrong-hash' },
    { assess: 'AU.3:5', verdict: 'agree', keepUntil: '2030-12-31' },
    { retract: 'NL:5', reason: 'entered-in-error' },
    { retract: CHILD, reason: 'court-order' },
    { sha256: HASH, kind: 'image' },
  ])('is read and written back: %j', (json) => {
    const { statement, keepUntilDay } = statementFromJson(json, NL);
    const handling = create(HandlingSchema, { keepUntilDay });
    expect(statementToJson({ statement, handling })).toEqual(json);
    expect(brokenBy(json).filter((reason) => !reason.startsWith('recordId'))).toEqual([]);
  });

  it('takes a bare UUID for one of the writer, of the kind that the relation leads to', () => {
    const { statement } = statementFromJson(
      { link: 'taken-at', from: HASH, to: CHILD, confidence: 'confirmed' },
      NL,
    );
    expect(statementToJson({ statement })).toMatchObject({ to: `place:NL/${CHILD}` });
  });

  it('names who may read it, in order', () => {
    const { readers } = statementFromJson(
      { event: 'investigation-opened', readers: ['US', 'AU'], case: CASE, media: [HASH] },
      NL,
    );
    expect(readers).toEqual(['AU', 'US']);
  });

  it.each([
    ['text', 'a statement is a JSON object'],
    [{ event: 'holiday' }, 'event: "holiday", must be one of victim-identified, '],
    [{ event: 'victim-identified', subject: 'x' }, 'subject: "x", must be a UUID, or MEMBER/UUID'],
    [{ event: 'victim-identified', media: 'x' }, 'media: must be a list of hashes'],
    [{ event: 'victim-identified', note: 'x' }, 'unknown key "note" in an event'],
    [{ link: 'same-as', from: 'x', confidence: 'sure' }, 'from: "x", must be a hash, or victim:'],
    [{ link: 'same-as', from: 'x', confidence: 'sure' }, 'confidence: "sure", must be one of confirmed'],
    [{ assess: 'NL', verdict: 'agree' }, 'assess: "NL", must be a place such as NL:5'],
    [{ retract: 'x', reason: 'court-order' }, 'retract: "x", must be a place such as NL:5, or the UUID'],
    [{ retract: 'NL:1', reason: 'x' }, 'reason: "x", must be one of entered-in-error'],
    [{ retract: 'NL:1', reason: 'court-order', keepUntil: '2030-01-01' }, 'unknown key "keepUntil"'],
    [
      { event: 'investigation-closed', case: CASE, readers: [] },
      'readers: 0 given, must be a list of 1 to 64',
    ],
    [{ event: 'investigation-closed', case: CASE, readers: ['x'] }, 'readers: "x", must be a member code'],
  ])('is refused with the reason: %j', (json, reason) => {
    const read = (): unknown => statementFromJson(json, NL);
    expect(read).toThrow(BadStatement);
    expect(read).toThrow(reason);
  });

  it('of an event with thousands of media is refused in one sentence', () => {
    const read = () =>
      statementFromJson({ event: 'victim-identified', media: new Array(5000).fill('x') }, NL);
    expect(read).toThrow(/^not a statement: media: 5000 given, must be at most 16$/);
  });
});

describe('an event', () => {
  it.each([
    [{ event: 'victim-identified' }, 'victim-identified: needs a subject'],
    [
      { event: 'investigation-opened', case: CASE },
      'investigation-opened: needs a subject, a series or media',
    ],
    [{ event: 'investigation-opened', media: [HASH] }, 'investigation-opened: needs a case'],
    [{ event: 'assistance-asked' }, 'assistance-asked: needs a subject, a series or media'],
    [{ event: 'assistance-given' }, 'assistance-given: needs the entry that it answers'],
    [{ event: 'assistance-given', answers: 'NL.2:10' }, 'answers: NL.2:10 does not stand before this entry'],
    [{ event: 'assistance-asked', media: [HASH, HASH] }, `media: ${HASH} is given twice`],
    [
      { event: 'assistance-asked', media: ['d41d8cd98f00b204e9800998ecf8427e'] },
      'media md5: the hash of empty input',
    ],
  ])('is held to its rules: %j', (json, reason) => {
    expect(brokenBy(json)).toEqual([reason]);
  });

  it('is about at most 16 media, in order', () => {
    const event = (fields: MessageInitShape<typeof IdentificationEventSchema>) =>
      brokenRules(
        anEntry({
          statement: {
            case: 'event',
            value: create(IdentificationEventSchema, { kind: EventKind.ASSISTANCE_ASKED, ...fields }),
          },
        }),
        'member',
      );
    const media = (fill: number) => ({ hash: { case: 'sha256' as const, value: bytesOf(32, fill) } });
    expect(event({ media: [media(2), media(1)] })).toEqual([`media: ${'01'.repeat(32)} is out of order`]);
    expect(event({ media: Array.from({ length: 17 }, (_, i) => media(i + 1)) })).toEqual([
      'media: 17 given, must be at most 16',
    ]);
  });
});

describe('a link', () => {
  it.each([
    [
      { link: 'depicts', from: `series:${CHILD}`, to: CHILD },
      'from: a series is not depicts; one of media is',
    ],
    [
      { link: 'same-as', from: `victim:${CHILD}`, to: `place:${CASE}` },
      'to: a place, but a victim is same-as a victim only',
    ],
    [
      { link: 'near-duplicate', from: HASH, to: `victim:${CHILD}` },
      'to: near-duplicate leads to media, not to a victim',
    ],
    [{ link: 'same-as', from: CHILD, to: CHILD }, 'to: the same thing as from'],
  ])('joins what its relation joins: %j', (json, reason) => {
    expect(brokenBy({ ...json, confidence: 'confirmed' })).toEqual([reason]);
  });
});

describe('an assessment', () => {
  it('is of an entry of somebody else', () => {
    expect(brokenBy({ assess: 'NL:5', verdict: 'agree' })).toEqual([
      "entry: NL:5 is the author's own; others assess it",
    ]);
  });
});

describe('a retraction', () => {
  it('takes back what its author said before, and nothing else', () => {
    const retract = (place: string) => brokenBy({ retract: place, reason: 'wrong-hash' });
    expect(retract('AU:5')).toEqual(['entry: AU:5 is not an entry of NL, who retracts it']);
    expect(retract('NL.2:9')).toEqual([]);
    expect(retract('NL.2:10')).toEqual(['entry: NL.2:10 does not stand before this entry']);
    expect(retract('NL.3:1')).toEqual(['entry: NL.3:1 does not stand before this entry']);
    expect(retract('NL:500')).toEqual([]);
  });

  it('has no end', () => {
    const { statement } = statementFromJson({ retract: 'NL:5', reason: 'wrong-hash' }, NL);
    const handling = create(HandlingSchema, { keepUntilDay: 30_000 });
    expect(brokenRules(anEntry({ statement, handling }), 'member', AUTHOR)).toEqual([
      'handling: must be left out of a retraction',
    ]);
  });
});

describe('a sealed statement', () => {
  const sealed = (audience: string[], fields: MessageInitShape<typeof SealedSchema> = {}) =>
    brokenRules(
      anEntry({
        handling: create(HandlingSchema, { audience }),
        statement: {
          case: 'sealed',
          value: create(SealedSchema, {
            ephemeralKey: bytesOf(32, 1),
            wrappedKeys: Array.from({ length: audience.length + 1 }, () => bytesOf(48, 2)),
            ciphertext: bytesOf(256 + 16, 3),
            ...fields,
          }),
        },
      }),
      'member',
      AUTHOR,
    );

  it('is for named members, each once and in order, and has a key for each', () => {
    expect(sealed(['AU', 'US'])).toEqual([]);
    expect(sealed([])).toEqual(['audience: missing; a sealed statement is for named members']);
    expect(sealed(['US', 'AU'])).toEqual(['audience: AU is out of order']);
    expect(sealed(['AU', 'AU'])).toEqual(['audience: AU is named twice']);
    expect(sealed(['NL'])).toEqual(['audience: NL is the author, who can read it anyway']);
    expect(sealed(['AU'], { wrappedKeys: [bytesOf(48, 2)] })).toEqual([
      'wrappedKeys: 1, must be 2: one for each reader and the author',
    ]);
    expect(sealed(Array.from({ length: 65 }, (_, i) => `A${String.fromCharCode(65 + (i % 26))}`))[0]).toBe(
      'audience: 65 members named, must be at most 64',
    );
  });

  it('tells its length in steps alone', () => {
    expect(sealed(['AU'], { ciphertext: bytesOf(9 * 256 + 16, 3) })).toEqual([]);
    for (const length of [0, 16, 256, 300, 10 * 256 + 16]) {
      expect(sealed(['AU'], { ciphertext: bytesOf(length, 3) })).toEqual([
        `ciphertext: ${length} bytes, must be 16 and 1 to 9 times 256`,
      ]);
    }
  });
});

describe('the first bytes of an entry', () => {
  it('tell a retraction and a sealed statement, whatever the envelope', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        let bytes: Uint8Array;
        try {
          bytes = checkEntryBytes(encodeEntry(entry));
        } catch {
          return;
        }
        expect(isRetraction(bytes)).toBe(entry.statement.case === 'retraction');
        expect(isSealed(bytes)).toBe(entry.statement.case === 'sealed');
      }),
      { numRuns: 500 },
    );
  });
});
