import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { fillHoles } from '../../node/exchange/hole-filler.js';
import type { Link } from '../../node/exchange/link.js';
import type { Log } from '../../node/log/log.js';
import { HoleReason, HoleSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { log } from '../registry/acts.js';

const NL = log('NL');

/** What is asked for at these times, by the clock, of a log of 99 places that were refused and one that is missing. */
async function askedFor(...times: readonly number[]): Promise<unknown[]> {
  const holes = Array.from({ length: 100 }, (_, index) =>
    create(HoleSchema, {
      index: BigInt(index),
      reason: index < 99 ? HoleReason.REFUSED : HoleReason.MISSING,
    }),
  );
  const copy = {
    name: NL,
    dueHoles: 100,
    purged: 0,
    listDueHoles: async (limit: number) => holes.slice(0, limit),
  } as unknown as Log;
  const asked: unknown[] = [];
  const askFor = (_log: unknown, ranges: readonly unknown[]): void => void asked.push(...ranges);
  const link = { ended: false, session: { consumer: { askFor } } } as unknown as Link;
  const filler = fillHoles(
    () => [NL],
    async () => {},
    (error) => {
      throw error;
    },
  );
  for (const now of times) filler.tick(now, [copy], [link]);
  await filler.idle();
  return asked;
}

const MISSING = { from: 99, to: 100 };

it('bytes that are missing are asked for, however many were refused before them', async () => {
  expect(await askedFor(60_000)).toEqual([MISSING]);
});

it('bytes that are missing are asked for now and then, also when a clock that was ahead is set right', async () => {
  expect(await askedFor(60_000, 70_000, 90_000)).toEqual([MISSING, MISSING]);
  expect(await askedFor(3_600_000, 60_000)).toEqual([MISSING, MISSING]);
});
