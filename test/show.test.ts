// What the federation knows of one thing, as plain values.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MemberCode } from '../node/names.js';
import { MAX_SHOWN_RECORDS, showThing } from '../node/show.js';
import { hashText } from '../node/statements/hashes.js';
import { MAX_THINGS } from '../node/views/part.js';
import { STATEMENTS_OF_A_MEMBER } from '../node/views/standing-joins.js';
import { parseThingKey } from '../node/views/thing-key.js';
import { hashOf, saidBy } from './views/records.js';
import { Node, World } from './views/world.js';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const [NL_VICTIM, AU_VICTIM] = [`victim:NL/${uuid(1)}`, `victim:AU/${uuid(2)}`];
const CAT = hashText('sha256', hashOf('sha256', 'cat').hash);
const CAT_MD5 = hashText('md5', hashOf('md5', 'cat').hash);
const MADE_AT = '1970-01-01T00:00:01.000Z';

let world: World;
let node: Node;

beforeEach(async () => {
  world = new World();
  node = await Node.start(world);
});
afterEach(async () => {
  await node.stop();
});

function say(by: string, ...statements: object[]): void {
  const member = by.split('.')[0] as string;
  for (const statement of statements) world.publish(by, saidBy(member, statement));
}

async function show(thing: string, me = 'NL') {
  await node.views.settled();
  return showThing(node.views.connections, parseThingKey(thing, me as MemberCode));
}

const names = (shown: { nodes: readonly { thing: string }[] }): string[] =>
  shown.nodes.map(({ thing }) => thing).sort();

describe('what is known of a thing', () => {
  it('is by whom, since when and how sure', async () => {
    world.publish('NL', { sha256: 'cat', md5: 'cat', id: 'cat' });
    say('AU', { link: 'depicts', from: CAT_MD5, to: NL_VICTIM, confidence: 'probable' });
    say('NL', { event: 'victim-identified', subject: `NL/${uuid(1)}` });
    say(
      'US',
      { assess: 'AU:0', verdict: 'dispute', reason: 'wrong-subject' },
      { assess: 'NL:0', verdict: 'agree' },
    );
    const shown = await show(CAT);
    expect(shown).toMatchObject({
      thing: CAT,
      nodes: [
        { thing: CAT, kind: 'media', algorithm: 'sha256' },
        { thing: CAT_MD5, kind: 'media', algorithm: 'md5' },
        { thing: NL_VICTIM, kind: 'victim' },
      ],
      edges: [
        {
          from: CAT_MD5,
          to: NL_VICTIM,
          relation: 'depicts',
          confidence: 'probable',
          by: 'AU',
          entry: 'AU:0',
          madeAt: MADE_AT,
          counts: true,
          assessments: { agree: [], dispute: ['US'] },
        },
        {
          from: CAT,
          to: CAT_MD5,
          relation: 'same-file',
          confidence: null,
          by: 'NL',
          entry: 'NL:0',
          counts: true,
        },
      ],
      records: [{ member: 'NL', index: 0, madeAt: MADE_AT, assessments: { agree: ['US'], dispute: [] } }],
      events: [
        { kind: 'victim-identified', subject: `NL/${uuid(1)}`, by: 'NL', entry: 'NL:1', madeAt: MADE_AT },
      ],
      assessments: [
        {
          entry: 'AU:0',
          by: 'US',
          verdict: 'dispute',
          reason: 'wrong-subject',
          assessment: 'US:0',
          madeAt: MADE_AT,
        },
        { entry: 'NL:0', by: 'US', verdict: 'agree', reason: null, assessment: 'US:1', madeAt: MADE_AT },
      ],
    });
    expect(shown).not.toHaveProperty('truncated');
  });

  it('is the same from wherever it is asked', async () => {
    world.publish('NL', { sha256: 'cat', md5: 'cat' });
    say('AU', { link: 'depicts', from: CAT_MD5, to: NL_VICTIM, confidence: 'probable' });
    const all = names(await show(CAT));
    expect(all).toEqual([CAT, CAT_MD5, NL_VICTIM].sort());
    expect(names(await show(CAT_MD5))).toEqual(all);
    expect(names(await show(NL_VICTIM))).toEqual(all);
    // A bare UUID is the node's own subject, of whatever kind.
    expect(names(await show(uuid(1)))).toEqual(all);
    expect(names(await show(`suspect:NL/${uuid(1)}`))).toEqual(all);
  });

  it('is nothing where nobody has said anything', async () => {
    expect(await show(uuid(9), 'AU')).toEqual({
      thing: `subject:AU/${uuid(9)}`,
      nodes: [],
      edges: [],
      records: [],
      events: [],
      assessments: [],
      leads: [],
    });
  });

  it('is not joined by a third who says that two victims are one, until an owner agrees, and no longer than that', async () => {
    const claim = { link: 'same-as', from: NL_VICTIM, to: AU_VICTIM, confidence: 'confirmed' };
    say('AU', { assess: 'US:0', verdict: 'agree' });
    say('US', claim);
    expect(names(await show(NL_VICTIM))).toEqual([AU_VICTIM, NL_VICTIM]);
    say('AU', { assess: 'US:0', verdict: 'dispute' });
    const shown = await show(NL_VICTIM);
    expect(names(shown)).toEqual([NL_VICTIM]);
    expect(shown.edges).toMatchObject([{ to: AU_VICTIM, counts: false }]);
    say('AU', { retract: 'AU:1', reason: 'entered-in-error' });
    expect(names(await show(NL_VICTIM))).toEqual([AU_VICTIM, NL_VICTIM]);
    say('AU', { retract: 'AU:0', reason: 'entered-in-error' });
    expect(names(await show(NL_VICTIM))).toEqual([NL_VICTIM]);
    say('NL', claim);
    expect(names(await show(NL_VICTIM))).toEqual([AU_VICTIM, NL_VICTIM]);
  });

  it('is not joined by a hash of which a stronger one says that it is of two files', async () => {
    world.publish('NL', { sha256: 'cat', md5: 'same' });
    const same = hashText('md5', hashOf('md5', 'same').hash);
    expect(names(await show(CAT))).toEqual([same, CAT].sort());
    world.publish('AU', { sha256: 'dog', md5: 'same' });
    const shown = await show(CAT);
    expect(names(shown)).toEqual([CAT]);
    expect(shown.edges).toMatchObject([{ from: CAT, to: same, counts: false }]);
  });

  it('reads as a thread: what answers what, and the case from its opening to its closing', async () => {
    say('NL', { event: 'investigation-opened', case: uuid(5), subject: `NL/${uuid(1)}` });
    say('NL', { event: 'assistance-asked', case: uuid(5), subject: `NL/${uuid(1)}` });
    say('AU', { event: 'assistance-given', answers: 'NL:1' });
    say('US', { event: 'assistance-given', answers: 'AU:0' });
    say('NL', { event: 'investigation-closed', case: uuid(5) });
    const { events } = await show(NL_VICTIM);
    expect(events.map(({ entry, kind, answers }) => `${entry} ${kind} ${answers ?? ''}`).sort()).toEqual([
      'AU:0 assistance-given NL:1',
      'NL:0 investigation-opened ',
      'NL:1 assistance-asked ',
      'NL:2 investigation-closed ',
      'US:0 assistance-given AU:0',
    ]);
    expect((await show(NL_VICTIM)).events.find(({ entry }) => entry === 'NL:2')?.case).toBe(uuid(5));
  });

  it('has an end, and says so: a chain that is too long', async () => {
    const hash = (n: number): string => n.toString(16).padStart(64, '0');
    const chain = Array.from({ length: MAX_THINGS + 10 }, (_, n) => ({
      link: 'near-duplicate',
      from: hash(n + 1),
      to: hash(n + 2),
      confidence: 'possible',
    }));
    say('US', ...chain);
    const shown = await show(hash(1));
    expect(shown.nodes).toHaveLength(MAX_THINGS);
    expect(shown.truncated).toBe(true);
    // From the middle both ends are within reach of half as many.
    expect((await show(hash(MAX_THINGS + 5))).nodes.map(({ thing }) => thing)).toContain(
      hash(MAX_THINGS + 11),
    );
  });

  it('counts the first things that a member says of one thing, however many it says', async () => {
    const hash = (n: number): string => n.toString(16).padStart(64, '0');
    const flood = Array.from({ length: STATEMENTS_OF_A_MEMBER + 44 }, (_, n) => ({
      link: 'depicts',
      from: hash(n + 1),
      to: NL_VICTIM,
      confidence: 'possible',
    }));
    say('US', ...flood);
    say('AU', { link: 'depicts', from: CAT, to: NL_VICTIM, confidence: 'confirmed' });
    const shown = await show(CAT);
    expect(shown.nodes).toHaveLength(1 + 1 + STATEMENTS_OF_A_MEMBER);
    expect(shown.truncated).toBe(true);
    // What does not count at the victim joins nothing at its other end either.
    const beyond = await show(hash(STATEMENTS_OF_A_MEMBER + 1));
    expect(beyond).toMatchObject({ nodes: [{}], edges: [{ counts: false }] });
    // It moves up when one of the first goes.
    say('US', { retract: 'US:0', reason: 'entered-in-error' });
    expect((await show(hash(STATEMENTS_OF_A_MEMBER + 1))).nodes).toHaveLength(2 + STATEMENTS_OF_A_MEMBER);
    expect((await show(hash(1))).nodes).toEqual([]);
  });

  it('shows the first records of many', async () => {
    const members = Array.from({ length: 9 }, (_, n) => `M${String.fromCharCode(65 + n)}`);
    for (const member of members) {
      world.publish(member, ...Array.from({ length: 64 }, (_, n) => ({ sha256: 'cat', id: `${n}` })));
    }
    const { records, truncated } = await show(CAT);
    expect(records).toHaveLength(MAX_SHOWN_RECORDS);
    expect(truncated).toBe(true);
  });
});
