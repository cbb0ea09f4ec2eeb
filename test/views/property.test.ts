// The views are a function of the live entries: whatever happens in between (growth in any portions, cuts down
// and up, holes filled, days passing, restarts, rebuilds, purges), they end where a plain function of the logs ends.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortLogName } from '../../node/names.js';
import { ALGORITHMS, hashText, type NamedHash } from '../../node/statements/hashes.js';
import { uuidText } from '../../node/statements/uuid.js';
import { BATCH_ENTRIES } from '../../node/views/jobs.js';
import { expectedFrom } from './model.js';
import { hashOf, logOf, type RecordParts, recordIdOf, saidBy } from './records.js';
import { EAGER_BULK, Node, World } from './world.js';

const LOGS = ['NL', 'NL.2', 'AU', 'US'];
const WORDS = ['a/1', 'a/2', 'b'];
const SUBJECTS = ['NL/00000000-0000-4000-8000-000000000001', 'AU/00000000-0000-4000-8000-000000000001'];
const ALL_HASHES: NamedHash[] = ALGORITHMS.flatMap((algorithm) =>
  WORDS.map((word) => hashOf(algorithm, word)),
);

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

/** What one member says of its own log and of the world: events, and retractions of places and of record ids. */
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
  fc.record(
    {
      event: fc.constantFrom('victim-identified', 'victim-safeguarded'),
      subject: fc.constantFrom(...SUBJECTS),
      keepUntil: fc.constantFrom('1970-04-10', '1970-04-11', '1970-04-12'),
    },
    { requiredKeys: ['event', 'subject'] },
  ),
);

/** The bytes of a statement in the log named; retractions stand for places before them, or for nothing. */
function said(log: string, statement: object, size: number): Uint8Array {
  const member = log.split('.')[0] as string;
  const { retract } = statement as { retract?: string | { later: boolean; index: number } };
  if (typeof retract !== 'object') return saidBy(member, statement);
  const isLaterLog = log.includes('.');
  const place =
    isLaterLog && !retract.later
      ? `${member}:${retract.index}`
      : `${log}:${size === 0 ? 0 : retract.index % size}`;
  return saidBy(member, { ...statement, retract: place });
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
}

describe('the views', () => {
  it('end where a plain function of the live entries ends, on every node', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anAct, { maxLength: 25 }), async (acts) => {
        const world = new World();
        const node = await Node.start(world, { bulk: EAGER_BULK });
        const late = await Node.start(world.inReverse());
        try {
          for (const act of acts) {
            await perform(act, world, node);
            if (act.kind === 'settle') await expectTheModel(world, node);
          }
          await expectTheModel(world, node);
          const followed = await node.viewsDigest();
          expect(await late.viewsDigest()).toBe(followed);
          expect(await node.rebuiltDigest()).toBe(followed);
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
