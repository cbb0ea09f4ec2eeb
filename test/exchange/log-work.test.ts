import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { createLogWork, type LogWorkSurroundings } from '../../node/exchange/log-work.js';
import type { Session } from '../../node/exchange/session.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { type MemberCode, parseMemberCode } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import { FaultSchema, SegmentSchema } from '../../proto/gen/icse/v1/exchange_pb.js';
import { entries, noteOver } from '../log/logs.js';
import { admit, aRegistry, entryOf, signer as hubSigner, log, secretsOf } from '../registry/acts.js';

const NL = log('NL');
const session = { provider: { peerHas: () => {} }, consumer: { taken: () => {} } } as unknown as Session;
const signer = ed25519Signer(NL, secretsOf('NL').log);

/** The works of a session with BE, on NL's log of so many entries. */
async function works(size: number, changes: Partial<LogWorkSurroundings> = {}) {
  const store = createMemoryStore();
  const logs = await Logs.open(store, await aRegistry([admit('NL'), admit('BE')], store));
  const nl = logs.get(NL) as Log;
  await nl.append(entries(size), signer);
  const work = createLogWork({
    logs,
    member: parseMemberCode('BE') as MemberCode,
    session: () => session,
    isOwn: () => false,
    recovering: () => false,
    headsHeard: () => {},
    forked: () => {},
    ownLogDiffers: () => {},
    filled: () => {},
    places: (of, from, to) => of.read(from, to),
    taking: () => ({ took: () => {}, failed: () => {} }),
    warn: () => {},
    ...changes,
  });
  return { nl, logs, work };
}

describe('entries of our own log that go beyond its end', () => {
  /** A run that ends at 9 under a checkpoint, sent to NL's own node, which has 3. */
  async function sent(checkpoint: Uint8Array) {
    const differing: string[] = [];
    const { work } = await works(3, {
      isOwn: () => true,
      ownLogDiffers: (_log, what) => differing.push(what),
    });
    const run = { log: NL, from: 3n, entries: entries(6, 3), checkpoint };
    const done = work.extend(NL, create(SegmentSchema, run));
    return { differing, done };
  }

  it('are a fault of the peer when we have not signed them, and stop nothing', async () => {
    const thief = ed25519Signer(NL, secretsOf('BE').log);
    for (const note of [new Uint8Array(0), noteOver(entries(9), thief), noteOver(entries(3), signer)]) {
      const { differing, done } = await sent(note);
      await expect(done).rejects.toMatchObject({ code: 'proof' });
      expect(differing).toEqual([]);
    }
  });

  it('stop publishing when we have: another node signs with our keys', async () => {
    const { differing, done } = await sent(noteOver(entries(9), signer));
    await done;
    expect(differing).toHaveLength(1);
  });
});

describe('a fault of a log that is not known here yet', () => {
  it('counts once the registry has come to name the log: it is told once a stream', async () => {
    const { logs, work } = await works(3);
    const FR = log('FR');
    const author = ed25519Signer(FR, secretsOf('FR').log);
    const notes = { first: noteOver(entries(4), author), second: noteOver(entries(4, 1), author) };
    await work.fault(create(FaultSchema, { log: FR, ...notes }));
    await logs.registry.log.append([entryOf(admit('FR'))], hubSigner());
    await logs.opened();
    await work.opened(FR);
    expect(logs.get(FR)?.fault).toBeDefined();
  });
});

describe('a checkpoint that a peer shows', () => {
  it("that is not its author's is blamed on the peer", async () => {
    const { work } = await works(3);
    const thief = ed25519Signer(NL, secretsOf('BE').log);
    await expect(work.consider(NL, noteOver(entries(2), thief))).rejects.toMatchObject({ code: 'proof' });
  });

  it('is not held against the peer when our own store fails', async () => {
    const { nl, work } = await works(3);
    nl.rootAt = () => Promise.reject(new Error('the disk is gone'));
    await expect(work.consider(NL, noteOver(entries(2), signer))).rejects.toMatchObject({ code: 'internal' });
  });
});
