// The views are a function of the live entries: whatever happens in between (growth in any portions, cuts down
// and up, holes filled, days passing, restarts, rebuilds, purges), they end where a plain function of the logs ends.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_ENTRIES } from '../../node/views/jobs.js';
import { expectTheLeads, expectTheModel } from './expectations.js';
import { anAct, OPEN, perform, WORDS } from './happenings.js';
import type { RecordParts } from './records.js';
import { EAGER_BULK, Node, World } from './world.js';

describe('the views', () => {
  it('end where a plain function of the live entries ends, on every node', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anAct, { maxLength: 25 }), async (acts) => {
        const world = new World();
        const node = await Node.start(world, { bulk: EAGER_BULK, open: OPEN });
        const late = await Node.start(world.inReverse());
        try {
          for (const act of acts) {
            await perform(act, world, node);
            if (act.kind === 'settle') await expectTheModel(world, node);
          }
          await expectTheModel(world, node);
          await expectTheLeads(world, node);
          const followed = await node.viewsDigest();
          expect(await late.viewsDigest()).toBe(followed);
          expect(await node.rebuiltDigest()).toBe(followed);
          await expectTheLeads(world, node);
        } finally {
          await node.stop();
          await late.stop();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('take back and follow again more than one batch of entries', async () => {
    const world = new World();
    const node = await Node.start(world);
    const size = BATCH_ENTRIES * 2 + 10;
    const record = (i: number): RecordParts | undefined =>
      i % 7 === 0
        ? undefined
        : { sha256: WORDS[i % 3] as string, id: `${i % 50}`, keepUntilDay: i % 3 === 0 ? 100 : 0 };
    world.publish('NL', ...Array.from({ length: size }, (_, i) => record(i)));
    world.publish('AU', { sha256: 'b' });
    await expectTheModel(world, node);
    world.today += 1;
    await expectTheModel(world, node);
    world.cut('NL', 5);
    await expectTheModel(world, node);
    world.cut('NL', size);
    await expectTheModel(world, node);
    const followed = await node.viewsDigest();
    expect(await node.rebuiltDigest()).toBe(followed);
    await node.stop();
  });
});
