// A node whose files were damaged while it was off. What the federation has comes back from there, what can be
// derived is derived again, and what is nowhere else is refused with one line that says what to do.

import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishedRecord } from '../../node/api.js';
import { type HomePaths, homePaths } from '../../node/home/layout.js';
import type { NamedHash } from '../../node/statements/hashes.js';
import { aFederation, aMediaRecord, type Federation, random } from '../federation/federation.js';
import { cutShort, flipBit, settleIntoTables } from './damage.js';

const TABLE = /\.ldb$/;
const WRITE_AHEAD_LOG = /\.log$/;
const MANIFEST = /^MANIFEST-/;

let federation: Federation;
let paths: HomePaths;
const published = new Map<number, NamedHash>();
const held: NamedHash = { algorithm: 'sha256', hash: random(32) };

beforeAll(async () => {
  federation = await aFederation({ countries: ['NL', 'AU'] });
  paths = homePaths(federation.home('NL'));
  await publish(600);
  await federation.node('NL').api.addHoldings([{ hashes: [held], label: 'CASE-7' }]);
});
afterAll(() => federation.close());

async function publish(count: number): Promise<PublishedRecord[]> {
  const { api } = federation.node('NL');
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const record = aMediaRecord();
      const answer = await api.publish(record, 0);
      published.set(answer.index, { algorithm: 'sha256', hash: record.sha256 });
      return answer;
    }),
  );
}

/** Everything that NL has published is found there, at its place. */
async function expectAll(): Promise<void> {
  const places = [...published.keys()];
  const find = async (): Promise<(number | undefined)[]> => {
    const answers = await federation.node('NL').api.lookup([...published.values()]);
    return answers.map(({ records }) => records[0]?.index);
  };
  await expect.poll(find, { timeout: 10_000, interval: 50 }).toEqual(places);
}

async function startReady(): Promise<void> {
  await federation.start('NL');
  await federation.sees('NL', ({ ready }) => ready);
}

/** The line that an operator reads. */
async function refusal(): Promise<{ code: string; message: string }> {
  const error = await federation.start('NL').then(
    () => undefined,
    (reason: { code: string; message: string }) => reason,
  );
  if (error === undefined) throw new Error('NL started in spite of the damage');
  expect(error.message).not.toContain('\n');
  return error;
}

function warnings(): string[] {
  return federation
    .logOf('NL')
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ message }) => message);
}

describe('damaged logs', () => {
  const cases: [string, () => Promise<void>][] = [
    ['a table cut short', () => cutShort(paths.logs, TABLE)],
    ['a table that is gone', () => removeTable(paths.logs)],
    ['a bit flipped in the write-ahead log', () => flipBit(paths.logs, WRITE_AHEAD_LOG)],
    ['a bit flipped in the manifest', () => flipBit(paths.logs, MANIFEST)],
    ['a manifest cut short', () => cutShort(paths.logs, MANIFEST)],
  ];

  it.each(cases)('are refused at the start, and come back from the federation: %s', async (_, damage) => {
    // Some in a write-ahead log, most in tables.
    await federation.stop('NL');
    await settleIntoTables(paths.logs);
    await startReady();
    for (let round = 0; round < 3; round++) await publish(2);
    const before = published.size;
    await federation.stop('NL');
    await damage();
    expect(await refusal()).toMatchObject({
      code: 'store-damaged',
      message: `the store in ${paths.logs} is damaged: move it away and start again; the node gets its logs back from the federation`,
    });
    await rename(paths.logs, `${paths.logs}.damaged`);
    await rename(paths.views, `${paths.views}.damaged`);
    await federation.start('NL');
    // Publishing waits until the log is back: nothing is signed twice.
    const [next] = await publish(1);
    expect(next?.index).toBe(before);
    await expectAll();
    const own = (code: string) =>
      federation.sees(code, ({ logs }) => logs.some(({ log, size }) => log === 'NL' && size === before + 1));
    for (const code of ['NL', 'AU', 'LYON']) await own(code);
    expect(federation.logOf('LYON').filter(({ event }) => event === 'forked')).toEqual([]);
    await rm(`${paths.logs}.damaged`, { recursive: true });
    await rm(`${paths.views}.damaged`, { recursive: true });
  });

  it('in a place that nobody reads at the start are told by whoever reads it', async () => {
    await federation.stop('NL');
    await settleIntoTables(paths.logs);
    await flipBit(paths.logs, TABLE);
    await startReady();
    const told = {
      code: 'views-failed',
      message: expect.stringContaining(`${paths.logs} is damaged: move it away`),
    };
    await expect(federation.node('NL').api.rebuildViews()).rejects.toMatchObject(told);
    expect(warnings().at(-1)).toContain('is damaged: move it away and start again');
    await federation.stop('NL');
    await rm(paths.logs, { recursive: true });
    await rm(paths.views, { recursive: true });
    await startReady();
    await expectAll();
  });
});

describe('damage beside the logs', () => {
  it('in the views is told, and they are built anew', async () => {
    await federation.stop('NL');
    await settleIntoTables(paths.views);
    await cutShort(paths.views, TABLE);
    await startReady();
    expect(warnings().find((line) => line.startsWith(paths.views))).toMatch(
      /views is damaged \(\d+\.ldb has \d+ bytes and not \d+\): the views are built anew$/,
    );
    await expectAll();
  });

  it('in what receipts and quotas are kept in is told, and it is begun anew', async () => {
    await federation.stop('NL');
    const state = join(paths.private, 'state');
    await settleIntoTables(state);
    await cutShort(state, TABLE);
    await startReady();
    expect(warnings().find((line) => line.includes('private/state'))).toMatch(
      /private\/state is damaged \(.*\): it is begun anew$/,
    );
    await publish(1);
    await federation.sees('NL', ({ logs }) =>
      logs.some(
        ({ log, size, receipts }) => log === 'NL' && receipts.some((receipt) => receipt.size === size),
      ),
    );
  });

  it('in the notices is refused, with the way out', async () => {
    const notices = join(paths.private, 'notices');
    await federation.stop('NL');
    await settleIntoTables(notices);
    await cutShort(notices, TABLE);
    const { code, message } = await refusal();
    expect(code).toBe('database-damaged');
    expect(message).toMatch(
      /notices is damaged \(.*\): move it away and start again; notices are then numbered from 1 again; `icse views rebuild` tells every hit anew$/,
    );
    await rm(notices, { recursive: true });
    await startReady();
    await federation.hears('NL', ({ sequence }) => sequence === 1);
  });

  it('in the holdings is refused, with the way out', async () => {
    await federation.stop('NL');
    await settleIntoTables(join(paths.holdings, '1'));
    await cutShort(join(paths.holdings, '1'), TABLE);
    const { code, message } = await refusal();
    expect(code).toBe('database-damaged');
    expect(message).toMatch(
      /holdings\/1 is damaged \(.*\): move it away and start again; holdings are nowhere else: restore them from a backup, or import their lists again$/,
    );
    await rm(paths.holdings, { recursive: true });
    await startReady();
    const count = await federation.node('NL').api.addHoldings([{ hashes: [held], label: 'CASE-7' }]);
    expect(count).toEqual({ taken: 1, known: 0 });
  });
});

async function removeTable(directory: string): Promise<void> {
  const name = (await readdir(directory)).find((file) => TABLE.test(file)) as string;
  await rm(join(directory, name));
}
