import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notice } from '../../node/api.js';
import { parseHash } from '../../node/statements/hashes.js';
import { aFederation, aMediaRecord, type Federation, random } from './federation.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('a federation of Lyon, Australia, the United States and the Netherlands', () => {
  let federation: Federation;
  beforeAll(async () => {
    federation = await aFederation({ countries: ['AU', 'US', 'NL'], dial: { NL: ['AU'] } });
  });
  afterAll(() => federation.close());

  it('tells Australia when the United States publishes what Australia has, and the other way round', async () => {
    const sha256 = random(32);
    const first = await federation.node('AU').api.publish(aMediaRecord({ sha256 }), 0);
    await federation.node('US').api.publish(aMediaRecord({ sha256 }), 0);
    const fits = ({ kind, hash }: { kind: string; hash?: unknown }): boolean =>
      kind === 'hit' && hash === hex(sha256);
    expect(await federation.hears('AU', fits)).toMatchObject({
      algorithm: 'sha256',
      mine: { record: `AU:${first.index}` },
      other: { member: 'US', index: 0 },
    });
    expect(await federation.hears('US', fits)).toMatchObject({
      mine: { record: 'US:0' },
      other: { member: 'AU', index: first.index },
    });
  });

  it('answers a record that stands already with known, at the same place', async () => {
    const record = aMediaRecord();
    const [first, ...others] = await Promise.all(
      [1, 2, 3].map(() => federation.node('NL').api.publish(record, 0)),
    );
    expect(first?.outcome).toBe('taken');
    for (const other of others) expect(other).toEqual({ ...first, outcome: 'known' });
    expect(await federation.node('NL').api.publish(record, 0)).toEqual({ ...first, outcome: 'known' });
  });

  it('takes the same id with other content as an update, which alone is found from then on', async () => {
    const recordId = random(16);
    const [before, after] = [random(32), random(32)];
    await federation.node('AU').api.publish(aMediaRecord({ recordId, sha256: before }), 0);
    const update = await federation.node('AU').api.publish(aMediaRecord({ recordId, sha256: after }), 0);
    expect(update.outcome).toBe('taken');
    await federation.sees(
      'US',
      ({ logs }) => (logs.find(({ member }) => member === 'AU')?.size ?? 0) > update.index,
    );
    const { api } = federation.node('US');
    await viewsHave(federation, 'US', 'AU', update.index);
    const [old, fresh] = await api.lookup([parseHash(hex(before)), parseHash(hex(after))]);
    expect(old?.records).toEqual([]);
    expect(fresh?.records).toMatchObject([{ member: 'AU', index: update.index }]);
  });

  it('matches a holding against what comes and what is there, and no byte of it leaves the node', async () => {
    const [coming, there] = [random(32), random(32)];
    await federation.node('US').api.publish(aMediaRecord({ sha256: there }), 0);
    const known = await federation.node('US').api.publish(aMediaRecord(), 0);
    await viewsHave(federation, 'NL', 'US', known.index);
    const held = [coming, there].map((hash) => ({ hashes: [parseHash(hex(hash))], label: 'CASE-7' }));
    expect(await federation.node('NL').api.addHoldings(held)).toEqual({ taken: 2, known: 0 });
    const hitOn = (hash: Uint8Array) => (notice: Notice) =>
      notice.kind === 'hit' && notice.hash === hex(hash);
    expect(await federation.hears('NL', hitOn(there))).toMatchObject({ mine: { holding: 'CASE-7' } });

    const secret = random(32);
    await federation.node('NL').api.addHoldings([{ hashes: [parseHash(hex(secret))], label: 'CASE-8' }]);
    for (const code of ['LYON', 'AU', 'US'])
      expect(await filesThatHave(federation.home(code), secret)).toEqual([]);
    expect((await filesThatHave(federation.home('NL'), secret)).length).toBeGreaterThan(0);

    await federation.node('AU').api.publish(aMediaRecord({ sha256: coming }), 0);
    expect(await federation.hears('NL', hitOn(coming))).toMatchObject({
      mine: { holding: 'CASE-7' },
      other: { member: 'AU' },
    });

    expect(await federation.node('NL').api.removeHoldings({ label: 'CASE-8' })).toBe(1);
    expect(await filesThatHave(join(federation.home('NL'), 'holdings'), secret)).toEqual([]);
  });

  it('ends with equal views on all nodes, and rebuilding gives what following gave', async () => {
    await Promise.all(
      ['AU', 'US', 'NL', 'LYON'].flatMap((code) =>
        Array.from({ length: 20 }, () => federation.node(code).api.publish(aMediaRecord(), 0)),
      ),
    );
    const sizes = await federation
      .node('LYON')
      .api.status()
      .then(() => sizesEverywhere(federation));
    const views = await Promise.all(
      ['AU', 'US', 'NL', 'LYON'].map(async (code) => {
        await federation.sees(code, ({ logs }) => logs.every((log) => log.size >= (sizes.get(log.log) ?? 0)));
        for (const [log, size] of sizes)
          if (log !== 'registry') await viewsHave(federation, code, log, size - 1);
        return federation.node(code).api.views();
      }),
    );
    expect(new Set(views.map(({ viewsDigest }) => viewsDigest)).size).toBe(1);
    await federation.node('NL').api.rebuildViews();
    expect((await federation.node('NL').api.views()).viewsDigest).toBe(views[0]?.viewsDigest);
  });

  it('shows each author the receipts of all, on all that it has published', async () => {
    const { api } = federation.node('AU');
    await api.publish(aMediaRecord(), 0);
    const status = await federation.sees('AU', ({ logs }) => {
      const own = logs.find(({ member }) => member === 'AU');
      return own?.receipts.filter(({ size }) => size === own.size).length === 3;
    });
    const own = status.logs.find(({ member }) => member === 'AU');
    expect(own?.receipts.map(({ by }) => by)).toEqual(['LYON', 'NL', 'US']);
  });

  it('goes on between two countries with a stream of their own while Lyon is away', async () => {
    await federation.stop('LYON');
    const sha256 = random(32);
    await federation.node('AU').api.publish(aMediaRecord({ sha256 }), 0);
    await federation.node('NL').api.publish(aMediaRecord({ sha256 }), 0);
    await federation.hears('NL', ({ kind, hash }) => kind === 'hit' && hash === hex(sha256));
    await federation.hears('AU', ({ kind, hash }) => kind === 'hit' && hash === hex(sha256));
    await federation.start('LYON');
    await federation.sees(
      'LYON',
      ({ connections }) => connections.filter(({ state }) => state === 'live').length === 3,
    );
    const late = await federation.node('US').api.publish(aMediaRecord({ sha256 }), 0);
    await federation.hears('AU', ({ kind, hash, other }) => {
      return kind === 'hit' && hash === hex(sha256) && (other as { member?: string }).member === 'US';
    });
    expect(late.outcome).toBe('taken');
  });
});

/** Resolves when the node's views have followed a log past the index. */
async function viewsHave(federation: Federation, code: string, log: string, index: number): Promise<void> {
  for (;;) {
    const { at } = await federation.node(code).api.views();
    const [, size] = Object.entries(at).find(([name]) => name.endsWith(`/${log}`)) ?? ['', 0];
    if (size > index) return;
  }
}

/** The size of each log at its author. */
async function sizesEverywhere(federation: Federation): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const code of ['AU', 'US', 'NL', 'LYON']) {
    const { logs } = await federation.node(code).api.status();
    const own = logs.find(({ member }) => member === code);
    sizes.set(code, own?.size ?? 0);
  }
  return sizes;
}

/** Files below a folder in which the bytes stand, as they are or in hex. */
async function filesThatHave(folder: string, bytes: Uint8Array): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = await readFile(join(entry.parentPath, entry.name));
    if (content.includes(Buffer.from(bytes)) || content.includes(hex(bytes))) found.push(entry.name);
  }
  return found;
}
