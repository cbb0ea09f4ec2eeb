// What members say beside records travels as records do, and counts where it may.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishedStatement, WatchedEntry } from '../../node/api.js';
import { aFederation, type Federation } from './federation.js';

const CHILD = '5f0c9a52-70f4-4a41-8c25-6d1d0f0f3c11';
const HASH = 'ab'.repeat(32);

describe('Australia and the Netherlands', () => {
  let federation: Federation;
  beforeAll(async () => {
    federation = await aFederation({ countries: ['AU', 'NL'] });
  });
  afterAll(() => federation.close());

  const say = (code: string, statement: object) => federation.say(code, statement);

  /** The entry of a log once the country has it. */
  async function entryAt(code: string, log: string, index: number): Promise<WatchedEntry | undefined> {
    await federation.sees(code, ({ logs }) =>
      logs.some(({ member, size }) => member === log && size > index),
    );
    const entries = await federation
      .node(code)
      .api.entries(index === 0 ? [] : [`${log}:${index - 1}`])
      .read(100);
    return entries.find((entry) => entry.member === log && entry.index === index);
  }

  it('hear of a child that was identified, with the place and the leaf hash of the entry', async () => {
    const said = await say('NL', { event: 'victim-identified', subject: CHILD, media: [HASH] });
    expect(said).toMatchObject({ outcome: 'taken', member: 'NL' });
    expect(await entryAt('AU', 'NL', said.index)).toMatchObject({
      entry: (said as PublishedStatement).entry,
      record: null,
      statement: { event: 'victim-identified', subject: `NL/${CHILD}`, media: [HASH] },
    });
  });

  it('see a record no more once it is taken back, by its place or by its id', async () => {
    for (const by of ['place', 'id']) {
      const md5 = (by === 'id' ? 'cd' : 'ce').repeat(16);
      const { index, recordId } = await federation.publish('NL', { md5 });
      const hash = { algorithm: 'md5' as const, hash: Buffer.from(md5, 'hex') };
      await entryAt('AU', 'NL', index);
      const records = async () => (await federation.node('AU').api.lookup([hash]))[0]?.records.length;
      await expect.poll(records).toBe(1);
      await say('NL', { retract: by === 'id' ? recordId : `NL:${index}`, reason: 'wrong-hash' });
      await expect.poll(records).toBe(0);
      // What was taken back may be published anew.
      const again = await federation.publish('NL', { md5 });
      expect(again.outcome).toBe('taken');
      await expect.poll(records).toBe(1);
    }
  });

  it('seal a lead for one another, which its reader hears at once', async () => {
    const lead = { event: 'victim-identified', subject: CHILD, media: [HASH] };
    const said = await say('NL', { ...lead, readers: ['AU'] });
    expect(said).toMatchObject({ outcome: 'taken', member: 'NL' });
    expect(await federation.hears('AU', ({ kind }) => kind === 'lead')).toMatchObject({
      from: 'NL',
      index: said.index,
      statement: { event: 'victim-identified', subject: `NL/${CHILD}`, media: [HASH], readers: ['AU'] },
    });
    expect((await federation.lyon.api.notices(1, 1000)).filter(({ kind }) => kind === 'lead')).toEqual([]);
  });

  it('seal a record, which hits what its reader has on record', async () => {
    const md5 = 'bc'.repeat(16);
    await federation.publish('AU', { md5 });
    const { index } = await say('NL', { md5, readers: ['AU'] });
    expect(await federation.nextHit('AU')).toMatchObject({ hash: md5, other: { member: 'NL', index } });
    const hash = { algorithm: 'md5' as const, hash: Buffer.from(md5, 'hex') };
    const found = async () =>
      (await federation.lyon.api.lookup([hash]))[0]?.records.map(({ member }) => member);
    await expect.poll(found).toEqual(['AU']);
  });

  it('are told at once what cannot be said, and nothing is published', async () => {
    const size = async () =>
      (await federation.node('NL').api.status()).logs.find(({ member }) => member === 'NL')?.size ?? 0;
    const before = await size();
    const refusals: [object, string][] = [
      [{ retract: 'AU:0', reason: 'wrong-hash' }, 'entry: AU:0 is not an entry of NL, who retracts it'],
      [{ retract: 'NL:5000', reason: 'wrong-hash' }, 'entry: NL:5000 is not an entry that this node has'],
      [{ retract: CHILD, reason: 'wrong-hash' }, `recordId: ${CHILD} is on none of our open records`],
      [{ assess: 'AU:5000', verdict: 'agree' }, 'entry: AU:5000 is not an entry that this node has'],
      [{ assess: 'NL:0', verdict: 'agree' }, "entry: NL:0 is the author's own; others assess it"],
      [{ event: 'assistance-given', answers: 'AU:5000' }, 'answers: AU:5000 is not an entry that this node'],
      [{ event: 'assistance-given', answers: 'AU:0' }, 'answers: AU:0 is not an event'],
      [{ event: 'victim-identified' }, 'victim-identified: needs a subject'],
      [
        { event: 'victim-identified', subject: `ZZ/${CHILD}`, series: `QQ/${CHILD}` },
        'subject: ZZ is not a member of this federation; series: QQ is not a member of this federation',
      ],
      [
        { link: 'depicts', from: HASH, to: `victim:ZZ/${CHILD}`, confidence: 'confirmed' },
        'to: ZZ is not a member of this federation',
      ],
      [{ assess: 'AU:0', verdict: 'agree', readers: ['FR'] }, 'FR is not a member'],
      [{ assess: 'AU:0', verdict: 'agree', readers: ['NL'] }, 'NL is the author, who can read it anyway'],
      [{ retract: 'NL:0', reason: 'wrong-hash', readers: ['AU'] }, 'readers: a retraction is for everybody'],
    ];
    for (const [statement, reason] of refusals) await expect(say('NL', statement)).rejects.toThrow(reason);
    const secret = await say('LYON', { event: 'victim-identified', subject: `NL/${CHILD}`, readers: ['AU'] });
    await federation.sees('NL', ({ logs }) =>
      logs.some(({ member, size }) => member === 'LYON' && size > secret.index),
    );
    await expect(say('NL', { event: 'assistance-given', answers: `LYON:${secret.index}` })).rejects.toThrow(
      `answers: LYON:${secret.index} cannot be read here`,
    );
    const retraction = await say('NL', { retract: 'NL:0', reason: 'entered-in-error' });
    await expect(say('NL', { retract: `NL:${retraction.index}`, reason: 'wrong-hash' })).rejects.toThrow(
      `entry: NL:${retraction.index} is a retraction, which cannot be retracted`,
    );
    expect(await size()).toBe(before + 1);
  });
});
