// Records whose keeping ends, and retractions nobody purges by hand, in a federation that was made three weeks ago:
// days pass, and the bytes go by themselves; but never for their age while a clock may be wrong.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utcDay } from '../../node/clock.js';
import { type HastyClock, hastyClock } from '../exchange/hasty-clock.js';
import { saidBy } from '../views/records.js';
import { filesWith } from './everything.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';
import { appendOffline } from './offline.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const ALL = ['LYON', 'NL', 'AU'] as const;

describe('a federation in which days pass', () => {
  let federation: Federation;
  let clock: HastyClock;
  const ending = random(32);
  const retracted = random(32);

  beforeAll(async () => {
    clock = hastyClock();
    // TLS goes by the machine's own clock: certificates must be good there now.
    clock.advance(-21 * DAY_MS);
    federation = await aFederation({ countries: ['NL', 'AU'], clock, direct: true });
    const { api } = federation.node('NL');
    await api.publish(aMediaRecord({ sha256: ending }), utcDay(clock.now()));
    await api.publish(aMediaRecord({ sha256: retracted }), 0);
    for (const code of ALL) await seen(code, ({ size }) => size === 2);
  });
  afterAll(() => federation.close());

  /** Resolves when the node's copy of the log of the Netherlands fits. */
  async function seen(code: string, fits: (log: { size: number; holes: number; purged: number }) => boolean) {
    await federation.sees(code, ({ logs }) =>
      logs.some((log) => log.member === 'NL' && log.log === 'NL' && fits(log)),
    );
  }

  async function everywhere(bytes: Uint8Array): Promise<string[]> {
    return (await Promise.all(ALL.map((code) => filesWith(federation.home(code), bytes)))).flat();
  }

  it('drops what was retracted within a day, without being told to', async () => {
    await federation.stop('NL');
    const said = saidBy('NL', { retract: 'NL:1', reason: 'entered-in-error' });
    await appendOffline(federation.home('NL'), [said]);
    await federation.start('NL');
    for (const code of ALL) await seen(code, ({ size }) => size === 3);
    clock.advance(DAY_MS);
    for (const code of ALL) await seen(code, ({ purged }) => purged === 1);
    const confirmed = async () => (await federation.node('NL').api.retractions())[0]?.confirmed.join();
    while ((await confirmed()) !== 'AU,LYON') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await everywhere(retracted)).toEqual([]);
  });

  it('keeps for one day more what may no longer be kept', async () => {
    for (const code of ALL) {
      expect(await federation.node(code).api.purge()).toMatchObject({ purged: 0, waiting: 0 });
      expect(await filesWith(federation.home(code), ending)).not.toEqual([]);
    }
  });

  it('drops it then, once clocks were compared again', async () => {
    clock.advance(DAY_MS);
    for (const code of ['NL', 'AU']) await seen(code, ({ purged }) => purged === 2);
    // The hub dials nobody: it compares its clock when others come, and looks again soon.
    while (!(await federation.node('LYON').api.status()).logs.some(({ purged }) => purged === 2)) {
      clock.advance(11 * MINUTE_MS);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const code of ALL) await seen(code, ({ holes, purged }) => holes === 0 && purged === 2);
    // A purge under way looks through the files last.
    for (const code of ALL) await federation.node(code).api.purge();
    expect(await everywhere(ending)).toEqual([]);
  });

  it('drops nothing for its age at a node that has nobody to compare its clock with', async () => {
    const lonely = random(32);
    const { api } = federation.node('NL');
    await api.publish(aMediaRecord({ sha256: lonely }), utcDay(clock.now()));
    await federation.stop('LYON');
    await federation.stop('AU');
    clock.advance(3 * DAY_MS);
    while ((await api.purge()).waiting !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await filesWith(federation.home('NL'), lonely)).not.toEqual([]);
    await federation.start('LYON');
    await federation.sees('NL', ({ connections }) => connections.some(({ state }) => state === 'live'));
    expect(await api.purge()).toMatchObject({ purged: 1, holes: { expired: 1 }, waiting: 0 });
    expect(await filesWith(federation.home('NL'), lonely)).toEqual([]);
  });
});
