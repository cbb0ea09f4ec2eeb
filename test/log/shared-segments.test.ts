import { describe, expect, it } from 'vitest';
import { isHole, type LogItem } from '../../node/log/item.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { sharedSegments } from '../../node/log/shared-segments.js';
import { segmentItems, verifySegment } from '../../node/log/verify-segment.js';
import { LYON, parseMemberCode } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { EMPTY_RANGE } from '../../node/tlog/compact-range.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import type { Segment } from '../../proto/gen/icse/v1/exchange_pb.js';
import { someRecords } from '../exchange/records.js';
import { aSealedEntry } from '../exchange/sealed-entries.js';
import { admit, aRegistry, log, secretsOf } from '../registry/acts.js';

const [BE, FR, NL] = ['BE', 'FR', 'NL'].map(parseMemberCode);

/** NL's log of two records and what else, and its runs; `reads` counts how often its places were read. */
async function runs(sealedFor: readonly string[] = []) {
  const store = createMemoryStore();
  const logs = await Logs.open(store, await aRegistry([admit('NL'), admit('BE'), admit('FR')], store));
  const nl = logs.get(log('NL')) as Log;
  const sealed = sealedFor.map((to) => aSealedEntry(logs.registry.state, { from: 'NL', to: [to] }));
  const signer = ed25519Signer(nl.name, secretsOf('NL').log);
  await nl.append([...someRecords(2), ...sealed], signer);
  const reads = { count: 0 };
  const segment = sharedSegments(1e6, (of) => (from, to) => {
    reads.count++;
    return of.read(from, to);
  });
  const toAll = (): Promise<(Segment | undefined)[]> =>
    Promise.all([BE, FR, LYON, NL].map((reader) => segment(nl, reader as typeof LYON, 0, undefined)));
  return { nl, signer, reads, segment, toAll };
}

const shapeOf = (segment: Segment | undefined): string[] =>
  segmentItems(segment as Segment).map((item: LogItem) => (isHole(item) ? 'hole' : 'bytes'));

describe('a run that all ask for at the same moment', () => {
  it('is read once and is the same message for all', async () => {
    const { nl, reads, toAll } = await runs();
    const [first, ...others] = await toAll();
    expect(reads.count).toBe(1);
    for (const other of others) expect(other).toBe(first);
    const keys = [secretsOf('NL').log.publicKey];
    expect(verifySegment(nl.name, EMPTY_RANGE, first as Segment, keys)?.items).toHaveLength(2);
  });

  it('keeps sealed bytes from those for whom they are not', async () => {
    const { toAll } = await runs(['BE', 'FR']);
    expect((await toAll()).map(shapeOf)).toEqual([
      ['bytes', 'bytes', 'bytes', 'hole'],
      ['bytes', 'bytes', 'hole', 'bytes'],
      ['bytes', 'bytes', 'bytes', 'bytes'],
      ['bytes', 'bytes', 'bytes', 'bytes'],
    ]);
  });

  it('is read anew once the log has grown, though the first is still being read', async () => {
    const { nl, signer, segment } = await runs();
    const before = segment(nl, LYON, 0, undefined);
    await nl.append(someRecords(1), signer);
    const after = await segment(nl, LYON, 0, undefined);
    expect(after?.entries).toHaveLength(3);
    expect((await before)?.entries).toHaveLength(2);
  });
});
