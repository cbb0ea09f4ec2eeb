import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { fillHoles } from '../../node/exchange/hole-filler.js';
import type { Link } from '../../node/exchange/link.js';
import type { Log } from '../../node/log/log.js';
import { HoleReason, HoleSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { log } from '../registry/acts.js';

const NL = log('NL');

it('bytes that are missing are asked for, however many were refused before them', async () => {
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
  filler.tick(60_000, [copy], [link]);
  await filler.idle();
  expect(asked).toEqual([{ from: 99, to: 100 }]);
});
