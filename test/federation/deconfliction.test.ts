// Investigations that meet, told to whom it may be told, over real nodes.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeconflictionNotice } from '../../node/notices/notice.js';
import { aFederation, type Federation } from './federation.js';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const SERIES = `AU/${uuid(7)}`;
const ANOTHER = `AU/${uuid(8)}`;

let federation: Federation;
beforeAll(async () => {
  federation = await aFederation({ countries: ['AU', 'NL', 'FR'] });
});
afterAll(() => federation.close());

async function opens(code: string, n: number, series: string, readers: object = {}): Promise<void> {
  await federation.say(code, { event: 'investigation-opened', case: uuid(n), series, ...readers });
}

/** The first notice to the country that two investigations meet by the series. */
async function hearsOf(code: string, series: string): Promise<DeconflictionNotice> {
  const meet = (notice: { kind: string; thing?: unknown }): boolean =>
    notice.kind === 'deconfliction' && notice.thing === `series:${series}`;
  return (await federation.hears(code, meet)) as DeconflictionNotice;
}

it('Australia opens a case sealed for the Netherlands, which opens its own on the same series: both are told', async () => {
  await opens('AU', 1, SERIES, { readers: ['NL'] });
  await opens('NL', 2, SERIES);
  for (const code of ['NL', 'AU']) {
    expect((await hearsOf(code, SERIES)).cases).toEqual([
      { member: 'AU', case: uuid(1), entry: 'AU:0', sealed: true },
      { member: 'NL', case: uuid(2), entry: 'NL:0' },
    ]);
  }
});

it('Lyon and France, which cannot read the sealed one, are not told, and hear of what is open to all', async () => {
  await opens('AU', 3, ANOTHER);
  await opens('NL', 4, ANOTHER);
  await hearsOf('LYON', ANOTHER);
  // France has no part in it; a case of its own brings a notice that comes after whatever it might have been told before.
  await opens('FR', 5, ANOTHER);
  await hearsOf('FR', ANOTHER);
  for (const code of ['LYON', 'FR']) {
    const notices = await federation.node(code).api.notices(1, 1000);
    const told = notices.filter(({ kind }) => kind === 'deconfliction') as unknown as DeconflictionNotice[];
    expect(new Set(told.map(({ thing }) => thing))).toEqual(new Set([`series:${ANOTHER}`]));
    expect(JSON.stringify(notices)).not.toContain(uuid(1));
  }
});

it('the Netherlands is told what it knows after a new start, too, and not again', async () => {
  // What others opened before may still be on its way: it is told of each of these two once.
  for (const other of [3, 5]) {
    await federation.hears('NL', (notice) => {
      const text = JSON.stringify(notice);
      return notice.kind === 'deconfliction' && text.includes(uuid(4)) && text.includes(uuid(other));
    });
  }
  const before = (await federation.node('NL').api.notices(1, 1000)).filter(
    ({ kind }) => kind === 'deconfliction',
  );
  await federation.stop('NL');
  await opens('AU', 6, `AU/${uuid(9)}`, { readers: ['NL'] });
  await opens('AU', 7, `AU/${uuid(10)}`, { readers: ['NL'] });
  await federation.start('NL');
  await federation.sees('NL', ({ ready }) => ready);
  await opens('NL', 8, `AU/${uuid(10)}`);
  await hearsOf('NL', `AU/${uuid(10)}`);
  const after = (await federation.node('NL').api.notices(1, 1000)).filter(
    ({ kind }) => kind === 'deconfliction',
  );
  expect(after).toHaveLength(before.length + 1);
});

it('the views of all are equal', async () => {
  const entries = async (code: string): Promise<number> =>
    Object.values((await federation.node(code).api.views()).at).reduce((sum, size) => sum + size, 0);
  const codes = ['LYON', 'AU', 'NL', 'FR'];
  // Each has all of its own log: when all have as many entries, they have all.
  const sizes = async () => new Set(await Promise.all(codes.map(entries)));
  await expect.poll(async () => (await sizes()).size).toBe(1);
  const views = await Promise.all(codes.map((code) => federation.node(code).api.views()));
  expect(new Set(views.map(({ viewsDigest }) => viewsDigest)).size).toBe(1);
});
