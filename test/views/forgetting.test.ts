// What the views still hold of entries that are dead, and that nothing of it is left when they have been purged.

import { describe, expect, it } from 'vitest';
import { hexText } from '../../node/statements/hex.js';
import { SORTER_HERE } from '../../node/views/bulk-sorter.js';
import { filesWith } from '../federation/everything.js';
import { builtThread } from './built-thread.js';
import { hashOf, type RecordParts, saidBy } from './records.js';
import { EAGER_BULK, Node, World } from './world.js';

/** A record with two hashes that nobody else has. */
function alone(i: number): RecordParts {
  return { sha256: `alone ${i}`, md5: `alone ${i}`, id: `alone ${i}` };
}

/** What the index has of a record's hashes: their first bytes. */
function prefixes(i: number): Uint8Array[] {
  return [hashOf('sha256', `alone ${i}`), hashOf('md5', `alone ${i}`)].map(({ hash }) => hash.subarray(0, 8));
}

async function remains(node: Node, dead: readonly number[]): Promise<string[]> {
  const found: string[] = [];
  for (const i of dead) {
    for (const bytes of [hashOf('sha256', `alone ${i}`).hash, ...prefixes(i)]) {
      if ((await filesWith(node.directory, bytes)).length > 0) found.push(`${i} ${hexText(bytes)}`);
    }
  }
  return found;
}

describe('records that were followed in bulk', () => {
  const RECORDS = 600;
  const DEAD = [0, 1, 2, 3, 15, 16, 17, 250, 599, ...Array.from({ length: 40 }, (_, i) => 300 + i)];

  it.each([
    ['here', async () => SORTER_HERE],
    ['on a thread', builtThread],
  ])(
    'leave nothing in packs, sorted runs, rows and files, and others are found: %s',
    async (_where, sorter) => {
      const world = new World();
      const node = await Node.start(world, { bulk: { ...EAGER_BULK, most: 160 }, sorter: await sorter() });
      world.publish('NL', ...Array.from({ length: RECORDS }, (_, i) => alone(i)));
      await node.views.settled();
      world.publish('NL', ...DEAD.map((i) => saidBy('NL', { retract: `NL:${i}`, reason: 'wrong-hash' })));
      const before = await node.viewsDigest();
      expect(await remains(node, [0, 300])).not.toEqual([]);
      await node.purge();
      await node.views.scrub();
      expect(await remains(node, DEAD)).toEqual([]);
      expect(await node.viewsDigest()).toBe(before);
      const hashes = Array.from({ length: RECORDS }, (_, i) => hashOf('md5', `alone ${i}`));
      const found = (await node.views.lookup(hashes)).map((records) => records.length);
      expect(found).toEqual(hashes.map((_hash, i) => (DEAD.includes(i) ? 0 : 1)));
      // Blocks without rows are merged like any others.
      world.publish('NL', ...Array.from({ length: 3 * RECORDS }, (_, i) => alone(RECORDS + i)));
      const grown = await node.viewsDigest();
      await node.restart();
      expect(await node.viewsDigest()).toBe(grown);
      expect(await node.rebuiltDigest()).toBe(grown);
      await node.stop();
    },
  );

  it('leave nothing either when all of a run goes, and may come again', async () => {
    const world = new World();
    const node = await Node.start(world, { bulk: EAGER_BULK });
    world.publish('NL', ...Array.from({ length: 96 }, (_, i) => ({ ...alone(i), keepUntilDay: 100 })));
    await node.views.settled();
    world.today = 101;
    await node.purge();
    await node.views.scrub();
    expect(await remains(node, [0, 50, 95])).toEqual([]);
    world.publish('AU', ...Array.from({ length: 96 }, (_, i) => alone(i)));
    await node.views.settled();
    const found = await node.views.lookup(
      Array.from({ length: 96 }, (_, i) => hashOf('sha256', `alone ${i}`)),
    );
    expect(found.map((records) => records.map(({ member }) => member).join())).toEqual(
      Array.from({ length: 96 }, () => 'AU'),
    );
    await node.stop();
  });

  it('can be looked up while the files are renewed', async () => {
    const world = new World();
    const node = await Node.start(world, { bulk: EAGER_BULK });
    world.publish('NL', ...Array.from({ length: 64 }, (_, i) => alone(i)));
    await node.views.settled();
    let renewed = false;
    const renewing = node.views.scrub().then(() => {
      renewed = true;
    });
    let asked = 0;
    while (!renewed) {
      const [records] = await node.views.lookup([hashOf('sha256', `alone ${asked++ % 64}`)]);
      expect(records).toHaveLength(1);
      world.publish('NL', alone(100 + asked));
      node.views.wake();
    }
    await renewing;
    expect(asked).toBeGreaterThan(1);
    await node.views.settled();
    await node.stop();
  });
});
