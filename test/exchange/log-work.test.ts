import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { createLogWork, type LogWorkSurroundings } from '../../node/exchange/log-work.js';
import type { Session } from '../../node/exchange/session.js';
import type { Log } from '../../node/log/log.js';
import { Logs } from '../../node/log/logs.js';
import { readSegment } from '../../node/log/read-segment.js';
import { LYON, type MemberCode, parseMemberCode } from '../../node/names.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { appendLeaves, EMPTY_RANGE, rootOf } from '../../node/tlog/compact-range.js';
import { leafHash } from '../../node/tlog/hash.js';
import { ed25519Signer } from '../../node/tlog/note.js';
import {
  type Divergence,
  DivergenceSchema,
  FaultSchema,
  type Segment,
  SegmentSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
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
  const surroundings: LogWorkSurroundings = {
    logs,
    member: parseMemberCode('BE') as MemberCode,
    session: () => session,
    isOwn: () => false,
    recovering: () => false,
    headsHeard: () => {},
    forked: () => {},
    ownLogDiffers: () => {},
    filled: () => {},
    segment: (of, from, limit) => readSegment(of, parseMemberCode('BE'), from, 1e6, limit),
    places: (of, from, to) => of.read(from, to),
    taking: () => ({ took: () => {}, failed: () => {} }),
    warn: () => {},
    ...changes,
  };
  return { nl, logs, surroundings, work: createLogWork(surroundings) };
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

describe('a log that its author has forked, taken from somebody else while the peer was sending the other branch', () => {
  /** What NL signed for others: another fourth entry, and more than here. */
  const other = [...entries(3), ...entries(20, 3, 'other')];

  /** The log as it is here, 3 entries and then 11 more of one branch, and runs of the other that are under way. */
  async function underWay() {
    const asked: string[] = [];
    const forks: unknown[] = [];
    const talking = {
      provider: { peerHas: () => {} },
      consumer: { taken: () => {}, ask: (name: string) => asked.push(name), takes: () => true },
    } as unknown as Session;
    const { nl, work } = await works(3, {
      session: () => talking,
      forked: (fault) => forks.push(fault),
    });
    await nl.append(entries(11, 3), signer);
    const run = (from: number, to: number, changes: readonly Uint8Array[] = other.slice(from, to)) =>
      create(SegmentSchema, {
        log: NL,
        from: BigInt(from),
        entries: [...changes],
        checkpoint: noteOver(other.slice(0, to), signer),
      });
    return { nl, work, asked, forks, run };
  }

  it('is not held against the peer, which is asked what it has instead', async () => {
    const { nl, work, asked, run } = await underWay();
    await work.extend(NL, run(3, 15));
    await work.extend(NL, run(15, 18));
    await work.extend(NL, run(18, 20));
    expect(asked).toEqual([NL]);
    expect(nl.size).toBe(14);
  });

  it('is proven by what the peer answers', async () => {
    const { nl, work, forks, run } = await underWay();
    await work.extend(NL, run(3, 15));
    const relay = await works(3);
    await relay.nl.append(other.slice(3), signer);
    const said: Divergence[] = [];
    const answering = createLogWork({
      ...relay.surroundings,
      session: () =>
        ({
          provider: { compared: () => {} },
          say: ({ value }: { value: Divergence }) => said.push(value),
        }) as unknown as Session,
    });
    await answering.compare(NL, 14, nl.root);
    await work.diverged(said[0] as Divergence);
    expect(forks).toHaveLength(1);
    expect(nl.fault).toBeDefined();
  });

  it('gives nobody who alters a run another try', async () => {
    for (const altered of [entries(12, 3, 'forged'), [...entries(11, 3), ...entries(1, 14, 'forged')]]) {
      const { work, asked, run } = await underWay();
      await expect(work.extend(NL, run(3, 15, altered))).rejects.toMatchObject({ code: 'proof' });
      expect(asked).toEqual([]);
    }
  });
});

describe('a peer that has another log where ours ends, beyond our settled head', () => {
  const other = [...entries(3), ...entries(20, 3, 'other')];

  /** NL's log here: 3 settled, 7 on disk, under a checkpoint of 12; and the peer's answer to an Onward at 7. */
  async function asked(root: Uint8Array) {
    const warned: string[] = [];
    const { nl, work } = await works(3, { warn: (what) => warned.push(what) });
    const ours = await works(12);
    const segment = await readSegment(ours.nl, LYON, 3, 1e6, 7);
    await nl.extend(segment as Segment);
    const theirs = await works(3);
    await theirs.nl.append(other.slice(3), signer);
    const proven = await theirs.nl.proofFrom(7);
    const divergence = create(DivergenceSchema, { log: NL, size: 7n, root, ...proven });
    return { nl, warned, done: work.diverged(divergence) };
  }

  it('is not to blame when the author has signed both', async () => {
    const { nl, warned, done } = await asked(
      rootOf(appendLeaves(EMPTY_RANGE, other.slice(0, 7).map(leafHash))),
    );
    await done;
    expect(warned).toHaveLength(1);
    expect(nl.settled?.size).toBe(3);
  });

  it('is when the author has not', async () => {
    const { done } = await asked(new Uint8Array(32));
    await expect(done).rejects.toMatchObject({ code: 'proof' });
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
