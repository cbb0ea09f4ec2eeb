// Two members that have investigations open on what belongs together are told of each other, and the hub of both;
// once, in whatever order openings and links come in.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CASES_OF_A_MEMBER } from '../../node/notices/deconfliction.js';
import { hashText } from '../../node/statements/hashes.js';
import { hashOf, saidBy } from '../views/records.js';
import { World } from '../views/world.js';
import { Police } from './police.js';

const [VICTIM, OTHER_VICTIM] = [
  'NL/00000000-0000-4000-8000-000000000001',
  'NL/00000000-0000-4000-8000-000000000002',
];
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const sha256 = (word: string): string => hash('sha256', word);

function hash(algorithm: 'sha256' | 'md5', word: string): string {
  return hashText(algorithm, hashOf(algorithm, word).hash);
}

let world: World;
const forces = new Map<string, Police>();

beforeEach(async () => {
  world = new World();
  for (const member of ['AU', 'NL', 'US', 'LYON']) forces.set(member, await Police.of(member, world));
});
afterEach(async () => {
  for (const force of forces.values()) await force.retire();
});

function say(by: string, statement: object): void {
  world.publish(by, saidBy(by, statement));
}

function open(by: string, n: number, about: object): void {
  say(by, { event: 'investigation-opened', case: uuid(n), ...about });
}

/** Of each force what it hears, in short. */
async function heard(): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const [member, force] of forces) {
    const notices = await force.hears();
    all[member] = notices
      .filter(({ kind }) => kind === 'deconfliction')
      .map((notice) => {
        const { cases, thing } = notice as { cases?: unknown; thing?: unknown };
        const [one, other] = cases as { member: string; case: string; entry: string }[];
        return `${one?.entry} ${other?.entry} ${thing}`;
      });
  }
  return all;
}

describe('Australia, the Netherlands and Lyon hear, and nobody else', () => {
  const told = (text: string) => ({ AU: [text], NL: [text], US: [], LYON: [text] });

  it('that both investigate the same victim', async () => {
    open('NL', 1, { subject: VICTIM });
    open('AU', 2, { subject: VICTIM });
    expect(await heard()).toEqual(told(`AU:0 NL:0 subject:${VICTIM}`));
  });

  it('as programs read it', async () => {
    open('NL', 1, { subject: VICTIM });
    open('AU', 2, { subject: VICTIM });
    expect(await forces.get('AU')?.hears()).toEqual([
      {
        sequence: 1,
        kind: 'deconfliction',
        cases: [
          { member: 'AU', case: uuid(2), entry: 'AU:0' },
          { member: 'NL', case: uuid(1), entry: 'NL:0' },
        ],
        thing: `subject:${VICTIM}`,
        at: '1970-01-01T00:00:00.000Z',
      },
    ]);
  });

  it('when a link of a third member joins what they investigate', async () => {
    open('NL', 1, { subject: VICTIM });
    open('AU', 2, { media: [sha256('cat')] });
    expect(await heard()).toEqual({ AU: [], NL: [], US: [], LYON: [] });
    say('US', { link: 'depicts', from: sha256('cat'), to: `victim:${VICTIM}`, confidence: 'probable' });
    expect(await heard()).toEqual(told(`AU:0 NL:0 victim:${VICTIM}`));
  });

  it('when a record joins the hashes of which they know one each', async () => {
    open('NL', 1, { media: [sha256('cat')] });
    open('AU', 2, { media: [hash('md5', 'cat')] });
    expect(await heard()).toEqual({ AU: [], NL: [], US: [], LYON: [] });
    world.publish('US', { sha256: 'cat', md5: 'cat' });
    expect(await heard()).toEqual(told(`AU:0 NL:0 ${sha256('cat')}`));
  });

  it('when the record was there long before', async () => {
    world.publish('US', ...Array.from({ length: 2000 }, (_, i) => ({ sha256: `${i}`, md5: `${i}` })));
    await heard();
    open('NL', 1, { media: [sha256('1999')] });
    open('AU', 2, { media: [hash('md5', '1999')] });
    expect(await heard()).toEqual(told(`AU:0 NL:0 ${sha256('1999')}`));
  });

  it('when the record comes in a long log, among thousands that stand alone', async () => {
    open('NL', 1, { media: [sha256('1999')] });
    open('AU', 2, { media: [hash('md5', '1999')] });
    await heard();
    world.publish('US', ...Array.from({ length: 2000 }, (_, i) => ({ sha256: `${i}`, md5: `${i}` })));
    expect(await heard()).toEqual(told(`AU:0 NL:0 ${sha256('1999')}`));
  });

  it('when the owner of one of two victims confirms that they are the same', async () => {
    open('NL', 1, { subject: VICTIM });
    open('AU', 2, { subject: OTHER_VICTIM });
    say('US', {
      link: 'same-as',
      from: `victim:${VICTIM}`,
      to: `victim:${OTHER_VICTIM}`,
      confidence: 'confirmed',
    });
    expect(await heard()).toEqual({ AU: [], NL: [], US: [], LYON: [] });
    say('NL', { assess: 'US:0', verdict: 'agree' });
    expect(await heard()).toEqual(told(`AU:0 NL:0 victim:${VICTIM}`));
  });

  it('when a case that was closed turns out not to be', async () => {
    open('NL', 1, { subject: VICTIM });
    say('NL', { event: 'investigation-closed', case: uuid(1) });
    open('AU', 2, { subject: VICTIM });
    expect(await heard()).toEqual({ AU: [], NL: [], US: [], LYON: [] });
    say('NL', { retract: 'NL:1', reason: 'entered-in-error' });
    expect(await heard()).toEqual(told(`AU:0 NL:0 subject:${VICTIM}`));
  });

  it('also when they were off while the other opened, and never twice', async () => {
    open('NL', 1, { subject: VICTIM });
    open('AU', 2, { subject: VICTIM });
    const before = await heard();
    for (const force of forces.values()) {
      await force.node.restart();
      await force.node.views.rebuild();
    }
    say('US', { link: 'depicts', from: sha256('cat'), to: `victim:${VICTIM}`, confidence: 'probable' });
    expect(await heard()).toEqual(before);
    expect(before.AU).toHaveLength(1);
  });
});

describe('nobody hears', () => {
  it('of one member that has two cases on the same victim, nor of cases that are closed', async () => {
    open('NL', 1, { subject: VICTIM });
    open('NL', 2, { subject: VICTIM });
    say('NL', { event: 'investigation-closed', case: uuid(1) });
    say('NL', { event: 'investigation-closed', case: uuid(2) });
    open('AU', 3, { subject: VICTIM });
    expect(await heard()).toEqual({ AU: [], NL: [], US: [], LYON: [] });
  });

  it('of more than the first cases that a member opens on one thing', async () => {
    open('NL', 1, { subject: VICTIM });
    for (let n = 0; n < 3 * CASES_OF_A_MEMBER; n++) open('AU', 100 + n, { subject: VICTIM });
    expect((await heard()).NL).toHaveLength(CASES_OF_A_MEMBER);
  });
});

describe('whatever the order', () => {
  const acts: (() => [string, object])[] = [
    () => ['NL', { event: 'investigation-opened', case: uuid(1), subject: VICTIM }],
    () => ['AU', { event: 'investigation-opened', case: uuid(2), media: [sha256('cat')] }],
    () => ['US', { event: 'investigation-opened', case: uuid(3), media: [sha256('dog')] }],
    () => ['NL', { link: 'depicts', from: sha256('cat'), to: `victim:${VICTIM}`, confidence: 'possible' }],
    () => ['AU', { link: 'near-duplicate', from: sha256('cat'), to: sha256('dog'), confidence: 'possible' }],
  ];

  it('each pair of cases is told of once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        async (order, pauses) => {
          const another = new World();
          const lyon = await Police.of('LYON', another);
          for (const n of order) {
            const [by, statement] = (acts[n] as () => [string, object])();
            another.publish(by, saidBy(by, statement));
            if (pauses[n] === true) await lyon.node.views.settled();
            else lyon.node.views.wake();
          }
          const pairs = (await lyon.hears()).map((notice) => {
            const { cases } = notice as { cases?: unknown };
            return (cases as { member: string }[]).map(({ member }) => member).join(' ');
          });
          await lyon.retire();
          expect(pairs.sort()).toEqual(['AU NL', 'AU US', 'NL US']);
        },
      ),
      { numRuns: 25 },
    );
  });
});
