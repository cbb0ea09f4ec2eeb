// The thread that sorts out long logs, as it is built: what it gives is what the same function gives here.

import { expect, it } from 'vitest';
import type { BulkSorter } from '../../node/views/bulk.js';
import { logNumber, type MemberNumber } from '../../node/views/position.js';
import { type Stretch, sortOut } from '../../node/views/sort-out.js';
import { entryOf } from './records.js';

const BUILT = new URL('../../dist/node/views/bulk-thread.js', import.meta.url).href;

function aStretch(): Stretch {
  const entries = Array.from({ length: 64 }, (_, i) =>
    i === 7 ? new Uint8Array(0) : entryOf({ sha256: `cat ${i % 60}`, md5: `${i}`, keepUntilDay: i % 3 }),
  );
  const lengths = Uint32Array.from(entries, ({ length }) => length);
  const log = logNumber('\0\x01' as MemberNumber, 1);
  return { log, from: 5, day: 1, bytes: new Uint8Array(Buffer.concat(entries)), lengths };
}

it('the thread tells the same records apart, and makes the same run and packs', async () => {
  const { bulkThread } = (await import(BUILT)) as { bulkThread: () => BulkSorter };
  const thread = bulkThread();
  const here = sortOut(aStretch(), []);
  for (const filters of [[], [here.run.filter]]) {
    const there = await thread.sort(aStretch(), filters);
    const expected = sortOut(aStretch(), filters);
    expect([...there.fates]).toEqual([...expected.fates]);
    expect(Buffer.from(there.run.rows)).toEqual(Buffer.from(expected.run.rows));
    expect(there.run.fences).toEqual(expected.run.fences);
    expect(Buffer.from(there.packs)).toEqual(Buffer.from(expected.packs));
    expect(there.expiring).toEqual(expected.expiring);
  }
  expect(here.run.fences.length).toBeGreaterThan(0);
});
