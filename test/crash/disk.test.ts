// A node whose disk fills up, or fails, while it runs: publishing stops with words that say what to do, look-ups
// go on, and after a restart with room nothing that was acknowledged is missing anywhere.

import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishedRecord } from '../../node/api.js';
import { homePaths } from '../../node/home/layout.js';
import type { MediaRecord } from '../../proto/gen/icse/v1/entry_pb.js';
import { aFederation, aMediaRecord, type Federation } from '../federation/federation.js';
import { aDiskThatFails, aSmallDisk, type Disk } from './disks.js';

/** Records with the place at which the node acknowledged them. */
type Acknowledged = [MediaRecord, PublishedRecord][];

async function publishSome(federation: Federation, count: number): Promise<Acknowledged> {
  const { api } = federation.node('NL');
  const records = Array.from({ length: count }, () => aMediaRecord());
  return await Promise.all(
    records.map(async (record): Promise<Acknowledged[number]> => [record, await api.publish(record, 0)]),
  );
}

/** Publishes until the node refuses; returns what it acknowledged, and the refusal. */
async function publishUntilRefused(federation: Federation): Promise<[Acknowledged, Error]> {
  const acknowledged: Acknowledged = [];
  for (let round = 0; round < 1000; round++) {
    try {
      acknowledged.push(...(await publishSome(federation, 1)));
    } catch (error) {
      return [acknowledged, error as Error];
    }
  }
  throw new Error('publishing goes on as if there were room');
}

/** The places of the records at a node, by look-up. */
async function placesAt(
  federation: Federation,
  code: string,
  acknowledged: Acknowledged,
): Promise<(number | undefined)[]> {
  const hashes = acknowledged.map(([{ sha256 }]) => ({ algorithm: 'sha256' as const, hash: sha256 }));
  const answers = await federation.node(code).api.lookup(hashes);
  return answers.map(({ records }) => records.find(({ member }) => member === 'NL')?.index);
}

async function expectAllAt(federation: Federation, code: string, acknowledged: Acknowledged): Promise<void> {
  const indices = acknowledged.map(([, { index }]) => index);
  await expect
    .poll(() => placesAt(federation, code, acknowledged), { timeout: 10_000, interval: 50 })
    .toEqual(indices);
}

describe('a node whose disk', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'icse-disk-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function aFederationOn(mount: (place: string) => Disk | undefined) {
    const federation = await aFederation({ countries: ['AU'] });
    const disk = mount(federation.home('NL'));
    if (disk === undefined) await federation.close();
    return disk === undefined ? undefined : { federation, disk };
  }

  async function end(federation: Federation, disk: Disk): Promise<void> {
    await federation.stop('NL').catch(() => {});
    disk.unmount();
    await federation.close();
  }

  it('is full stops publishing and says so, answers look-ups, and goes on when there is room', async ({
    skip,
  }) => {
    const made = await aFederationOn((place) => aSmallDisk(place, 16));
    if (made === undefined) return skip('a tmpfs cannot be mounted here');
    const { federation, disk } = made;
    try {
      await federation.welcome('NL');
      const before = await publishSome(federation, 300);
      await expectAllAt(federation, 'NL', before);
      disk.fill();
      const [more, error] = await publishUntilRefused(federation);
      expect(error).toMatchObject({ code: 'store-unwritable' });
      expect(error.message).toBe(
        `cannot write to ${homePaths(federation.home('NL')).logs}: check that its disk has room and is writable, then start the node again`,
      );
      // Once refused, always refused, until it is started again.
      disk.makeRoom();
      expect((await publishUntilRefused(federation))[0]).toEqual([]);
      await expectAllAt(federation, 'NL', before);
      await federation.stop('NL');
      await federation.start('NL');
      await federation.sees('NL', ({ ready }) => ready);
      const after = await publishSome(federation, 10);
      for (const code of ['NL', 'AU', 'LYON'])
        await expectAllAt(federation, code, [...before, ...more, ...after]);
    } finally {
      await end(federation, disk);
    }
  });

  it('is full at the start does not start, and says which and why', async ({ skip }) => {
    const made = await aFederationOn((place) => aSmallDisk(place, 16));
    if (made === undefined) return skip('a tmpfs cannot be mounted here');
    const { federation, disk } = made;
    try {
      await federation.welcome('NL');
      await federation.stop('NL');
      disk.fill();
      await expect(federation.start('NL')).rejects.toMatchObject({
        code: 'store-unwritable',
        message: expect.stringContaining('check that its disk has room and is writable'),
      });
      disk.makeRoom();
      await federation.start('NL');
      await federation.sees('NL', ({ ready }) => ready);
    } finally {
      await end(federation, disk);
    }
  });

  it('turns read-only stops publishing and says so, answers look-ups, and goes on elsewhere', async ({
    skip,
  }) => {
    const made = await aFederationOn((place) => aDiskThatFails(place, join(directory, 'disk'), 32));
    if (made === undefined) return skip('a disk in a file cannot be mounted here');
    const { federation, disk } = made;
    let isMounted = true;
    try {
      await federation.welcome('NL');
      const before = await publishSome(federation, 300);
      await expectAllAt(federation, 'NL', before);
      disk.turnReadOnly();
      const [more, error] = await publishUntilRefused(federation);
      expect(error).toMatchObject({ code: 'store-unwritable' });
      expect(error.message).toContain('check that its disk has room and is writable');
      await expectAllAt(federation, 'NL', before);
      await federation.stop('NL').catch(() => {});
      await expect(federation.start('NL')).rejects.toMatchObject({ code: 'store-unwritable' });
      // A home with its keys, on another disk.
      const { home } = homePaths(federation.home('NL'));
      await copyHome(home, join(directory, 'copy'));
      disk.unmount();
      isMounted = false;
      await copyHome(join(directory, 'copy'), home);
      await federation.start('NL');
      await federation.sees('NL', ({ ready }) => ready);
      for (const code of ['NL', 'AU', 'LYON']) await expectAllAt(federation, code, [...before, ...more]);
    } finally {
      if (isMounted) await end(federation, disk);
      else await federation.close();
    }
  });
});

async function copyHome(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  await cp(from, to, { recursive: true });
}
