// A country is suspended with a cut below what others hold and count: what it is told, what the others count,
// and what everybody is told once.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notice } from '../../node/api.js';
import { parseHash } from '../../node/statements/hashes.js';
import { type HastyClock, hastyClock } from '../exchange/hasty-clock.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the Netherlands, suspended with a cut at 2 after they published 4 records', () => {
  const hashes = [0, 1, 2, 3].map(() => random(32));
  let federation: Federation;
  let clock: HastyClock;

  beforeAll(async () => {
    clock = hastyClock();
    federation = await aFederation({ countries: ['NL', 'AU', 'US'], clock });
    for (const sha256 of hashes) await federation.node('NL').api.publish(aMediaRecord({ sha256 }), 0);
    for (const code of ['LYON', 'AU', 'US']) await followed(code, 'NL', 4);
    // What counted once and is taken back, and what others know of it.
    await federation.node('AU').api.publish(aMediaRecord({ sha256: hashes[3] as Uint8Array }), 0);
    await federation.node('AU').api.publish(aMediaRecord({ sha256: hashes[1] as Uint8Array }), 0);
    await federation.hears('AU', ({ kind, hash }) => kind === 'hit' && hash === hex(hashes[1] as Uint8Array));
    await federation.lyon.api.hub?.suspend({ member: 'NL', at: 2, appendAlone: false, reason: 'a theft' });
  });
  afterAll(() => federation.close());

  /** The views once they count so many entries of a log. */
  async function followed(code: string, log: string, size: number): Promise<string> {
    for (;;) {
      const { at, viewsDigest, views } = await federation.node(code).api.views();
      const [, counted] = Object.entries(at).find(([name]) => name.endsWith(`/${log}`)) ?? ['', 0];
      if (counted === size && views.every(({ behind }) => behind === 0)) return viewsDigest;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async function found(code: string): Promise<string[][]> {
    const answers = await federation.node(code).api.lookup(hashes.map((hash) => parseHash(hex(hash))));
    return answers.map(({ records }) => records.map(({ member }) => member));
  }

  const isAct = (notice: Notice, code: string, what: string): boolean => {
    const { kind, member, act } = notice as { kind: string; member?: unknown; act?: unknown };
    return kind === 'member' && member === code && act === what;
  };
  const acts = (notices: readonly Notice[]) =>
    notices
      .filter(({ kind }) => kind === 'member')
      .map((notice) => notice as { member?: unknown; act?: unknown })
      .map(({ member, act }) => `${member} ${act}`);

  it('are refused at publishing with the reason, while look-ups go on', async () => {
    const { api } = federation.node('NL');
    const status = await federation.sees('NL', ({ ready }) => !ready);
    expect(status.why).toBe('NL is suspended by the hub');
    expect(status.connections).toMatchObject([
      { member: 'LYON', state: 'refused', direction: null, why: 'NL is suspended by the hub' },
    ]);
    await expect(api.publish(aMediaRecord(), 0)).rejects.toMatchObject({
      code: 'suspended',
      message: 'publishing is refused: NL is suspended by the hub',
    });
    expect((await found('NL'))[0]).toEqual(['NL']);
    expect(status.logs.find(({ member }) => member === 'AU')).toMatchObject({
      state: 'off',
      why: 'nobody who has it is connected',
    });
  });

  it('count up to the cut at all others, who had more, and at a country that came later, alike', async () => {
    await federation.welcome('FR');
    const digests = await Promise.all(['LYON', 'AU', 'US', 'FR'].map((code) => followed(code, 'NL', 2)));
    await federation.sees('FR', ({ logs }) => logs.some(({ member, size }) => member === 'AU' && size === 2));
    digests[3] = await followed('FR', 'AU', 2);
    expect(new Set(digests).size).toBe(1);
    for (const code of ['LYON', 'AU', 'US', 'FR'])
      expect(await found(code)).toEqual([['NL'], ['AU', 'NL'], [], ['AU']]);
    const { logs } = await federation.node('AU').api.status();
    expect(logs.find(({ member }) => member === 'NL')).toMatchObject({
      state: 'off',
      why: 'closed at 2',
      size: 4,
    });
  });

  it('are told of once to each country, over a restart and rebuilt views', async () => {
    await federation.hears('AU', (notice) => isAct(notice, 'NL', 'suspended'));
    await federation.hears('AU', (notice) => isAct(notice, 'FR', 'admitted'));
    await federation.stop('AU');
    await federation.start('AU');
    await federation.sees('AU', ({ ready }) => ready);
    await federation.node('AU').api.rebuildViews();
    const told = await federation.node('AU').api.notices(1, 1000);
    expect(acts(told).toSorted()).toEqual([
      'AU admitted',
      'FR admitted',
      'LYON admitted',
      'NL admitted',
      'NL suspended',
      'US admitted',
    ]);
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, at) => at + 1));
    const ids = told
      .filter(({ kind }) => kind === 'hit')
      .map(({ mine, other }) => JSON.stringify([mine, other]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('go on in their next log once they are reinstated, publish anew what was cut off, and all count alike', async () => {
    const done = await federation.lyon.api.hub?.reinstate({
      member: 'NL',
      accept: false,
      appendAlone: false,
    });
    expect(done?.log).toBe('NL.2');
    // A member that was refused dials again after ten seconds.
    clock.advance(10_000);
    await federation.sees('NL', ({ ready, logs }) => ready && logs.some(({ log }) => log === 'NL.2'));
    const again = await federation
      .node('NL')
      .api.publish(aMediaRecord({ sha256: hashes[3] as Uint8Array }), 0);
    expect(again).toMatchObject({ outcome: 'taken', index: 0, log: 'NL.2' });
    const all = ['LYON', 'AU', 'US', 'FR', 'NL'];
    for (const code of all) await followed(code, 'NL', 2);
    const digests = await Promise.all(all.map((code) => followed(code, 'NL.2', 1)));
    expect(new Set(digests).size).toBe(1);
    expect(await found('NL')).toEqual([['NL'], ['AU', 'NL'], [], ['AU', 'NL']]);
    const [answer] = await federation
      .node('AU')
      .api.lookup([{ algorithm: 'sha256', hash: hashes[3] as Uint8Array }]);
    expect(answer?.records.map(({ member, log, index }) => [member, log, index])).toContainEqual([
      'NL',
      'NL.2',
      0,
    ]);
  });
});
