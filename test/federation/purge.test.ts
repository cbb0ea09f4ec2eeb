// A country takes back what it said: the bytes leave every home, and it can be shown that they have.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseHash } from '../../node/statements/hashes.js';
import { filesWith } from './everything.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const ALL = ['LYON', 'NL', 'AU', 'US'] as const;

/** The country takes back these entries; resolves with where the first retraction stands. */
async function takesBack(federation: Federation, code: string, targets: readonly string[]): Promise<number> {
  const said = [];
  for (const retract of targets) said.push(await federation.say(code, { retract, reason: 'court-order' }));
  return said[0]?.index ?? 0;
}

/** Resolves when the node has the country's log up to the size. */
function has(federation: Federation, code: string, member: string, size: number) {
  return federation.sees(code, ({ logs }) => (logs.find((log) => log.member === member)?.size ?? 0) >= size);
}

function logOf(status: Awaited<ReturnType<Federation['sees']>>, member: string) {
  return status.logs.find((log) => log.member === member);
}

describe('a record that its author takes back', () => {
  let federation: Federation;
  const sha256 = random(32);
  const updated = random(32);
  const staying = random(32);
  let digestsBefore: Set<string>;

  beforeAll(async () => {
    federation = await aFederation({ countries: ['NL', 'AU', 'US'] });
  });
  afterAll(() => federation.close());

  async function digests(): Promise<Set<string>> {
    const all = ALL.map(async (code) => (await federation.node(code).api.views()).viewsDigest);
    return new Set(await Promise.all(all));
  }

  async function everywhere(bytes: Uint8Array): Promise<string[]> {
    return (await Promise.all(ALL.map((code) => filesWith(federation.home(code), bytes)))).flat();
  }

  it('was on every disk, and in a notice', async () => {
    const recordId = random(16);
    await federation.node('NL').api.publish(aMediaRecord({ sha256 }), 0);
    await federation.node('NL').api.publish(aMediaRecord({ sha256: staying }), 0);
    await federation.node('NL').api.publish(aMediaRecord({ recordId, sha256: random(32) }), 0);
    await federation.node('NL').api.publish(aMediaRecord({ recordId, sha256: updated }), 0);
    await federation.node('AU').api.publish(aMediaRecord({ sha256 }), 0);
    expect(await federation.nextHit('AU')).toMatchObject({ hash: hex(sha256), other: { member: 'NL' } });
    for (const code of ALL) await has(federation, code, 'NL', 4);
    for (const bytes of [sha256, updated, staying])
      expect((await everywhere(bytes)).length).toBeGreaterThan(3);
    expect(await takesBack(federation, 'NL', ['NL:0', hexUuid(recordId)])).toBe(4);
    await takesBack(federation, 'AU', ['AU:0']);
  });

  function hexUuid(id: Uint8Array): string {
    return hex(id).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  it('is found by nobody once the retraction is there', async () => {
    for (const code of ALL) {
      await has(federation, code, 'NL', 6);
      await has(federation, code, 'AU', 2);
      const { api } = federation.node(code);
      const found = async () =>
        (await api.lookup([sha256, updated, staying].map((hash) => parseHash(hex(hash))))).map(
          ({ records }) => records.length,
        );
      while ((await found()).join() !== '0,0,1') await new Promise((resolve) => setTimeout(resolve, 5));
    }
    digestsBefore = await digests();
    expect(digestsBefore.size).toBe(1);
  });

  it('is purged by command: no file of any home has its hash any more', async () => {
    // A node whose connection has just caught up may have purged of itself.
    for (const code of ALL) expect(await federation.node(code).api.purge()).toMatchObject({ waiting: 0 });
    for (const bytes of [sha256, updated]) {
      expect(await everywhere(bytes)).toEqual([]);
      // Nor what an index goes by.
      expect(await everywhere(bytes.subarray(0, 8))).toEqual([]);
    }
    expect((await everywhere(staying)).length).toBeGreaterThan(3);
    for (const code of ALL) {
      const status = await federation.node(code).api.status();
      expect(logOf(status, 'NL')).toMatchObject({ size: 6, holes: 0, purged: 3, state: 'live' });
    }
    expect(await digests()).toEqual(digestsBefore);
    // Nothing is left to do.
    expect(await federation.node('AU').api.purge()).toMatchObject({ purged: 0 });
  });

  it('leaves its notice without the hash, in its place', async () => {
    const notices = await federation.node('AU').api.notices(1, 100);
    const hit = notices.find(({ kind }) => kind === 'hit');
    expect(hit).toMatchObject({ purged: true, algorithm: 'sha256', mine: { record: 'AU:0' } });
    expect(hit).not.toHaveProperty('hash');
    expect(notices.map(({ sequence }) => sequence)).toEqual(notices.map((_notice, at) => at + 1));
  });

  it('is gone by the word of each member, which its author can show', async () => {
    const confirmed = async () =>
      (await federation.node('NL').api.retractions()).map((retraction) => retraction.confirmed.join());
    while ((await confirmed()).join(' ') !== 'AU,LYON,US AU,LYON,US')
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await federation.node('NL').api.retractions()).toMatchObject([
      {
        retraction: 'NL:4',
        entry: 'NL:0',
        recordId: null,
        reason: 'court-order',
        pending: [],
        outOfReach: [],
      },
      { retraction: 'NL:5', entry: null, reason: 'court-order' },
    ]);
  });

  it('does not reach a country that joins later, which sees the same', async () => {
    await federation.welcome('FR');
    await has(federation, 'FR', 'NL', 6);
    const { api } = federation.node('FR');
    const same = async () => digestsBefore.has((await api.views()).viewsDigest);
    while (!(await same())) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await filesWith(federation.home('FR'), sha256)).toEqual([]);
    // Its holes are what Lyon says that they are, now that the retractions are there to vouch for it.
    expect(await api.purge()).toMatchObject({ purged: 0 });
    expect(logOf(await api.status(), 'NL')).toMatchObject({ size: 6, holes: 0, purged: 3 });
  });

  it('is purged by a country that was away as soon as it is back', async () => {
    await federation.stop('US');
    expect(await takesBack(federation, 'NL', ['NL:1'])).toBe(6);
    expect(await filesWith(federation.home('US'), staying)).not.toEqual([]);
    await federation.start('US');
    const confirmed = async () => (await federation.node('NL').api.retractions())[2]?.confirmed.join();
    while ((await confirmed())?.includes('US') !== true)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await filesWith(federation.home('US'), staying)).toEqual([]);
    await federation.sees('US', ({ ready }) => ready);
    digestsBefore = new Set<string>([(await federation.node('US').api.views()).viewsDigest]);
  });

  it('stays gone after a restart and when the views are built anew', async () => {
    await federation.stop('US');
    await federation.start('US');
    await federation.sees('US', ({ ready }) => ready);
    await federation.node('US').api.rebuildViews();
    expect(digestsBefore).toContain((await federation.node('US').api.views()).viewsDigest);
    expect(await filesWith(federation.home('US'), sha256)).toEqual([]);
  });
});
