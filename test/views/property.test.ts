// The views are a function of the live entries: whatever happens in between (growth in any portions, cuts down
// and up, holes filled, days passing, restarts, rebuilds, purges), they end where a plain function of the logs ends.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logName, type MemberCode, shortLogName } from '../../node/names.js';
import { decodeEntry } from '../../node/statements/entry.js';
import { ALGORITHMS, hashText, type NamedHash } from '../../node/statements/hashes.js';
import { parseReference } from '../../node/statements/references.js';
import { isSealedEntry, type SealableStatement } from '../../node/statements/sealed-content.js';
import { statementToJson } from '../../node/statements/statement-json.js';
import { uuidText } from '../../node/statements/uuid.js';
import { entryKey } from '../../node/views/entry-key.js';
import { BATCH_ENTRIES } from '../../node/views/jobs.js';
import { openerOf } from '../../node/views/opener.js';
import type { Part } from '../../node/views/part.js';
import { parseThingKey, thingKeyText } from '../../node/views/thing-key.js';
import type { Entry } from '../../proto/gen/icse/v1/entry_pb.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';
import { admit, aRegistry, secretsOf } from '../registry/acts.js';
import { openInvestigations } from './connected-model.js';
import { liveEntries, type Placed } from './live-model.js';
import { expectedFrom } from './model.js';
import { entryOf, FEDERATION, hashOf, logOf, type RecordParts, recordIdOf, saidBy } from './records.js';
import { EAGER_BULK, Node, World } from './world.js';

const LOGS = ['NL', 'NL.2', 'AU', 'US'];
const WORDS = ['a/1', 'a/2', 'b'];
const SUBJECTS = [1, 2].flatMap((n) =>
  ['NL', 'AU', 'US'].map((member) => `${member}/00000000-0000-4000-8000-00000000000${n}`),
);
const REGISTRY = {
  ...(await aRegistry(['NL', 'AU', 'US', 'FR'].map((code) => admit(code)))).state,
  federation: FEDERATION,
};
/** What Australia opens. */
const OPEN = openerOf(FEDERATION, 'AU' as MemberCode, secretsOf('AU').sealing);
const ALL_HASHES: NamedHash[] = ALGORITHMS.flatMap((algorithm) =>
  WORDS.map((word) => hashOf(algorithm, word)),
);

const HASH_TEXTS = ALL_HASHES.map(({ algorithm, hash }) => hashText(algorithm, hash));

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

type Act =
  | { kind: 'say'; log: string; statements: object[] }
  | { kind: 'fillWithStatement'; log: string; index: number; statement: object }
  | { kind: 'publish'; log: string; records: (RecordParts | undefined)[] }
  | { kind: 'cut'; log: string; size: number }
  | { kind: 'fill'; log: string; index: number; record: RecordParts }
  | { kind: 'purge'; cutShort: boolean }
  | { kind: 'nextDay' | 'wake' | 'settle' | 'restart' | 'rebuild' };

const aLog = fc.constantFrom(...LOGS);
const anAct: fc.Arbitrary<Act> = fc.oneof(
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

async function perform(act: Act, world: World, node: Node): Promise<void> {
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

async function expectTheModel(world: World, node: Node): Promise<void> {
  await node.views.settled();
  const expected = await expectedFrom(world);
  const records = await node.views.lookup(ALL_HASHES);
  const overlaps = await node.views.overlaps(ALL_HASHES);
  for (const [i, { algorithm, hash }] of ALL_HASHES.entries()) {
    const text = `${algorithm} ${hashText(algorithm, hash)}`;
    const places = records[i]?.map(({ log, index }) => `${shortLogName(log)}:${index}`);
    expect(places).toEqual(expected.records.get(text) ?? []);
    expect(overlaps[i]).toEqual(expected.overlaps.get(text) ?? []);
  }
  expect(await node.views.figures()).toEqual(expected.figures);
  const leads = await readableLeads(world);
  const isSealed = ({ place }: { place: string }): boolean => leads.has(place);
  const readable = (await liveEntries(world)).map((one) => leads.get(one.place) ?? one);
  const investigations = openInvestigations(readable);
  const { all, members } = await node.views.tallies();
  expect({ all, members: Object.fromEntries(members) }).toEqual(expected.tallies);
  for (const thing of [...HASH_TEXTS, ...SUBJECTS]) {
    const part = await node.views.connections.part(parseThingKey(thing, 'NL' as MemberCode));
    const things = thingsOf(part);
    expect(things).toEqual(expected.connected.part(thing));
    const { open, sealed } = await node.views.connections.openings(part);
    const about = investigations.filter((one) => things.includes(one.about));
    const [hidden, plain] = [about.filter(isSealed), about.filter((one) => !isSealed(one))];
    expect(open.map(({ entry }) => entry)).toEqual(plain.map(({ place }) => place));
    expect(sealed.map(({ entry }) => entry).sort()).toEqual(hidden.map(({ place }) => place).sort());
  }
  expect(await talliesOf(node, expected.connected.tallies.keys())).toEqual(expected.connected.tallies);
}

/** Hashes, and subjects without their kinds, sorted. */
function thingsOf({ things }: Part): string[] {
  return [...things.keys()].map((key) => thingKeyText(key, undefined).replace('subject:', '')).sort();
}

async function talliesOf(node: Node, entries: Iterable<string>): Promise<Map<string, object>> {
  const keys = [...entries].map((entry) => [entry, entryKey(parseReference(entry)) as string] as const);
  const found = await node.views.connections.assessments(keys.map(([, key]) => key));
  return new Map(
    keys.map(([entry, key]) => {
      const who = (verdict: string): string[] =>
        (found.get(key) ?? []).flatMap((said) => (said.verdict === verdict ? [said.by] : []));
      return [entry, { agree: who('agree'), dispute: who('dispute') }];
    }),
  );
}

/** What is live, is sealed, and Australia can open, by place and as if it had been said openly. */
async function readableLeads(world: World): Promise<Map<string, Placed>> {
  const leads = (await liveEntries(world)).flatMap((one): Placed[] => {
    const { member, generation, index, entry } = one;
    const log = logName(FEDERATION, member as MemberCode, generation);
    const statement = isSealedEntry(entry) ? OPEN(entry, log, index) : undefined;
    return statement === undefined ? [] : [{ ...one, entry: { ...entry, statement } }];
  });
  return new Map(leads.map((one) => [one.place, one]));
}

/** Of what is live, what Australia can open is there, and found by its hashes. */
async function expectTheLeads(world: World, node: Node): Promise<void> {
  await node.views.settled();
  const expected = [...(await readableLeads(world)).values()];
  const shown = (place: string, statement: Entry['statement']): string =>
    `${place} ${JSON.stringify(statementToJson({ statement }))}`;
  const leads = (await node.leads()).map(({ place, statement }) => shown(place, statement));
  expect(leads.sort()).toEqual(
    expected.map(({ place, entry: { statement } }) => shown(place, statement)).sort(),
  );
  const found = await node.views.sealedRecordsWith(ALL_HASHES);
  for (const [i, { algorithm, hash }] of ALL_HASHES.entries()) {
    const bearing = expected.filter(
      ({ entry: { statement } }) =>
        statement.case === 'mediaRecord' && Buffer.compare(statement.value[algorithm], hash) === 0,
    );
    expect(found[i]?.map(({ log, index }) => `${shortLogName(log)}:${index}`).sort()).toEqual(
      bearing.map(({ place }) => place).sort(),
    );
  }
}

describe('the views', () => {
  it('end where a plain function of the live entries ends, on every node', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anAct, { maxLength: 25 }), async (acts) => {
        const world = new World();
        const node = await Node.start(world, { bulk: EAGER_BULK, open: OPEN });
        const late = await Node.start(world.inReverse());
        try {
          for (const act of acts) {
            await perform(act, world, node);
            if (act.kind === 'settle') await expectTheModel(world, node);
          }
          await expectTheModel(world, node);
          await expectTheLeads(world, node);
          const followed = await node.viewsDigest();
          expect(await late.viewsDigest()).toBe(followed);
          expect(await node.rebuiltDigest()).toBe(followed);
          await expectTheLeads(world, node);
        } finally {
          await node.stop();
          await late.stop();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('take back and follow again more than one batch of entries', async () => {
    const world = new World();
    const node = await Node.start(world);
    const size = BATCH_ENTRIES * 2 + 10;
    const record = (i: number): RecordParts | undefined =>
      i % 7 === 0
        ? undefined
        : { sha256: WORDS[i % 3] as string, id: `${i % 50}`, keepUntilDay: i % 3 === 0 ? 100 : 0 };
    world.publish('NL', ...Array.from({ length: size }, (_, i) => record(i)));
    world.publish('AU', { sha256: 'b' });
    await expectTheModel(world, node);
    world.today += 1;
    await expectTheModel(world, node);
    world.cut('NL', 5);
    await expectTheModel(world, node);
    world.cut('NL', size);
    await expectTheModel(world, node);
    const followed = await node.viewsDigest();
    expect(await node.rebuiltDigest()).toBe(followed);
    await node.stop();
  });
});
