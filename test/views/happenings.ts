// Whatever may happen to logs and to the views that follow them: growth in any portions, cuts down and up, holes filled,
// days passing, restarts, rebuilds, purges; as arbitraries of fast-check, and carried out on a world and a node.

import fc from 'fast-check';
import { expect } from 'vitest';
import type { MemberCode } from '../../node/names.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { ALGORITHMS, hashText, type NamedHash } from '../../node/statements/hashes.js';
import type { SealableStatement } from '../../node/statements/sealed-content.js';
import { uuidText } from '../../node/statements/uuid.js';
import { openerOf } from '../../node/views/opener.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';
import { admit, aRegistry, secretsOf } from '../registry/acts.js';
import { entryOf, FEDERATION, hashOf, logOf, type RecordParts, recordIdOf, saidBy } from './records.js';
import type { Node, World } from './world.js';

const LOGS = ['NL', 'NL.2', 'AU', 'US'];
export const WORDS = ['a/1', 'a/2', 'b'];
export const SUBJECTS = [1, 2].flatMap((n) =>
  ['NL', 'AU', 'US'].map((member) => `${member}/00000000-0000-4000-8000-00000000000${n}`),
);
const REGISTRY = {
  ...(await aRegistry(['NL', 'AU', 'US', 'FR'].map((code) => admit(code)))).state,
  federation: FEDERATION,
};
/** What Australia opens. */
export const OPEN = openerOf(FEDERATION, 'AU' as MemberCode, secretsOf('AU').sealing);
export const ALL_HASHES: NamedHash[] = ALGORITHMS.flatMap((algorithm) =>
  WORDS.map((word) => hashOf(algorithm, word)),
);

export const HASH_TEXTS = ALL_HASHES.map(({ algorithm, hash }) => hashText(algorithm, hash));

const aWord = fc.option(fc.constantFrom(...WORDS), { nil: undefined });
const aRecord: fc.Arbitrary<RecordParts> = fc
  .record({ sha256: aWord, sha1: aWord, md5: aWord, photodna: aWord, pdq: aWord })
  .chain((words) =>
    fc
      .record({
        id: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
        keepUntilDay: fc.constantFrom(0, 0, 0, 99, 100, 101, 102),
      })
      .map((rest) => {
        const known = Object.entries(words).filter(([, word]) => word !== undefined);
        return { ...(known.length === 0 ? { sha256: 'b' } : Object.fromEntries(known)), ...rest };
      }),
  );

/** Many records at once, most of which stand alone. */
const manyRecords: fc.Arbitrary<(RecordParts | undefined)[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ keepUntilDay: fc.constantFrom(0, 0, 99, 101) }) },
      { weight: 1, arbitrary: aRecord },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    { minLength: 20, maxLength: 70 },
  )
  .chain((records) =>
    fc
      .nat(1_000_000)
      .map((series) =>
        records.map((record, i): RecordParts | undefined =>
          record === undefined || 'id' in record
            ? record
            : { ...record, id: `${series}-${i}`, sha256: `${series}/${i}`, md5: `${series}/${i % 40}` },
        ),
      ),
  );

const aVictim = fc.constantFrom(...SUBJECTS).map((subject) => `victim:${subject}`);
const aHash = fc.constantFrom(...HASH_TEXTS);
const aKeepUntil = fc.constantFrom('1970-04-10', '1970-04-11', '1970-04-12');

/** Links of all forms, also those that need an owner's word. */
const aLink: fc.Arbitrary<object> = fc
  .oneof(
    fc.record({ link: fc.constant('depicts'), from: aHash, to: aVictim }),
    fc.record({ link: fc.constant('near-duplicate'), from: aHash, to: aHash }),
    fc.record({ link: fc.constant('same-as'), from: aVictim, to: aVictim }),
    fc.record({ link: fc.constant('same-as'), from: aVictim, to: aVictim }),
  )
  .filter(({ from, to }) => from !== to)
  .chain((link) =>
    fc
      .record({ keepUntil: aKeepUntil }, { requiredKeys: [] })
      .map((rest) => ({ ...link, confidence: 'probable', ...rest })),
  );

const aCase = fc.constantFrom('c1', 'c2').map((word) => uuidText(recordIdOf(word)));

const anInvestigation: fc.Arbitrary<object> = fc.record(
  {
    event: fc.constantFrom('investigation-opened', 'investigation-closed'),
    case: aCase,
    subject: fc.constantFrom(...SUBJECTS),
    keepUntil: aKeepUntil,
  },
  { requiredKeys: ['event', 'case', 'subject'] },
);

/** What one member says of its own logs and of the world, some of it sealed. */
const aStatement: fc.Arbitrary<object> = fc.oneof(
  fc.record({
    retract: fc
      .record({ later: fc.boolean(), index: fc.oneof(fc.nat(8), fc.nat(60)) })
      .map(({ later, index }) => ({ later, index })),
    reason: fc.constantFrom('wrong-hash', 'court-order'),
  }),
  fc.record({
    retract: fc.constantFrom('r1', 'r2', 'r3', 'r4').map((word) => uuidText(recordIdOf(word))),
    reason: fc.constant('entered-in-error'),
  }),
  fc.record({
    sealed: fc.oneof(aRecord, anInvestigation),
    to: fc.constantFrom('AU', 'US', 'NL'),
  }),
  fc.record(
    {
      event: fc.constantFrom('victim-identified', 'victim-safeguarded'),
      subject: fc.constantFrom(...SUBJECTS),
      media: fc.uniqueArray(aHash, { maxLength: 3 }),
      series: fc.constantFrom(...SUBJECTS),
      answers: fc.constantFrom('NL:0', 'AU:0', 'US:0'),
      keepUntil: aKeepUntil,
    },
    { requiredKeys: ['event', 'subject'] },
  ),
  anInvestigation,
  { weight: 4, arbitrary: aLink },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        assess: fc.record({ ofOthers: fc.nat(3), index: fc.nat(12) }),
        verdict: fc.constantFrom('agree', 'agree', 'dispute'),
        keepUntil: aKeepUntil,
      },
      { requiredKeys: ['assess', 'verdict'] },
    ),
  },
);

/** The bytes of a statement in the log named; retractions stand for places before them, or for nothing. */
function said(log: string, statement: object, size: number): Uint8Array {
  const member = log.split('.')[0] as string;
  const { assess } = statement as { assess?: { ofOthers: number; index: number } };
  if (assess !== undefined) {
    const others = LOGS.filter((other) => other.split('.')[0] !== member);
    return saidBy(member, {
      ...statement,
      assess: `${others[assess.ofOthers % others.length]}:${assess.index}`,
    });
  }
  if ('sealed' in statement) return sealedBy(member, statement as { sealed: object; to: string });
  const { retract } = statement as { retract?: string | { later: boolean; index: number } };
  if (typeof retract !== 'object') return saidBy(member, statement);
  const isLaterLog = log.includes('.');
  const place =
    isLaterLog && !retract.later
      ? `${member}:${retract.index}`
      : `${log}:${size === 0 ? 0 : retract.index % size}`;
  return saidBy(member, { ...statement, retract: place });
}

/** The record or event, sealed for another member. */
function sealedBy(member: string, { sealed, to }: { sealed: object; to: string }): Uint8Array {
  const open = 'event' in sealed ? saidBy(member, sealed) : entryOf(sealed);
  const { statement, handling } = decodeEntry(open);
  return aSealedEntry(REGISTRY, {
    from: member,
    to: [to === member ? 'FR' : to],
    statement: statement as SealableStatement,
    keepUntilDay: handling?.keepUntilDay ?? 0,
    now: 86_400,
  });
}

export type Act =
  | { kind: 'say'; log: string; statements: object[] }
  | { kind: 'fillWithStatement'; log: string; index: number; statement: object }
  | { kind: 'publish'; log: string; records: (RecordParts | undefined)[] }
  | { kind: 'cut'; log: string; size: number }
  | { kind: 'fill'; log: string; index: number; record: RecordParts }
  | { kind: 'purge'; cutShort: boolean }
  | { kind: 'nextDay' | 'wake' | 'settle' | 'restart' | 'rebuild' };

const aLog = fc.constantFrom(...LOGS);
export const anAct: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      log: aLog,
      records: fc.array(fc.option(aRecord, { nil: undefined, freq: 5 }), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), log: aLog, records: manyRecords }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      log: aLog,
      statements: fc.array(aStatement, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fillWithStatement' as const),
      log: aLog,
      index: fc.nat(8),
      statement: aStatement,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), log: aLog, size: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), log: aLog, size: fc.nat(200) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      log: aLog,
      index: fc.oneof(fc.nat(8), fc.nat(60)),
      record: aRecord,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('purge' as const), cutShort: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'nextDay' as const,
        'wake' as const,
        'wake' as const,
        'settle' as const,
        'settle' as const,
        'restart' as const,
        'rebuild' as const,
      ),
    }),
  },
);

export async function perform(act: Act, world: World, node: Node): Promise<void> {
  switch (act.kind) {
    case 'publish':
      return world.publish(act.log, ...act.records);
    case 'say':
      for (const statement of act.statements) {
        world.publish(act.log, said(act.log, statement, world.size(act.log)));
      }
      return;
    case 'fillWithStatement':
      if (world.isHole(act.log, act.index)) {
        world.fill(act.log, act.index, said(act.log, act.statement, act.index));
        node.views.wake([{ log: logOf(act.log), from: act.index, to: act.index + 1 }]);
      }
      return;
    case 'cut':
      return world.cut(act.log, act.size);
    case 'fill':
      // Bytes fill a hole once.
      if (world.isHole(act.log, act.index)) {
        world.fill(act.log, act.index, act.record);
        node.views.wake([{ log: logOf(act.log), from: act.index, to: act.index + 1 }]);
      }
      return;
    case 'purge': {
      const before = await node.viewsDigest();
      await node.purge(act.cutShort);
      expect(await node.viewsDigest()).toBe(before);
      return;
    }
    case 'nextDay':
      world.today += 1;
      return;
    case 'wake':
      return node.views.wake();
    case 'settle':
      return await node.views.settled();
    case 'restart':
      return await node.restart();
    case 'rebuild':
      return await node.views.rebuild();
  }
}
