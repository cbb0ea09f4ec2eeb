import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { verifyFork } from '../../node/log/fork.js';
import { Logs } from '../../node/log/logs.js';
import { readSegment } from '../../node/log/read-segment.js';
import { LYON, type MemberCode } from '../../node/names.js';
import type { Registry } from '../../node/registry/registry.js';
import type { LogStore } from '../../node/store/log-store.js';
import { createMemoryStore } from '../../node/store/memory-store.js';
import { leafHash } from '../../node/tlog/hash.js';
import {
  type Fault,
  FaultSchema,
  HoleReason,
  HoleSchema,
  type Segment,
  SegmentSchema,
} from '../../proto/gen/icse/v1/exchange_pb.js';
import {
  admit,
  aRegistry,
  cut,
  entryOf,
  epoch,
  keysOf,
  log,
  openRegistry,
  ROOT,
  rotate,
  secretsOf,
  signer,
  suspend,
} from './acts.js';

async function segmentOf(registry: Registry, from = 0): Promise<Segment> {
  return (await readSegment(registry.log, LYON, from, 1e6)) as Segment;
}

const codes = (registry: Registry) => [...registry.state.members.keys()].sort();

describe('the registry on disk', () => {
  it('gives the same state to whoever has the same entries, also when it is opened again', async () => {
    const hub = await aRegistry([admit('NL'), admit('BE'), suspend('NL', cut('NL', 0))]);
    const store = createMemoryStore();
    const node = await openRegistry(store);
    await node.log.extend(await segmentOf(hub));
    expect(node.state).toEqual(hub.state);
    expect((await openRegistry(store)).state).toEqual(hub.state);
  });

  it('takes no hole', async () => {
    const hub = await aRegistry([admit('NL'), admit('BE')]);
    const segment = await segmentOf(hub);
    const hidden = segment.entries[1] as Uint8Array;
    const holed = create(SegmentSchema, {
      ...segment,
      entries: segment.entries.map((entry, index) => (index === 1 ? new Uint8Array(0) : entry)),
      holes: [create(HoleSchema, { index: 1n, leafHash: leafHash(hidden), reason: HoleReason.MISSING })],
    });
    const store = createMemoryStore();
    const node = await openRegistry(store);
    await expect(node.log.extend(holed)).rejects.toMatchObject({ code: 'bad-segment' });
    expect(node.log.size).toBe(0);
    await node.log.extend(segment);
    expect((await openRegistry(store)).state.members.size).toBe(3);
  });

  it('takes no act that its rules refuse, neither from its own hub nor from a peer', async () => {
    const hub = await aRegistry([admit('NL')]);
    const before = hub.state;
    await expect(hub.log.append([entryOf(admit('NL', 'NL again'))], signer())).rejects.toMatchObject({
      code: 'bad-registry-entry',
    });
    expect(hub.state).toBe(before);
    expect(hub.log.size).toBe(2);
    await hub.log.append([entryOf(admit('BE'))], signer());
    expect(codes(hub)).toEqual(['BE', 'LYON', 'NL']);
  });

  it('takes nothing that the hub has not signed', async () => {
    const thief = await openRegistry();
    await thief.log.append([admit(LYON), admit('NL')].map(entryOf), signer('thief'));
    const node = await openRegistry();
    await expect(node.log.extend(await segmentOf(thief))).rejects.toMatchObject({ code: 'bad-proof' });
    expect(node.state.size).toBe(0);
  });

  it('applies what it writes in the order in which it came', async () => {
    const hub = await aRegistry([admit('NL')]);
    const node = await openRegistry();
    const first = await segmentOf(hub);
    await hub.log.append([entryOf(admit('BE'))], signer());
    const second = await segmentOf(hub, 2);
    await Promise.all([node.log.extend(first), node.log.extend(second)]);
    expect(codes(node)).toEqual(['BE', 'LYON', 'NL']);
  });

  it('opens the logs that it comes to name', async () => {
    const hub = await aRegistry([admit('NL')]);
    const store = createMemoryStore();
    const node = await openRegistry(store);
    const logs = await Logs.open(store, node);
    await node.log.extend(await segmentOf(hub));
    await logs.opened();
    expect(logs.all().map((one) => one.name)).toEqual([log('LYON'), log('NL'), log('registry')]);
  });
});

describe('a log that does not open', () => {
  it('is told of, keeps no other from opening, and is tried again when the registry next changes', async () => {
    const hub = await aRegistry([admit('BE'), admit('NL')]);
    const store = createMemoryStore();
    const broken = new Set([log('BE')]);
    const damaged: LogStore = {
      ...store,
      head: (name) => (broken.has(name) ? Promise.reject(new Error('damaged')) : store.head(name)),
    };
    const node = await openRegistry(store);
    const logs = await Logs.open(damaged, node);
    const told: string[] = [];
    logs.onFailure((name, error) => told.push(`${name}: ${(error as Error).message}`));
    await node.log.extend(await segmentOf(hub));
    await logs.idle();
    expect(told).toEqual([`${log('BE')}: damaged`]);
    await expect(logs.opened()).rejects.toThrow('damaged');
    expect(logs.all().map((one) => one.name)).toEqual([log('LYON'), log('NL'), log('registry')]);
    broken.clear();
    await hub.log.append([entryOf(admit('FR'))], signer());
    await node.log.extend(await segmentOf(hub, 3));
    await logs.opened();
    expect(logs.get(log('BE'))?.size).toBe(0);
    expect(told).toHaveLength(1);
  });
});

describe('new keys of the hub', () => {
  const turn = () => rotate(LYON, 'LYON again', cut('LYON', 0), ROOT.secretKey);

  async function aRotatedHub(): Promise<Registry> {
    const hub = await aRegistry([admit('NL')]);
    await hub.log.append([entryOf(turn())], signer('LYON again'));
    return hub;
  }

  it('sign what comes after, and the old ones nothing any more', async () => {
    const hub = await aRotatedHub();
    const node = await openRegistry();
    await node.log.extend(await segmentOf(hub));
    await hub.log.append([entryOf(admit('BE'))], signer('LYON again'));
    await node.log.extend(await segmentOf(hub, 3));
    expect(codes(node)).toEqual(['BE', 'LYON', 'NL']);
    const old = await openRegistry();
    await old.log.extend(await segmentOf(hub));
    await hub.log.append([entryOf(admit('FR'))], signer('LYON'));
    await expect(old.log.extend(await segmentOf(hub, 4))).rejects.toMatchObject({ code: 'bad-proof' });
  });

  it('cannot be followed by acts under the keys that were given up', async () => {
    const hub = await aRegistry([admit('NL')]);
    const node = await openRegistry();
    await node.log.extend(await segmentOf(hub));
    // A thief of the old keys adds a member behind the genuine act of the root.
    await hub.log.append([turn(), admit('FR')].map(entryOf), signer('LYON'));
    await expect(node.log.extend(await segmentOf(hub, 2))).rejects.toMatchObject({ code: 'bad-proof' });
    expect(codes(node)).toEqual(['LYON', 'NL']);
  });

  it('let a node that is behind, or ahead, compare heads without blame', async () => {
    const hub = await aRegistry([admit('NL')]);
    const before = hub.log.checkpoint?.note as Uint8Array;
    const behind = await openRegistry();
    await behind.log.extend(await segmentOf(hub));
    await hub.log.append([entryOf(turn())], signer('LYON again'));
    expect(await behind.log.consider(hub.log.checkpoint?.note as Uint8Array)).toBeUndefined();
    expect(await hub.log.consider(before)).toBeUndefined();
    await behind.log.extend(await segmentOf(hub, 2));
    expect(behind.hubKeys.log).toEqual(secretsOf('LYON again').log.publicKey);
  });

  /** The registry's entries at [from, to), proven to its latest checkpoint. */
  async function runOf(registry: Registry, from: number, to: number): Promise<Segment> {
    return (await readSegment(registry.log, LYON, from, 1e6, to)) as Segment;
  }

  it("sign a run that ends before they are named, once the hub's hello has shown the word of the root", async () => {
    const hub = await aRegistry([admit('NL'), admit('BE')]);
    await hub.log.append([turn(), admit('FR')].map(entryOf), signer('LYON again'));
    const node = await openRegistry();
    const early = await runOf(hub, 0, 2);
    await expect(node.log.extend(early)).rejects.toMatchObject({ code: 'bad-proof' });
    node.hubShows(hub.rootSigned as Uint8Array);
    await node.log.extend(early);
    await node.log.extend(await runOf(hub, 2, 3));
    await node.log.extend(await segmentOf(hub, 3));
    expect(node.state).toEqual(hub.state);
  });

  it('sign no run any more once newer ones are shown, or in the run itself', async () => {
    const hub = await aRegistry([admit('NL')]);
    const second = entryOf(turn());
    const third = entryOf(rotate(LYON, 'LYON third', cut('LYON.2', 0), ROOT.secretKey));
    await hub.log.append([second], signer('LYON again'));
    const behind = await openRegistry();
    behind.hubShows(third);
    behind.hubShows(second);
    await expect(behind.log.extend(await runOf(hub, 0, 2))).rejects.toMatchObject({ code: 'bad-proof' });
    // A thief of the second keys follows the genuine third with an act of its own.
    await hub.log.append([third, entryOf(admit('FR'))], signer('LYON again'));
    const other = await openRegistry();
    other.hubShows(second);
    await expect(other.log.extend(await segmentOf(hub))).rejects.toMatchObject({ code: 'bad-proof' });
  });

  it('leave what the old ones signed to be compared: a fork before the change, and across it, is proven', async () => {
    const hub = await aRotatedHub();
    const twin = await aRegistry([admit('BE')]);
    const fault = (await hub.log.consider(twin.log.checkpoint?.note as Uint8Array)) as Fault;
    const other = await aRotatedHub();
    expect(verifyFork(other.log.name, (size) => other.keysAt(other.log.name, size), fault)).toEqual({
      first: 2,
      second: 3,
    });
    // With the keys that were given up nothing can be shown of what came after.
    await twin.log.append([admit('FR'), admit('US')].map(entryOf), signer());
    expect(await other.log.consider(twin.log.checkpoint?.note as Uint8Array)).toBeUndefined();
    expect(other.log.fault).toBeUndefined();
  });

  it('of a later registry leave a fork of the one before to be proven', async () => {
    const hub = await aRegistry([admit('NL')]);
    const first = hub.log;
    const twin = await aRegistry([admit('BE')]);
    const fault = create(FaultSchema, {
      log: first.name,
      first: first.checkpoint?.note as Uint8Array,
      second: twin.log.checkpoint?.note as Uint8Array,
    });
    await hub.beginEpoch();
    const check = () => verifyFork(first.name, (size) => hub.keysAt(first.name, size), fault);
    expect(check()).toEqual({ first: 2, second: 2 });
    await hub.log.append([epoch({ keys: keysOf('LYON again') })].map(entryOf), signer('LYON again', 2));
    expect(check()).toEqual({ first: 2, second: 2 });
  });

  it('are believed by the word of the root only while they are news', async () => {
    const hub = await aRegistry([admit('NL')]);
    const first = entryOf(turn());
    expect(hub.newHubKeys(first)?.session).toEqual(keysOf('LYON again').session);
    await hub.log.append([first], signer('LYON again'));
    await hub.log.append(
      [entryOf(rotate(LYON, 'LYON third', cut('LYON.2', 0), ROOT.secretKey))],
      signer('LYON third'),
    );
    expect(hub.newHubKeys(first)).toBeUndefined();
    const thief = secretsOf('x').log.secretKey;
    expect(hub.newHubKeys(entryOf(rotate(LYON, 'LYON fourth', cut('LYON.3', 0), thief)))).toBeUndefined();
    expect(hub.newHubKeys(entryOf(admit('BE')))).toBeUndefined();
  });
});

describe('an epoch', () => {
  it('begins the registry again, under keys that the root names', async () => {
    const hub = await aRegistry([admit('NL')]);
    const node = await openRegistry();
    await node.log.extend(await segmentOf(hub));
    await hub.beginEpoch();
    await hub.log.append(
      [epoch({ keys: keysOf('LYON again') }), admit('NL')].map(entryOf),
      signer('LYON again', 2),
    );
    await node.beginEpoch();
    expect(node.hubKeys.session).toEqual(keysOf('LYON').session);
    await node.log.extend(await segmentOf(hub));
    expect(node.state).toEqual(hub.state);
    expect(node.state.generation).toBe(2);
    expect(node.state.members.get('NL' as MemberCode)).toBeDefined();
  });

  it('that has begun here and has not arrived yet is still news: its keys open the next stream', async () => {
    const node = await aRegistry([admit('NL')]);
    const first = entryOf(epoch({ keys: keysOf('LYON again') }));
    expect(node.newHubKeys(first)?.session).toEqual(keysOf('LYON again').session);
    await node.beginEpoch();
    expect(node.newHubKeys(first)?.session).toEqual(keysOf('LYON again').session);
    await node.log.append([first], signer('LYON again', 2));
    expect(node.newHubKeys(first)).toBeUndefined();
  });

  it('is what is opened at the next start, also when one between was missed', async () => {
    const store = createMemoryStore();
    const hub = await aRegistry([admit('NL')], store);
    await hub.beginEpoch(3);
    await hub.log.append([entryOf(epoch({ previous: cut('registry.2', 5) }))], signer('LYON', 3));
    const again = await openRegistry(store);
    expect(again.state.generation).toBe(3);
    expect(again.state).toEqual(hub.state);
  });

  it('opens its log for those who follow all logs', async () => {
    const store = createMemoryStore();
    const node = await openRegistry(store);
    const logs = await Logs.open(store, node);
    await node.beginEpoch();
    await logs.opened();
    expect(logs.get(log('registry.2'))).toBe(node.log);
  });
});
