import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { settleClaims } from '../../node/log/claimed-holes.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import type { Fate } from '../../node/log/purged-hole.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { CutSchema } from '../../proto/gen/icse/v1/registry_pb.js';
import {
  admit,
  aRegistry,
  entryOf,
  signer as hubSigner,
  log,
  reinstate,
  secretsOf,
  suspend,
} from '../registry/acts.js';
import { inNewerRelease } from '../statements/newer.js';
import { entryOf as recordOf, saidBy } from '../views/records.js';
import { segmentOf } from './logs.js';

const NL = log('NL');
const TODAY = 20_500;
const RECORDS = ['a', 'b', 'c', 'd', 'e', 'f'].map((word) => recordOf({ sha256: word }));
/** Stands at 6, and takes back 1. */
const RETRACTION = saidBy('NL', { retract: 'NL:1', reason: 'wrong-hash' });

/** NL's node with six records and what it said then, and another that has nothing yet. */
async function twoNodes(...said: Uint8Array[]) {
  const open = async () => {
    const store = createMemoryStore();
    const registry = await aRegistry([admit('NL')], store);
    const logs = await Logs.open(store, registry);
    return { registry, logs, copy: logs.get(NL) as Log };
  };
  const { copy: author } = await open();
  await author.append([...RECORDS, ...said], ed25519Signer(NL, secretsOf('NL').log));
  return { author, ...(await open()) };
}

/** What is missing and what is gone at a node that has got the whole log and settled what it was told. */
async function settled(fates: Iterable<readonly [number, Fate]>, ...said: Uint8Array[]) {
  const { author, logs, copy } = await twoNodes(...said);
  await author.purge(new Map(fates));
  await copy.extend(await segmentOf(author, 0));
  await settleClaims(logs, copy, TODAY);
  const indices = (holes: readonly { index: bigint }[]) => holes.map(({ index }) => Number(index));
  return { missing: indices(await copy.listDueHoles(100)), gone: indices(await copy.listPurged()) };
}

const by = (at: number, generation = 0): Fate => ({ kind: 'retracted', by: at, generation });

describe('a hole that a peer calls retracted', () => {
  it('is missing until the retraction is here, and gone from then on', async () => {
    const { author, logs, copy } = await twoNodes(RETRACTION);
    await author.purge(new Map([[1, by(6)]]));
    await copy.extend(await segmentOf(author, 0, 1e6, 6));
    await settleClaims(logs, copy, TODAY);
    expect([copy.holes, copy.purged]).toEqual([1, 0]);
    await copy.extend(await segmentOf(author, 6));
    await settleClaims(logs, copy, TODAY);
    expect([copy.holes, copy.purged]).toEqual([0, 1]);
  });

  it('is missing when what stands there takes something else back, or nothing', async () => {
    expect(
      await settled(
        [
          [2, by(6)],
          [3, by(5)],
          [4, by(99)],
          [5, by(6, 2)],
        ],
        RETRACTION,
      ),
    ).toEqual({
      missing: [2, 3, 4, 5],
      gone: [],
    });
  });

  it('is missing when what stands there is known to a newer release alone', async () => {
    const { author, logs, copy } = await twoNodes();
    await author.purge(new Map([[1, by(6)]]));
    await copy.extend(await segmentOf(author, 0));
    await copy.append([inNewerRelease(RETRACTION)], ed25519Signer(NL, secretsOf('NL').log));
    await settleClaims(logs, copy, TODAY);
    expect([copy.holes, copy.purged]).toEqual([1, 0]);
  });

  it('is gone by a retraction of a record id, which nobody can compare any more', async () => {
    const byId = saidBy('NL', { retract: '00000000-0000-4000-8000-000000000001', reason: 'duplicate' });
    expect(await settled([[2, by(6)]], byId)).toEqual({ missing: [], gone: [2] });
  });

  it('is missing again when a cut takes the retraction back, and gone again when the cut is lifted', async () => {
    const { author, registry, logs, copy } = await twoNodes(RETRACTION);
    await author.purge(new Map([[1, by(6)]]));
    await copy.extend(await segmentOf(author, 0));
    await settleClaims(logs, copy, TODAY);
    expect([copy.holes, copy.purged]).toEqual([0, 1]);
    const cutAt = async (size: number) =>
      create(CutSchema, { log: NL, size: BigInt(size), root: await copy.rootAt(size) });
    await registry.log.append([entryOf(suspend('NL', await cutAt(6)))], hubSigner());
    await settleClaims(logs, copy, TODAY);
    expect([copy.holes, copy.purged]).toEqual([1, 0]);
    await registry.log.append([entryOf(reinstate('NL', await cutAt(7)))], hubSigner());
    await settleClaims(logs, copy, TODAY);
    expect([copy.holes, copy.purged]).toEqual([0, 1]);
  });
});

describe('a hole that a peer calls expired', () => {
  it("is missing until this node's own clock says so too", async () => {
    const until = (keepUntilDay: number): Fate => ({ kind: 'expired', keepUntilDay });
    expect(
      await settled([
        [0, until(TODAY + 1)],
        [1, until(TODAY)],
        [2, until(TODAY - 1)],
      ]),
    ).toEqual({
      missing: [0, 1],
      gone: [2],
    });
  });
});
