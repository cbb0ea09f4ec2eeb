// Days and weeks pass in a federation that was made three weeks ago: records end, certificates are renewed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utcDay } from '../../node/clock.js';
import { parseHash } from '../../node/statements/hashes.js';
import { type HastyClock, hastyClock } from '../exchange/hasty-clock.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

const DAY_MS = 86_400_000;
const ALL = ['LYON', 'NL', 'AU'] as const;

describe('a federation made three weeks ago', () => {
  let federation: Federation;
  let clock: HastyClock;
  beforeAll(async () => {
    clock = hastyClock();
    // TLS goes by the machine's own clock: certificates must be good there now.
    clock.advance(-21 * DAY_MS);
    federation = await aFederation({ countries: ['NL', 'AU'], dial: { NL: ['AU'] }, clock, direct: true });
  });
  afterAll(() => federation.close());

  /** The digests, once all views have followed the log of the Netherlands to the size. */
  async function digestsAt(size: number): Promise<Set<string>> {
    const digests = ALL.map(async (code) => {
      for (;;) {
        const { at, viewsDigest } = await federation.node(code).api.views();
        const followed = Object.entries(at).find(([log]) => log.endsWith('/NL'))?.[1] ?? 0;
        if (followed >= size) return viewsDigest;
      }
    });
    return new Set(await Promise.all(digests));
  }

  it('looks up no record after the last day on which it may be kept, and its views stay equal', async () => {
    const [ending, staying] = [random(32), random(32)];
    const found = async (code: string) => {
      const hashes = [ending, staying].map((hash) => parseHash(Buffer.from(hash).toString('hex')));
      return (await federation.node(code).api.lookup(hashes)).map(({ records }) => records.length);
    };
    const today = utcDay(clock.now());
    await federation.node('NL').api.publish(aMediaRecord({ sha256: ending }), today);
    const { index } = await federation.node('NL').api.publish(aMediaRecord({ sha256: staying }), today + 1);
    await digestsAt(index + 1);
    for (const code of ALL) expect(await found(code)).toEqual([1, 1]);
    clock.advance(DAY_MS);
    for (const code of ALL)
      while ((await found(code)).join() !== '0,1') await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await digestsAt(index + 1)).size).toBe(1);
    await expect(
      federation.node('NL').api.publish(aMediaRecord({ sha256: ending }), today),
    ).rejects.toMatchObject({ code: 'rules-broken' });
  });

  it('renews its certificates while records are published: streams are handed over and nothing is dropped', async () => {
    const before = new Map<string, string>();
    for (const code of ALL) before.set(code, (await federation.node(code).api.status()).certificate.notAfter);
    const marks = new Map(ALL.map((code) => [code, federation.logOf(code).length]));
    let renewed = false;
    const publishing = (async () => {
      let last = 0;
      while (!renewed) last = (await federation.node('NL').api.publish(aMediaRecord(), 0)).index;
      return last;
    })();
    clock.advance(20 * DAY_MS);
    for (const code of ALL)
      await federation.sees(code, ({ certificate }) => certificate.notAfter > (before.get(code) ?? ''));
    const since = (code: (typeof ALL)[number]) => federation.logOf(code).slice(marks.get(code));
    // Each country dials anew under its new certificate: Lyon, and the Netherlands also Australia.
    while (
      since('NL').filter(({ event }) => event === 'linked').length < 2 ||
      since('AU').filter(({ event }) => event === 'linked').length < 2
    )
      await new Promise((resolve) => setTimeout(resolve, 5));
    renewed = true;
    const last = await publishing;
    for (const code of ALL) {
      await federation.sees(code, ({ logs, connections }) => {
        const size = logs.find(({ member }) => member === 'NL')?.size ?? 0;
        return size === last + 1 && connections.every(({ state }) => state === 'live');
      });
      const ends = since(code).filter(({ event }) => event === 'unlinked');
      expect(ends.length).toBeGreaterThan(0);
      for (const end of ends) expect(end.message).toMatch(/a newer stream of the same two nodes takes over/);
      expect(since(code).filter(({ level }) => level === 'error')).toEqual([]);
    }
    expect((await digestsAt(last + 1)).size).toBe(1);
  });
});
