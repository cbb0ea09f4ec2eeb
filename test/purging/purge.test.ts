// A purge of one node's logs and views that is cut short anywhere, and begun again.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHole } from '../../node/log/item.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { readSegment } from '../../node/log/read-segment.js';
import { LYON } from '../../node/names.js';
import { openTold } from '../../node/notices/told.js';
import { placesForPeers } from '../../node/purging/fates.js';
import { type PurgeSurroundings, purge } from '../../node/purging/purge.js';
import { hexText } from '../../node/statements/hex.js';
import { openLevelStore } from '../../node/store/level-store.js';
import type { LogStore } from '../../node/store/log-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { openViews, type Views } from '../../node/views/driver.js';
import { viewSourceOf } from '../../node/views/log-source.js';
import { HoleReason } from '../../proto/gen/icse/v1/exchange_pb.js';
import { filesWith } from '../federation/everything.js';
import { admit, aRegistry, log, secretsOf } from '../registry/acts.js';
import { inNewerRelease } from '../statements/newer.js';
import { entryOf, hashOf, saidBy } from '../views/records.js';

const NL = log('NL');
const DAY_MS = 86_400_000;
const TODAY = 20_500;
const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const;
/** Taken back, ended two days ago, ended yesterday, for good. */
const WORDS = ['wrong', 'old', 'ended', 'staying'] as const;

describe('a purge', () => {
  let directory: string;
  let store: LogStore;
  let viewsDb: ClassicLevel<Uint8Array, Uint8Array>;
  let toldDb: ClassicLevel<Uint8Array, Uint8Array>;
  let views: Views;
  let nl: Log;
  let around: PurgeSurroundings;
  let agree: boolean;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'icse-purge-'));
    store = await openLevelStore(join(directory, 'logs'));
    const logs = await Logs.open(store, await aRegistry([admit('NL')], store));
    nl = logs.get(NL) as Log;
    viewsDb = new ClassicLevel(join(directory, 'views'), BYTES);
    toldDb = new ClassicLevel(join(directory, 'told'), BYTES);
    await toldDb.open();
    const told = await openTold(toldDb);
    views = await openViews(viewsDb, viewSourceOf(logs), {
      today: () => TODAY,
      log: { info: () => {}, error: () => {} },
    });
    agree = true;
    around = {
      logs,
      store,
      views,
      told,
      progress: new MemoryLevel<string, string>(),
      signal: new AbortController().signal,
      now: () => TODAY * DAY_MS + 3_600_000,
      clocksAgree: () => agree,
      compareClocks: async () => {},
    };
    const entries = [
      entryOf({ sha256: 'wrong' }),
      entryOf({ sha256: 'old', keepUntilDay: TODAY - 2 }),
      entryOf({ sha256: 'ended', keepUntilDay: TODAY - 1 }),
      entryOf({ sha256: 'staying' }),
      saidBy('NL', { retract: 'NL:0', reason: 'wrong-hash' }),
    ];
    await nl.append(entries, ed25519Signer(NL, secretsOf('NL').log));
    const at = '2026-01-01T00:00:00.000Z';
    await told.tell([
      {
        id: new Uint8Array(32),
        body: {
          kind: 'hit',
          hash: hexText(hashOf('sha256', 'wrong').hash),
          algorithm: 'sha256',
          mine: { holding: null },
          other: { member: 'NL', index: 0 },
          at,
        },
      },
    ]);
    await views.settled();
  });
  afterEach(async () => {
    await views.close();
    await Promise.all([store.close(), viewsDb.close(), toldDb.close()]);
    await rm(directory, { recursive: true });
  });

  /** Of the records, those whose hash is in some file. */
  async function onDisk(): Promise<string[]> {
    const found: string[] = [];
    for (const word of WORDS) {
      if ((await filesWith(directory, hashOf('sha256', word).hash)).length > 0) found.push(word);
    }
    return found;
  }

  it('drops what was taken back, and what could be kept until the day before yesterday', async () => {
    expect(await onDisk()).toEqual(WORDS);
    expect(await purge(around)).toMatchObject({ retracted: 1, expired: 1, waiting: 0 });
    expect(await onDisk()).toEqual(['ended', 'staying']);
    expect((await nl.listPurged()).map(({ index, reason }) => [Number(index), reason])).toEqual([
      [0, HoleReason.RETRACTED],
      [1, HoleReason.EXPIRED],
    ]);
    const again = await purge(around);
    expect(again).toMatchObject({ retracted: 0, expired: 0 });
    expect(again.upTo.get(NL)).toBe(5);
  });

  it('goes on past what only a newer release knows, and drops that too when it has ended or is taken back', async () => {
    const newer = [
      inNewerRelease(entryOf({ sha256: 'newer' })),
      inNewerRelease(entryOf({ sha256: 'newer', keepUntilDay: TODAY - 2 })),
      inNewerRelease(entryOf({ sha256: 'newer' })),
      saidBy('NL', { retract: 'NL:7', reason: 'wrong-hash' }),
      inNewerRelease(saidBy('NL', { retract: 'NL:3', reason: 'wrong-hash' })),
    ];
    await nl.append(newer, ed25519Signer(NL, secretsOf('NL').log));
    await views.settled();
    const served = await placesForPeers(nl, 5, nl.size, around);
    expect(served.map(isHole)).toEqual([false, true, true, false, false]);
    expect(await purge(around)).toMatchObject({ retracted: 2, expired: 2, waiting: 0 });
    expect((await nl.read(5, nl.size)).map(isHole)).toEqual([false, true, true, false, false]);
    expect(await onDisk()).toEqual(['ended', 'staying']);
  });

  it('drops nothing for its age while clocks disagree, and says no more than it did', async () => {
    agree = false;
    const purged = await purge(around);
    expect(purged).toMatchObject({ retracted: 1, expired: 0, waiting: 1 });
    expect(purged.upTo.get(NL)).toBe(1);
    expect(await onDisk()).toEqual(['old', 'ended', 'staying']);
  });

  it('asks the views nothing once the node stops, and leaves no failure of theirs that nobody hears', async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', hear);
    try {
      await views.close();
      const signal = AbortSignal.abort(new Error('the node stops'));
      await expect(purge({ ...around, signal })).rejects.toThrow('the node stops');
      await new Promise((resolve) => setImmediate(resolve));
      expect(unheard).toEqual([]);
    } finally {
      process.off('unhandledRejection', hear);
    }
  });

  const steps: [string, () => Partial<PurgeSurroundings>][] = [
    [
      'before the bytes leave the log',
      () => ({ logs: replacing(around.logs, 'get', () => failing(nl, 'purge')) }),
    ],
    ['before notices are looked at', () => ({ told: failing(around.told, 'purge') })],
    ['before the files of the logs are renewed', () => ({ store: failing(store, 'scrub') })],
    ['before the files of the views are renewed', () => ({ views: failing(views, 'scrub') })],
    ['before the list is shortened', () => ({ views: failing(views, 'forgotten') })],
  ];
  it.each(steps)('that is cut short %s ends the same when it is begun again', async (_when, broken) => {
    await expect(purge({ ...around, ...broken() })).rejects.toThrow('cut short');
    await purge(around);
    expect(await onDisk()).toEqual(['ended', 'staying']);
    expect(await views.deadIn(NL, 0, 10)).toEqual([2]);
    expect(await around.told.read(1, 10)).toMatchObject([{ purged: true }]);
    expect([...(await around.told.read(1, 10))].some((notice) => 'hash' in notice)).toBe(false);
  });

  it('ends the same also when the views were built anew in between', async () => {
    await expect(purge({ ...around, store: failing(store, 'scrub') })).rejects.toThrow('cut short');
    await views.rebuild();
    await purge(around);
    expect(await onDisk()).toEqual(['ended', 'staying']);
  });

  it('need not have come: what is to be purged is served to nobody', async () => {
    const segment = await readSegment(nl, LYON, 0, 1e6, undefined, (from, to) =>
      placesForPeers(nl, from, to, around),
    );
    expect(segment?.entries.map((entry) => entry.length > 0)).toEqual([false, false, true, true, true]);
    expect(segment?.holes.map(({ reason, by, keepUntilDay }) => [reason, Number(by), keepUntilDay])).toEqual([
      [HoleReason.RETRACTED, 4, 0],
      [HoleReason.EXPIRED, 0, TODAY - 2],
    ]);
    expect((await nl.read(0, 1)).some(isHole)).toBe(false);
  });
});

/** The part with one of its methods failing. */
function failing<T extends object>(part: T, method: keyof T): T {
  return replacing(part, method, () => {
    throw new Error('cut short');
  });
}

/** The part with another method in the place of one. */
function replacing<T extends object>(part: T, method: keyof T, by: () => unknown): T {
  return new Proxy(part, {
    get(target, name) {
      if (name === method) return by;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
