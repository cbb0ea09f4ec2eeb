import { create } from '@bufbuild/protobuf';
import { MemoryLevel } from 'memory-level';
import { describe, expect, it } from 'vitest';
import type { Log } from '../node/log/log.js';
import { Logs } from '../node/log/logs.js';
import { readFill } from '../node/log/read-segment.js';
import { LYON } from '../node/names.js';
import { createMemoryStore } from '../node/store/memory-store.js';
import type { TextDatabase } from '../node/store/text-database.js';
import { ed25519Signer } from '../node/tlog/note.js';
import { afterUpgrade } from '../node/upgrade.js';
import { HoleReason, type Segment, SegmentSchema } from '../proto/gen/icse/v1/exchange_pb.js';
import { segmentOf } from './log/logs.js';
import { admit, aRegistry, log, secretsOf } from './registry/acts.js';
import { inNewerRelease } from './statements/newer.js';
import { entryOf as recordOf } from './views/records.js';

const NL = log('NL');
const [a, b] = ['a', 'b'].map((word) => recordOf({ sha256: word })) as [Uint8Array, Uint8Array];

const aDatabase = (): TextDatabase => new MemoryLevel({ keyEncoding: 'utf8', valueEncoding: 'utf8' });

async function logsOfANode(): Promise<{ logs: Logs; copy: Log }> {
  const store = createMemoryStore();
  const logs = await Logs.open(store, await aRegistry([admit('NL')], store));
  return { logs, copy: logs.get(NL) as Log };
}

/** A node that has taken three entries of NL's; the second is known to a newer release alone. */
async function withOneRefused() {
  const { copy: author } = await logsOfANode();
  await author.append([a, inNewerRelease(b), b], ed25519Signer(NL, secretsOf('NL').log));
  const { logs, copy } = await logsOfANode();
  await copy.extend(await segmentOf(author, 0));
  return { author, logs, copy };
}

const reasons = async (copy: Log) => (await copy.listDueHoles(10)).map(({ reason }) => reason);

describe('what an older release refused', () => {
  it('is missing when a newer one first starts, and only then', async () => {
    const { logs, copy } = await withOneRefused();
    const database = aDatabase();
    await afterUpgrade(database, 'icse-exchange/1', logs);
    expect(await reasons(copy)).toEqual([HoleReason.MISSING]);
    // As a peer sends it when it is asked.
    const asked = { log: NL, from: 1n, entries: [inNewerRelease(b)], fill: true };
    await copy.fill(create(SegmentSchema, asked));
    expect(await reasons(copy)).toEqual([HoleReason.REFUSED]);
    await afterUpgrade(database, 'icse-exchange/1', logs);
    expect(await reasons(copy)).toEqual([HoleReason.REFUSED]);
    await afterUpgrade(database, 'icse-exchange/2', logs);
    expect(await reasons(copy)).toEqual([HoleReason.MISSING]);
  });

  it('changes neither the log nor what is here of it', async () => {
    const { author, logs, copy } = await withOneRefused();
    await afterUpgrade(aDatabase(), 'icse-exchange/2', logs);
    expect([copy.size, copy.root, copy.holes]).toEqual([3, author.root, 1]);
    const segment = (await readFill(copy, LYON, 0, 3, 1e6)) as Segment;
    expect(segment.entries.map((entry) => entry.length > 0)).toEqual([true, false, true]);
  });
});
